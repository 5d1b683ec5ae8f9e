//! The production programs as processes of their own, over a database, a queue prefix and lines of the test's.

use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretSlice};
use serde_json::{Value, json};
use till::config::RootKey;
use till::sandbox::Settings;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::db::database;
use super::line::{Line, free_address};
use super::rabbit::{Rabbit, setting, target, through};
use super::smtp::SmtpSink;
use crate::sandbox::support::{Folder, Sandbox};

/// 32 bytes that are nobody's.
pub const SECRET_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
pub const PASSWORD: &str = "correct horse battery";

/// What all processes of a test share.
pub struct Deployment {
    pub pool: sqlx::PgPool,
    pub postgres: Line,
    pub redis: Line,
    pub rabbit: Rabbit,
    pub sink: SmtpSink,
    pub sandbox: Sandbox,
    folder: Folder,
    /// The same for all, as behind a balancer.
    public_url: String,
}

impl Deployment {
    /// Everything is there.
    pub async fn up() -> Self {
        let deployment = Self::down().await;
        deployment.postgres.open().await;
        deployment.redis.open().await;
        deployment.rabbit.line.open().await;
        deployment
    }

    /// Every line is closed; the database is migrated.
    pub async fn down() -> Self {
        let folder = Folder::new();
        Self {
            pool: database().await,
            postgres: Line::closed(target(&setting("TILL_TEST_DATABASE_URL"))).await,
            redis: Line::closed(target(&setting("TILL_TEST_REDIS_URL"))).await,
            rabbit: Rabbit::away().await,
            sink: SmtpSink::start().await,
            sandbox: gateway().await,
            folder,
            public_url: format!("http://{}", free_address().await),
        }
    }

    pub async fn api(&self) -> Process {
        self.api_with(&[]).await
    }

    /// With these settings beside the usual.
    pub async fn api_with(&self, settings: &[(&str, String)]) -> Process {
        self.start(&mut Command::new(env!("CARGO_BIN_EXE_api")), settings).await
    }

    pub async fn worker(&self) -> Process {
        self.worker_with(&[]).await
    }

    pub async fn worker_with(&self, settings: &[(&str, String)]) -> Process {
        self.start(&mut Command::new(env!("CARGO_BIN_EXE_worker")), settings).await
    }

    /// A sandbox gateway that is a program of its own.
    pub async fn gateway_with(&self, settings: &[(&str, String)]) -> Process {
        self.start(Command::new(env!("CARGO_BIN_EXE_till")).arg("gateway"), settings).await
    }

    /// `till up` over this database, with nothing else that is not its own.
    pub async fn till_up(&self) -> Process {
        let gateway = free_address().await;
        let settings = [
            ("REDIS_URL", String::new()),
            ("AMQP_URL", String::new()),
            ("SMTP_URL", String::new()),
            ("TILL_GATEWAY_LISTEN", gateway.to_string()),
            ("TILL_GATEWAY_URL", format!("http://{gateway}")),
        ];
        self.start(Command::new(env!("CARGO_BIN_EXE_till")).arg("up"), &settings).await
    }

    /// `others` win over what all programs are given.
    async fn start(&self, command: &mut Command, others: &[(&str, String)]) -> Process {
        let (free, ops) = (free_address().await, free_address().await);
        let wished = others.iter().find(|(name, _)| *name == "TILL_LISTEN");
        let http = wished.map_or(free, |(_, address)| address.parse().unwrap());
        let options = self.pool.connect_options();
        let database = format!(
            "postgres://{}@{}/{}",
            options.get_username(),
            self.postgres.address,
            options.get_database().unwrap()
        );
        let redis = through(&setting("TILL_TEST_REDIS_URL"), self.redis.address);
        let settings = [
            ("TILL_LISTEN", http.to_string()),
            ("TILL_OPS_LISTEN", ops.to_string()),
            ("TILL_PUBLIC_URL", self.public_url.clone()),
            ("TILL_SECRET_KEY", SECRET_KEY.to_owned()),
            ("TILL_DATA_DIR", self.folder.path().display().to_string()),
            ("TILL_GATEWAY_URL", format!("http://{}", self.sandbox.address)),
            ("DATABASE_URL", database),
            ("TILL_DATABASE_POOL_MIN", "0".to_owned()),
            ("TILL_DATABASE_POOL_MAX", "8".to_owned()),
            ("REDIS_URL", redis),
            ("TILL_REDIS_PREFIX", format!("{}:", self.rabbit.prefix)),
            // However busy the machine is.
            ("TILL_REDIS_TIMEOUT", "5s".to_owned()),
            // All clients of a test are at one address.
            ("TILL_RATE_LIMIT_ANONYMOUS", "off".to_owned()),
            ("TILL_RATE_LIMIT_LOGIN", "off".to_owned()),
            ("TILL_RATE_LIMIT_USER", "off".to_owned()),
            ("AMQP_URL", self.rabbit.url()),
            ("TILL_AMQP_PREFIX", self.rabbit.prefix.clone()),
            ("SMTP_URL", format!("smtp://{}", self.sink.address)),
            ("TILL_MAIL_FROM", "Till <no-reply@till.test>".to_owned()),
            ("RUST_LOG", "info".to_owned()),
        ];
        let mut child = command
            .env_clear()
            .envs(settings)
            .envs(others.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = Arc::new(watch::Sender::new(String::new()));
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let written = Arc::clone(&log);
        drop(tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                written.send_modify(|log| {
                    log.push_str(&line);
                    log.push('\n');
                });
            }
        }));
        let client =
            reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        Process { child, http, ops, log, client }
    }
}

