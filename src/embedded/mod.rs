//! A private Postgres for `till up`: found, initialised, started and stopped with its parent; holds no business data of its own and is never used by `api` or `worker`.
//!
//! Phases of [`Postgres::start`], in order; each has its file:
//! 1. `place`: take the directory's lock (one `till up` per directory), decide the account and where the files lie;
//! 2. `binaries`: find an installation, of the cluster's own major version once there is a cluster;
//! 3. `cluster`: `initdb` into a staging directory and rename it, so that a cluster is either whole or absent;
//! 4. `leftover`: stop a server that outlived its parent, remove lock files whose process is gone;
//! 5. `server`: start, watch, and stop the process; `database`: wait until it answers.

mod account;
mod binaries;
mod cluster;
mod database;
mod error;
mod leftover;
mod place;
mod program;
mod server;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::EmbeddedError;

use cluster::Cluster;
use place::Place;
use server::Server;

/// Recovery after a power cut replays the log since the last checkpoint, at most some gigabytes.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// What the private server needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Till's data directory (`TILL_DATA_DIR`); everything here lives in `postgres*` below it.
    pub data_dir: PathBuf,
    /// A directory with `postgres` and `initdb` (`PG_BIN`); without it the usual places are searched.
    pub pg_bin: Option<PathBuf>,
}

/// Whether this start made the database, so that the caller knows whether demo data may go in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    Now,
    Before,
}

/// A running private server; stopped by [`Postgres::stop`], at the latest when the process ends.
#[derive(Debug)]
pub struct Postgres {
    place: Place,
    server: Server,
    created: Created,
}

impl Postgres {
    /// Starts the server of this data directory, initialising it the first time.
    ///
    /// # Errors
    /// [`EmbeddedError`]; each message says what to do about it. Nothing is left running.
    pub async fn start(settings: Settings) -> Result<Self, EmbeddedError> {
        let (place, cluster) = blocking(move || {
            let place = Place::claim(&settings.data_dir)?;
            let cluster = Cluster::open(&place, settings.pg_bin.as_deref())?;
            Ok((place, cluster))
        })
        .await?;
        cluster.initialise(&place).await?;
        leftover::clear(&place).await?;
        let server = Server::spawn(&place, &cluster).await?;
        let created = database::wait_until_ready(&place, &server, READY_WITHIN).await?;
        Ok(Self { place, server, created })
    }

    /// The address of the database `till`, over a Unix socket that only this user can open.
    #[must_use]
    pub fn url(&self) -> String {
        self.place.url("till")
    }

    #[must_use]
    pub fn was_created(&self) -> Created {
        self.created
    }

    /// Where the cluster lies; not below the data directory where the server's account cannot reach that.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.place.root()
    }

    /// Completes when the server ends by itself, with what it last wrote to its log.
    pub async fn exited(&self) -> EmbeddedError {
        self.server.exited().await
    }

    /// Fast shutdown: open transactions are rolled back, everything committed is on disk. Takes 45 s at most.
    ///
    /// # Errors
    /// [`EmbeddedError::StopForced`] if the server had to be ended by force; the data is safe, the next start recovers it.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        self.server.stop().await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EmbeddedError> + Send + 'static,
) -> Result<T, EmbeddedError> {
    tokio::task::spawn_blocking(work).await.map_err(EmbeddedError::Interrupted)?
}
