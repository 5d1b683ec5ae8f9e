//! What can keep the private Postgres from starting or stopping; every message says what to do.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of the private Postgres.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error(
        "no Postgres server found (searched {searched}): install it with `apt-get install postgresql`, \
         `dnf install postgresql-server` or `brew install postgresql`, or set PG_BIN to the directory of `postgres` and `initdb`"
    )]
    NotFound { searched: String },

    #[error(
        "the database in {directory} was made by Postgres {needed}, but only {found} is installed: install Postgres {needed}, \
         or set TILL_DATA_DIR to an empty directory"
    )]
    WrongVersion { directory: PathBuf, needed: String, found: String },

    #[error(
        "another `till up` (process {pid}) uses {directory}: stop it first, or set TILL_DATA_DIR to another directory"
    )]
    InUse { directory: PathBuf, pid: String },

    #[error(
        "{directory} belongs to user id {owner}: start as that user or as root, or set TILL_DATA_DIR to a directory of your own"
    )]
    NotYours { directory: PathBuf, owner: u32 },

    #[error(
        "Postgres refuses to run as root, and there is neither a user `postgres` nor `nobody` to run it as: \
         `useradd --system postgres`, or start as another user"
    )]
    NoAccount,

    #[error(
        "user id {uid}, who owns the database in {directory}, cannot enter a directory above it: \
         `chmod o+x` each of them, or set TILL_DATA_DIR to another directory"
    )]
    Unreachable { directory: PathBuf, uid: u32 },

    #[error(
        "{directory} is no Postgres cluster (it has no PG_VERSION): move it away, or set TILL_DATA_DIR to another directory"
    )]
    NotACluster { directory: PathBuf },

    #[error(
        "{directory} is not a private directory of user id {uid}: remove it, or set TILL_DATA_DIR to a shorter path, \
         which needs no directory for its socket"
    )]
    SocketDirectory { directory: PathBuf, uid: u32 },

    #[error("cannot {action} {path}: check that the disk has space and that you may write there")]
    File { action: &'static str, path: PathBuf, source: io::Error },

    #[error("cannot run `{program}`: check that it is installed and that you may execute it")]
    Program { program: String, source: io::Error },

    #[error("initdb could not make the database; it said: {output}")]
    Initdb { output: String },

    #[error("Postgres ended by itself; its log says: {log}")]
    Exited { log: String },

    #[error(
        "Postgres was not ready within {seconds} s; start again if it is still recovering; its log says: {log}"
    )]
    NotReady { seconds: u64, log: String },

    #[error(
        "a Postgres left over from an earlier start (process {pid}) does not stop: end it with `kill -QUIT {pid}`"
    )]
    LeftoverRuns { pid: u32 },

    #[error(
        "cannot prepare the database `till` in the private Postgres: start again, and see its log if that does not help"
    )]
    Database(#[source] sqlx::Error),

    #[error(
        "Postgres did not stop in time and was ended by force; committed data is safe, the next start recovers it"
    )]
    StopForced,

    #[error("the start of the private Postgres was interrupted: start again")]
    Interrupted(#[source] tokio::task::JoinError),
}

impl EmbeddedError {
    /// For `map_err` on a file operation: `action` completes "cannot … <path>".
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { action, path: path.to_owned(), source }
    }
}
