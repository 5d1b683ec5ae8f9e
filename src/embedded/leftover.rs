//! What an earlier start may have left: a server that outlived its parent, or lock files of a process that is gone.
//!
//! Postgres replaces a lock file whose process is dead by itself, but gives up when that number now belongs to another
//! process of the same user, which is likely after a reboot. Till's own lock is held here, so no other start can interfere.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::EmbeddedError;
use super::place::Place;
use super::program::{self, Signal};

const STOP_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

/// Leaves the cluster with no server and no lock file.
pub(super) async fn clear(place: &Place) -> Result<(), EmbeddedError> {
    let cluster = place.cluster();
    let files = [
        cluster.join("postmaster.pid"),
        place.socket_directory().join(".s.PGSQL.5432.lock"),
        place.socket_directory().join(".s.PGSQL.5432"),
    ];
    for file in &files {
        if let Some(pid) = recorded_pid(file)?
            && serves(pid, &cluster)?
        {
            tracing::warn!(
                pid,
                "a Postgres of an earlier start still runs here: stopping it first"
            );
            stop(pid, &cluster).await?;
        }
    }
    for file in &files {
        remove(file)?;
    }
    Ok(())
}

/// The first line of a lock file; `None` where there is no file, or it is the socket.
fn recorded_pid(file: &Path) -> Result<Option<u32>, EmbeddedError> {
    match fs::metadata(file) {
        Ok(metadata) if metadata.is_file() => {}
        _ => return Ok(None),
    }
    let text = fs::read_to_string(file).map_err(EmbeddedError::file("read", file))?;
    Ok(text.lines().next().and_then(|line| line.trim().parse().ok()))
}

/// Whether a process is the server of this very cluster, which it was given as `-D`.
fn serves(pid: u32, cluster: &Path) -> Result<bool, EmbeddedError> {
    let Some(command_line) = program::command_line(pid)? else { return Ok(false) };
    let is_server =
        command_line.split(' ').next().is_some_and(|program| program.ends_with("postgres"));
    Ok(is_server && command_line.contains(&format!(" -D {} -p ", cluster.display())))
}

async fn stop(pid: u32, cluster: &Path) -> Result<(), EmbeddedError> {
    program::signal(pid, Signal::Interrupt)?;
    let deadline = Instant::now() + STOP_WITHIN;
    while serves(pid, cluster)? {
        if Instant::now() > deadline {
            return Err(EmbeddedError::LeftoverRuns { pid });
        }
        sleep(POLL).await;
    }
    Ok(())
}

fn remove(file: &Path) -> Result<(), EmbeddedError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(EmbeddedError::file("remove", file)(error))
        }
        _ => Ok(()),
    }
}
