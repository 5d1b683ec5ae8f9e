//! Waits until the private server answers and holds the database `till`; the only SQL outside `store`, since it administers the server itself.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::time::{Instant, sleep, timeout_at};

use super::Created;
use super::error::EmbeddedError;
use super::place::Place;
use super::server::Server;

const POLL: Duration = Duration::from_millis(20);

/// Returns once the database can be used, or as soon as the server has ended.
pub(super) async fn wait_until_ready(
    place: &Place,
    server: &Server,
    within: Duration,
) -> Result<Created, EmbeddedError> {
    let deadline = Instant::now() + within;
    tokio::select! {
        exited = server.exited() => Err(exited),
        ready = timeout_at(deadline, prepare(place)) => match ready {
            Ok(prepared) => prepared.map_err(EmbeddedError::Database),
            Err(_elapsed) => {
                Err(EmbeddedError::NotReady { seconds: within.as_secs(), log: server.last_words() })
            }
        },
    }
}

async fn prepare(place: &Place) -> Result<Created, sqlx::Error> {
    let options = PgConnectOptions::from_str(&place.url("postgres"))?.disable_statement_logging();
    let mut connection = connect(&options).await;
    let created = create_database(&mut connection).await?;
    connection.close().await?;
    Ok(created)
}

/// While the server starts or recovers every refusal means "not yet"; the caller limits the time.
async fn connect(options: &PgConnectOptions) -> PgConnection {
    loop {
        match PgConnection::connect_with(options).await {
            Ok(connection) => return connection,
            Err(error) => {
                tracing::trace!(%error, "the private Postgres is not ready yet");
                sleep(POLL).await;
            }
        }
    }
}

async fn create_database(connection: &mut PgConnection) -> Result<Created, sqlx::Error> {
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'till')")
            .fetch_one(&mut *connection)
            .await?;
    if exists {
        return Ok(Created::Before);
    }
    sqlx::query("CREATE DATABASE till").execute(connection).await?;
    Ok(Created::Now)
}
