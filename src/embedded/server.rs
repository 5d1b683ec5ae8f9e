//! The server process: started from a thread that lives as long as it does, watched, and stopped; knows no SQL.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use super::cluster::Cluster;
use super::error::EmbeddedError;
use super::place::Place;
use super::program::{self, Signal, failed};

/// A log that has grown beyond this is set aside at the next start; one old file is kept.
const LOG_LIMIT_BYTES: u64 = 1 << 20;
/// How much of the log an error quotes.
const LOG_QUOTE_BYTES: u64 = 2048;
const FAST_STOP_WITHIN: Duration = Duration::from_secs(30);
const IMMEDIATE_STOP_WITHIN: Duration = Duration::from_secs(10);
const KILL_WITHIN: Duration = Duration::from_secs(5);

/// A started server.
#[derive(Debug)]
pub(super) struct Server {
    pid: u32,
    exit: watch::Receiver<Option<Exit>>,
    log: PathBuf,
    log_start: u64,
}

type Exit = Arc<std::io::Result<ExitStatus>>;

impl Server {
    /// Starts the process; it is not yet ready for connections.
    pub(super) async fn spawn(place: &Place, cluster: &Cluster) -> Result<Self, EmbeddedError> {
        let log = place.log();
        let (file, log_start) = open_log(&log)?;
        let errors = file.try_clone().map_err(EmbeddedError::file("open", &log))?;
        let mut command = command(place, cluster);
        command.stdout(file).stderr(errors);
        let name = command.get_program().to_owned();
        let (pid, exit) = watch_over(command).await.map_err(failed(&name))?;
        Ok(Self { pid, exit, log, log_start })
    }

    /// Completes when the process has ended, with the error to report.
    pub(super) async fn exited(&self) -> EmbeddedError {
        wait_for_exit(self.exit.clone()).await;
        EmbeddedError::Exited { log: self.last_words() }
    }

    /// The end of what this run wrote to its log.
    pub(super) fn last_words(&self) -> String {
        read_end(&self.log, self.log_start)
            .unwrap_or_else(|error| format!("cannot read {}: {error}", self.log.display()))
    }

    /// Fast shutdown; then immediate; then by force. Each step has its time.
    pub(super) async fn stop(self) -> Result<(), EmbeddedError> {
        let steps = [
            (Signal::Interrupt, FAST_STOP_WITHIN),
            (Signal::Quit, IMMEDIATE_STOP_WITHIN),
            (Signal::Kill, KILL_WITHIN),
        ];
        for (signal, within) in steps {
            self.signal(signal)?;
            if timeout(within, wait_for_exit(self.exit.clone())).await.is_ok() {
                return if signal == Signal::Interrupt {
                    Ok(())
                } else {
                    Err(EmbeddedError::StopForced)
                };
            }
        }
        Err(EmbeddedError::StopForced)
    }

    /// Signals the process unless it has been waited for, after which its number may be somebody else's.
    fn signal(&self, signal: Signal) -> Result<(), EmbeddedError> {
        if self.exit.borrow().is_some() {
            return Ok(());
        }
        program::signal(self.pid, signal)
    }
}

impl Drop for Server {
    /// A server that nobody stopped, because its start failed or its owner gave up, ends as well.
    fn drop(&mut self) {
        if let Err(error) = self.signal(Signal::Interrupt) {
            tracing::error!(%error, pid = self.pid, "cannot stop the private Postgres");
        }
    }
}

fn command(place: &Place, cluster: &Cluster) -> Command {
    let postgres = cluster.postgres().into_os_string();
    let mut command = if program::can_die_with_parent() {
        let mut command = place.account().command("setpriv".as_ref());
        command.args(["--pdeathsig", "INT", "--"]).arg(postgres);
        command
    } else {
        tracing::warn!(
            "`setpriv` is missing: if Till is killed with -9, its Postgres runs on until the next start stops it"
        );
        place.account().command(&postgres)
    };
    let mut sockets = OsString::from("unix_socket_directories=");
    sockets.push(place.socket_directory());
    command
        .arg("-D")
        .arg(place.cluster())
        .args(["-p", "5432", "-c"])
        .arg(sockets)
        .args(["-c", "listen_addresses=", "-c", "unix_socket_permissions=0700"])
        .args(["-c", "fsync=on", "-c", "timezone=UTC", "-c", "log_timezone=UTC"])
        // Refused statements are Till's to report: in this log they would only grow it.
        .args(["-c", "log_min_messages=log", "-c", "log_checkpoints=off"])
        .current_dir(place.root())
        // Ctrl-C reaches the whole group of a terminal; the server must outlive the requests that still run.
        .process_group(0);
    command
}

/// The parent-death signal fires when the starting *thread* ends, so this one stays until the process is gone.
async fn watch_over(mut command: Command) -> std::io::Result<(u32, watch::Receiver<Option<Exit>>)> {
    let (started, start) = oneshot::channel();
    let (ended, exit) = watch::channel(None);
    std::thread::Builder::new().name("embedded-postgres".to_owned()).spawn(
        move || match command.spawn() {
            Ok(child) => {
                let delivered = started.send(Ok(child.id()));
                ended.send_replace(Some(Arc::new(wait(child))));
                drop(delivered);
            }
            Err(error) => drop(started.send(Err(error))),
        },
    )?;
    let pid = start.await.map_err(std::io::Error::other)??;
    Ok((pid, exit))
}

fn wait(mut child: Child) -> std::io::Result<ExitStatus> {
    child.wait()
}

async fn wait_for_exit(mut exit: watch::Receiver<Option<Exit>>) {
    // An error means that the watching thread is gone, and with it the process.
    let ended = exit.wait_for(Option::is_some).await;
    drop(ended);
}

fn open_log(path: &Path) -> Result<(File, u64), EmbeddedError> {
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() > LOG_LIMIT_BYTES) {
        fs::rename(path, path.with_extension("log.old"))
            .map_err(EmbeddedError::file("rename", path))?;
    }
    let file = File::options()
        .append(true)
        .create(true)
        .open(path)
        .map_err(EmbeddedError::file("open", path))?;
    let length = file.metadata().map_err(EmbeddedError::file("inspect", path))?.len();
    Ok((file, length))
}

fn read_end(path: &Path, start: u64) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let end = file.metadata()?.len();
    file.seek(SeekFrom::Start(start.max(end.saturating_sub(LOG_QUOTE_BYTES))))?;
    let mut bytes = Vec::new();
    file.take(LOG_QUOTE_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}
