//! Everything that a deployment consists of, as real processes that can be killed, paused and cut off one by one.

use std::net::SocketAddr;
use std::path::PathBuf;

use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::process::Command;

use super::servers::{Running, Server};
use crate::support::directory::Directory;
use crate::support::line::{Line, free_address};
use crate::support::processes::SECRET_KEY;
use crate::support::program::output_of;
use crate::support::smtp::SmtpSink;

pub const ADMIN: &str = "admin@example.com";
pub const PASSWORD: &str = "correct horse battery";

/// Instances of each program.
const APIS: usize = 3;
const WORKERS: usize = 2;

/// One of our programs, at the same address whenever it runs.
pub struct Program {
    pub address: SocketAddr,
    path: &'static str,
    arguments: &'static [&'static str],
    settings: Vec<(&'static str, String)>,
    log: PathBuf,
    running: Option<Running>,
}

impl Program {
    fn command(&self) -> Command {
        let mut command = Command::new(self.path);
        command.args(self.arguments).env_clear().envs(self.settings.iter().cloned());
        command
    }

    pub fn start(&mut self) {
        self.running = Some(Running::start(&mut self.command(), &self.log));
    }

    pub async fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill().await;
        }
    }

    pub async fn signal(&self, name: &str) {
        if let Some(running) = &self.running {
            running.signal(name).await;
        }
    }

    /// Starts it anew where it has ended by itself: a supervisor would.
    pub fn keep(&mut self) {
        if self.running.as_mut().is_none_or(Running::has_ended) {
            self.start();
        }
    }
}

pub struct House {
    pub apis: Vec<Program>,
    pub workers: Vec<Program>,
    pub gateway: Program,
    pub postgres: Server,
    pub redis: Server,
    pub rabbit: Server,
    /// Ways that can be cut: to Postgres, Redis, RabbitMQ and the gateway.
    pub lines: [Line; 4],
    /// Past the line, for the test itself.
    pub pool: PgPool,
    pub gateway_url: String,
    directory: Directory,
    _epmd: Server,
    /// Where all mail goes.
    pub mail: SmtpSink,
}

impl House {
    pub async fn build(seed: u64) -> Self {
        let directory = Directory::new(&format!("crash-{seed}"));
        let root = directory.0.clone();
        let [postgres, redis, rabbit, epmd, dist, gateway] = free_addresses().await;
        let mut postgres = Server::new("postgres", &root, postgres, vec![]);
        let mut redis = Server::new("redis", &root, redis, vec![]);
        let ports = vec![epmd.port(), dist.port()];
        let mut rabbit = Server::new("rabbitmq", &root, rabbit, ports);
        let mut epmd = Server::new("epmd", &root, epmd, vec![]);
        for server in [&mut epmd, &mut postgres, &mut redis] {
            server.start();
            server.ready().await;
        }
        rabbit.start();
        let lines = [
            Line::closed(postgres.address).await,
            Line::closed(redis.address).await,
            Line::closed(rabbit.address).await,
            Line::closed(gateway).await,
        ];
        for line in &lines {
            line.open().await;
        }
        let mail = SmtpSink::start().await;
        let plan = Plan { settings: settings(&root, &lines, &mail).await, root };
        let url = format!("postgres://till@{}/postgres", postgres.address);
        let mut house = Self {
            apis: Vec::new(),
            workers: Vec::new(),
            gateway: plan.program(env!("CARGO_BIN_EXE_till"), "gateway", gateway).await,
            postgres,
            redis,
            rabbit,
            lines,
            pool: PgPoolOptions::new().max_connections(4).connect_lazy(&url).unwrap(),
            gateway_url: format!("http://{gateway}"),
            directory,
            _epmd: epmd,
            mail,
        };
        house.gateway.arguments = &["gateway"];
        house.run_till(&["migrate"]).await;
        house.furnish(&plan).await;
        house
    }

    /// Starts our own programs, and returns when RabbitMQ, the slowest of all, is there.
    async fn furnish(&mut self, plan: &Plan) {
        let callbacks = plan.callback_address();
        for number in 0..APIS {
            let address = if number == 0 { callbacks } else { free_address().await };
            let (path, name) = (env!("CARGO_BIN_EXE_api"), format!("api-{number}"));
            self.apis.push(plan.program(path, &name, address).await);
        }
        for number in 0..WORKERS {
            let (path, name) = (env!("CARGO_BIN_EXE_worker"), format!("worker-{number}"));
            self.workers.push(plan.program(path, &name, free_address().await).await);
        }
        self.keep();
        self.rabbit.ready().await;
    }

