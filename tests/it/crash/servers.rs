//! Postgres, Redis and RabbitMQ as processes of the test's own, which it may kill: what they confirmed is on disk.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Longest wait for a server that was started.
const PATIENCE: Duration = Duration::from_secs(120);

/// One process, with all that it starts; killed with its test.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

impl Running {
    /// The command leads a group of its own; what it says is added to the log.
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { child }
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Ends it at once, with all that it holds (SIGKILL).
    pub async fn kill(mut self) {
        self.signal("KILL").await;
        self.child.wait().await.unwrap();
    }

    /// To the process, its group and the processes that it started and that left the group.
    pub async fn signal(&self, name: &str) {
        let Some(leader) = self.child.id() else { return };
        let children = format!("/proc/{leader}/task/{leader}/children");
        let mut targets = vec![format!("-{leader}")];
        targets
            .extend(fs::read_to_string(children).unwrap_or_default().split(' ').map(str::to_owned));
        targets.retain(|target| !target.is_empty());
        // One that ended meanwhile is no failure.
        let mut kill = Command::new("kill");
        kill.args(["-s", name, "--"]).args(targets).stderr(Stdio::null());
        kill.status().await.unwrap();
    }
}

/// A server that may come and go at one address.
pub struct Server {
    pub address: SocketAddr,
    what: &'static str,
    folder: PathBuf,
    log: PathBuf,
    /// Ports besides its own.
    more: Vec<u16>,
    running: Option<Running>,
}

impl Server {
    pub fn new(what: &'static str, root: &Path, address: SocketAddr, more: Vec<u16>) -> Self {
        let (folder, log) = (root.join(what), root.join(format!("{what}.log")));
        Self { address, what, folder, log, more, running: None }
    }

    /// Returns at once; what was there before goes on from its data.
    pub fn start(&mut self) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services.sh");
        let mut command = Command::new(script);
        command.args(["serve", self.what]).arg(&self.folder).arg(self.address.port().to_string());
        command.args(self.more.iter().map(u16::to_string));
        self.running = Some(Running::start(&mut command, &self.log));
    }

    /// Whether it takes connections.
    pub async fn answers(&self) -> bool {
        TcpStream::connect(self.address).await.is_ok()
    }

    /// Waits until it takes connections; started again where it could not start, as the rest of the one that was killed
    /// may still be there.
    pub async fn ready(&mut self) {
        let looks = async {
            let mut looks = tokio::time::interval(Duration::from_millis(50));
            while !self.answers().await {
                looks.tick().await;
                if self.running.as_mut().is_none_or(Running::has_ended) {
                    self.start();
                }
            }
        };
        let waited = tokio::time::timeout(PATIENCE, looks).await;
        assert!(waited.is_ok(), "{} does not come back", self.what);
    }

    pub async fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill().await;
        }
    }

    /// Puts one in its place that has no data.
    pub async fn replace(&mut self) {
        self.kill().await;
        // What it started ends a little later, and writes until then.
        let mut looks = tokio::time::interval(Duration::from_millis(50));
        while self.answers().await || fs::remove_dir_all(&self.folder).is_err() {
            looks.tick().await;
        }
        self.start();
        self.ready().await;
    }

    /// How long its log is, in bytes.
    pub fn log_length(&self) -> usize {
        fs::read(&self.log).unwrap().len()
    }

    /// Whether its log has this, in capitals or not, behind so many bytes.
    pub fn logged(&self, what: &str, behind: usize) -> bool {
        let log = fs::read(&self.log).unwrap();
        let new = String::from_utf8_lossy(log.get(behind..).unwrap_or_default());
        new.to_lowercase().contains(what)
    }

    pub async fn signal(&self, name: &str) {
        if let Some(running) = &self.running {
            running.signal(name).await;
        }
    }
}
