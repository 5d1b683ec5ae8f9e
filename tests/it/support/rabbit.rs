//! RabbitMQ for a test: the suite's own server, under a prefix of the test's, over a line that can be cut.

use std::net::SocketAddr;
use std::time::Duration;

use lapin::{Channel, Connection, ConnectionProperties};
use till::clients::broker::{RabbitMq, Subscription, Topology};
use till::domain::ambient::Ambient;
use url::Url;

use super::line::Line;

/// Names the server; `make test` starts one.
const URL: &str = "TILL_TEST_AMQP_URL";

pub struct Rabbit {
    pub line: Line,
    pub prefix: String,
}

#[expect(clippy::disallowed_methods, reason = "the test binary has no config")]
pub fn setting(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// The same URL with another address in it.
pub fn through(url: &str, address: SocketAddr) -> String {
    let mut url = Url::parse(url).unwrap();
    url.set_host(Some(&address.ip().to_string())).unwrap();
    url.set_port(Some(address.port())).unwrap();
    url.to_string()
}

/// Where a URL leads.
pub fn target(url: &str) -> SocketAddr {
    let url = Url::parse(url).unwrap();
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap()).parse().unwrap()
}

impl Rabbit {
    pub async fn reached() -> Self {
        let rabbit = Self::away().await;
        rabbit.line.open().await;
        rabbit
    }

    /// Nobody reaches it before the line is opened.
    pub async fn away() -> Self {
        let line = Line::closed(target(&setting(URL))).await;
        Self { line, prefix: format!("till_test_{}", Ambient::system().uuid().simple()) }
    }

    pub fn url(&self) -> String {
        through(&setting(URL), self.line.address)
    }

    /// The broker as the worker sees it, with waits that suit a test.
    pub fn broker(&self, subscriptions: Vec<Subscription>) -> RabbitMq {
        let topology =
            Topology::new(&self.prefix, subscriptions).with_delays(vec![Duration::from_millis(50)]);
        RabbitMq::new(self.url().into(), topology)
    }

    /// A channel past the line, to look and meddle.
    pub async fn channel(&self) -> (Connection, Channel) {
        let properties = ConnectionProperties::default();
        let connection = Connection::connect(&setting(URL), properties).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }
}