    /// `till` with one more command; what it said.
    pub async fn run_till(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_till"));
        command.args(arguments).env_clear().envs(self.gateway.settings.iter().cloned());
        let (output, errors) = output_of(command).await;
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "till {arguments:?}: {said}\n{}", errors.join("\n"));
        said
    }

    /// Brings back whatever is gone, paused or cut off.
    pub async fn restore(&mut self) {
        for server in [&mut self.postgres, &mut self.redis, &mut self.rabbit] {
            server.signal("CONT").await;
            server.ready().await;
        }
        self.keep();
        for program in self.apis.iter().chain(&self.workers).chain([&self.gateway]) {
            program.signal("CONT").await;
        }
    }

    /// Starts whatever of ours has ended.
    pub fn keep(&mut self) {
        let all = self.apis.iter_mut().chain(&mut self.workers).chain([&mut self.gateway]);
        all.for_each(Program::keep);
    }

    /// The logs outlive the house, for whoever looks for the reason of a failure.
    fn keep_logs(&self) -> PathBuf {
        let kept = std::env::temp_dir().join(format!("till-crash-logs-{}", std::process::id()));
        std::fs::create_dir_all(&kept).unwrap();
        for entry in std::fs::read_dir(&self.directory.0).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "log") {
                std::fs::copy(&path, kept.join(path.file_name().unwrap())).unwrap();
            }
        }
        kept
    }
}

impl Drop for House {
    #[expect(clippy::print_stderr, reason = "whoever runs the test is told where the logs are")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the logs are in {}", self.keep_logs().display());
        }
    }
}

async fn free_addresses<const N: usize>() -> [SocketAddr; N] {
    let mut addresses = [SocketAddr::from(([127, 0, 0, 1], 0)); N];
    for address in &mut addresses {
        *address = free_address().await;
    }
    addresses
}

/// What all programs of the house are given.
async fn settings(
    root: &std::path::Path,
    lines: &[Line; 4],
    mail: &SmtpSink,
) -> Vec<(&'static str, String)> {
    let [postgres, redis, rabbit, gateway] = lines.each_ref().map(|line| line.address);
    let public = format!("http://{}", free_address().await);
    vec![
        ("DATABASE_URL", format!("postgres://till@{postgres}/postgres")),
        ("TILL_DATABASE_POOL_MIN", "0".to_owned()),
        ("TILL_DATABASE_POOL_MAX", "8".to_owned()),
        ("REDIS_URL", format!("redis://{redis}")),
        ("AMQP_URL", format!("amqp://guest:guest@{rabbit}/%2f")),
        ("SMTP_URL", format!("smtp://{}", mail.address)),
        ("TILL_MAIL_FROM", "Till <no-reply@till.test>".to_owned()),
        ("TILL_GATEWAY_URL", format!("http://{gateway}")),
        ("TILL_PUBLIC_URL", public.clone()),
        ("TILL_GATEWAY_CALLBACK_URL", public),
        ("TILL_SECRET_KEY", SECRET_KEY.to_owned()),
        ("TILL_DATA_DIR", root.join("data").display().to_string()),
        ("TILL_ADMIN_EMAIL", ADMIN.to_owned()),
        ("TILL_ADMIN_PASSWORD", PASSWORD.to_owned()),
        ("RUST_LOG", "warn".to_owned()),
        // All clients are at one address, and buy as fast as they can.
        ("TILL_RATE_LIMIT_ANONYMOUS", "off".to_owned()),
        ("TILL_RATE_LIMIT_LOGIN", "off".to_owned()),
        ("TILL_RATE_LIMIT_USER", "off".to_owned()),
    ]
}

/// What our programs have in common.
struct Plan {
    settings: Vec<(&'static str, String)>,
    root: PathBuf,
}

impl Plan {
    /// The first instance takes the gateway's call-backs; while it is gone the gateway repeats them.
    fn callback_address(&self) -> SocketAddr {
        let public = self.settings.iter().find(|(name, _)| *name == "TILL_PUBLIC_URL").unwrap();
        public.1.strip_prefix("http://").unwrap().parse().unwrap()
    }

    async fn program(&self, path: &'static str, name: &str, address: SocketAddr) -> Program {
        let listen = if name == "gateway" { "TILL_GATEWAY_LISTEN" } else { "TILL_LISTEN" };
        let mut settings = self.settings.clone();
        settings.push((listen, address.to_string()));
        settings.push(("TILL_OPS_LISTEN", free_address().await.to_string()));
        let log = self.root.join(format!("{name}.log"));
        Program { address, path, arguments: &[], settings, log, running: None }
    }
}