/// A gateway that knows the deployment's keys.
pub async fn gateway() -> Sandbox {
    let (folder, root) = (Folder::new(), RootKey::new([7; 32]));
    let signing_key = SecretSlice::from(root.gateway_signing_key().expose_secret().to_vec());
    let settings = Settings::new(folder.path().to_owned(), root.gateway_api_key(), signing_key);
    Sandbox::start_with(folder, settings).await
}

/// A running program.
pub struct Process {
    child: Child,
    pub http: SocketAddr,
    pub ops: SocketAddr,
    log: Arc<watch::Sender<String>>,
    client: reqwest::Client,
}

impl Process {
    /// Waits until it says that it is ready.
    pub async fn ready(&mut self) {
        self.readiness(200).await;
    }

    /// Waits until `/readyz` answers so, and gives the answer; a process that ends meanwhile fails the test.
    pub async fn readiness(&mut self, status: u16) -> Value {
        let url = format!("http://{}/readyz", self.ops);
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        loop {
            looks.tick().await;
            let ended = self.child.try_wait().unwrap();
            assert_eq!(ended, None, "it ended:\n{}", *self.log.borrow());
            let Ok(answer) = self.client.get(&url).send().await else { continue };
            if answer.status().as_u16() == status {
                return answer.json().await.unwrap();
            }
        }
    }

    /// Waits until a line of its log has this in it.
    pub async fn said(&self, words: &str) -> String {
        let mut log = self.log.subscribe();
        let log = log.wait_for(|log| log.contains(words)).await.unwrap();
        log.lines().find(|line| line.contains(words)).unwrap().to_owned()
    }

    /// How many lines of its log have this in them by now.
    pub fn count_said(&self, words: &str) -> usize {
        self.log.borrow().lines().filter(|line| line.contains(words)).count()
    }

    /// Asks it to end (SIGTERM).
    pub async fn terminate(&self) {
        self.signal("TERM").await;
    }

    /// Ends it at once, with all that it holds (SIGKILL).
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().await.unwrap();
        assert!(sent.success());
    }

    pub async fn ended(&mut self) -> ExitStatus {
        self.child.wait().await.unwrap()
    }

    pub async fn get(&self, path: &str, token: &str) -> reqwest::Result<reqwest::Response> {
        self.client.get(format!("http://{}{path}", self.http)).bearer_auth(token).send().await
    }

    pub async fn post(&self, path: &str, body: &Value) -> reqwest::Response {
        let url = format!("http://{}{path}", self.http);
        self.client.post(url).json(body).send().await.unwrap()
    }

    /// With a token and a key.
    pub async fn post_keyed(
        &self,
        path: &str,
        token: &str,
        key: &str,
        body: &Value,
    ) -> reqwest::Result<reqwest::Response> {
        let url = format!("http://{}{path}", self.http);
        let request = self.client.post(url).bearer_auth(token).header("idempotency-key", key);
        request.json(body).send().await
    }

    /// The token of a customer who registered and signed in here.
    pub async fn customer(&self, name: &str) -> String {
        let email = format!("{name}@example.com");
        let account = json!({ "email": email, "password": PASSWORD, "name": name });
        assert_eq!(self.post("/v1/users", &account).await.status(), 201);
        let credentials = json!({ "email": email, "password": PASSWORD });
        let signed_in = self.post("/v1/auth/token", &credentials).await.text().await.unwrap();
        let token: Value = serde_json::from_str(&signed_in).unwrap();
        let token = token["accessToken"].as_str();
        token.unwrap_or_else(|| unreachable!("{signed_in}\n{}", *self.log.borrow())).to_owned()
    }

    pub async fn metrics(&self) -> String {
        let url = format!("http://{}/metrics", self.ops);
        self.client.get(url).send().await.unwrap().text().await.unwrap()
    }
}
