//! Redis for a test: the suite's own server over a line that can be cut, or a server of the test's alone; always under a
//! prefix that nobody else has.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{Client, Value, cmd};
use secrecy::SecretString;
use till::clients::redis::Redis;
use till::clients::redis::cache::RedisTier;
use till::domain::ambient::Ambient;
use till::resilience::cache::tier::CacheTier;
use tokio::process::{Child, Command};
use tokio::time::interval;

use super::line::{Line, free_address};
use super::rabbit::{setting, target, through};

/// Names the suite's server; `make test` starts one.
const URL: &str = "TILL_TEST_REDIS_URL";

pub fn prefix() -> String {
    format!("till_test_{}:", Ambient::system().uuid().simple())
}

/// The suite's server.
pub struct SharedRedis {
    pub line: Line,
    prefix: String,
}

impl SharedRedis {
    pub async fn reached() -> Self {
        let line = Line::closed(target(&setting(URL))).await;
        line.open().await;
        Self { line, prefix: prefix() }
    }

    /// What one instance has of it.
    pub fn tier(&self) -> Arc<dyn CacheTier> {
        tier(&through(&setting(URL), self.line.address), &self.prefix)
    }
}

/// A tier as one instance has it.
pub fn tier(url: &str, prefix: &str) -> Arc<dyn CacheTier> {
    // Longer than an answer takes on a busy machine.
    let bound = Duration::from_secs(2);
    let redis = Redis::new(&SecretString::from(url), prefix, bound).unwrap();
    Arc::new(RedisTier::new(redis, &Ambient::system()))
}

/// A server that the test may do anything to; it ends with the test.
pub struct OwnRedis {
    address: SocketAddr,
    prefix: String,
    _server: Child,
}

impl OwnRedis {
    pub async fn start(settings: &[&str]) -> Self {
        let address = free_address().await;
        let port = address.port().to_string();
        let folder = std::env::temp_dir().join(format!("till-redis-{port}"));
        std::fs::create_dir_all(&folder).unwrap();
        let server = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(&folder)
            .args(settings)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let redis = Self { address, prefix: prefix(), _server: server };
        let mut looks = interval(Duration::from_millis(10));
        while redis.connection().await.is_none() {
            looks.tick().await;
        }
        redis
    }

    pub fn tier(&self) -> Arc<dyn CacheTier> {
        tier(&self.url(), &self.prefix)
    }

    /// Gives a command and takes whatever is answered.
    pub async fn run(&self, words: &[&str]) -> Value {
        let mut connection = self.connection().await.unwrap();
        let (name, arguments) = words.split_first().unwrap();
        cmd(name).arg(arguments).query_async(&mut connection).await.unwrap()
    }

    async fn connection(&self) -> Option<MultiplexedConnection> {
        Client::open(self.url()).unwrap().get_multiplexed_async_connection().await.ok()
    }

    fn url(&self) -> String {
        format!("redis://{}", self.address)
    }
}
