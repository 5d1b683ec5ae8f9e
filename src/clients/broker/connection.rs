//! A connection to RabbitMQ that is made again for ever; what is done over it is the caller's.

use std::time::Duration;

use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::topology::Topology;

/// Longest time to be connected and to have everything declared.
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);
/// Seconds between two signs of life, unless the address says otherwise: a line that died in silence is noticed
/// after two of them.
const HEARTBEAT: u16 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Why a connection is over, or was never there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("AMQP_URL: {0}")]
    Address(String),
    #[error("{0}")]
    Broker(#[from] lapin::Error),
    #[error("no answer in time")]
    Silent,
    /// The stream of deliveries or events ended.
    #[error("the connection ended")]
    Ended,
}

/// Where the broker is and what there is at it.
#[derive(Debug)]
pub(super) struct Address {
    pub url: SecretString,
    pub topology: Topology,
}

impl Address {
    async fn connect(&self, name: &str) -> Result<Connection, Broken> {
        let mut uri: AMQPUri = self.url.expose_secret().parse().map_err(Broken::Address)?;
        uri.query.heartbeat = uri.query.heartbeat.or(Some(HEARTBEAT));
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connected = async {
            let connection = Connection::connect_uri(uri, properties).await?;
            let channel = connection.create_channel().await?;
            self.topology.declare(&channel).await?;
            channel.close(200, "declared".into()).await?;
            Ok(connection)
        };
        timeout(CONNECTED_WITHIN, connected).await.unwrap_or(Err(Broken::Silent))
    }

    /// Connects, serves the connection until it breaks, and again, until the service says that it is over.
    pub(super) async fn serve_for_ever<F>(
        &self,
        name: &str,
        stop: &CancellationToken,
        serve: impl Fn(Connection) -> F,
    ) where
        F: Future<Output = Result<(), Broken>>,
    {
        let mut failures: u32 = 0;
        loop {
            let ended = match stop.run_until_cancelled(self.connect(name)).await {
                None => return,
                Some(Err(broken)) => Err(broken),
                Some(Ok(connection)) => {
                    tracing::info!(name, failures, "connected to the broker");
                    failures = 0;
                    serve(connection).await
                }
            };
            let Err(broken) = ended else { return };
            // Told when it begins to fail, not at every try.
            if failures == 0 {
                let error: &dyn std::error::Error = &broken;
                tracing::warn!(name, error, "the broker is away; trying again until it is back");
            }
            let pause = FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE);
            failures = failures.saturating_add(1);
            if stop.run_until_cancelled(sleep(pause)).await.is_none() {
                return;
            }
        }
    }
}
