//! Which user the server runs as: Postgres refuses root, so root hands it to another account; changes no user database.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::EmbeddedError;
use super::program::{SYSTEM_PATH, failed, output_of};

/// The user the server runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    /// The user who runs Till.
    Own { uid: u32 },
    /// Till runs as root and gives up its rights for the server.
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// The owner of an existing cluster, so that root and its owner can start it in turn; else `postgres`, else `nobody`.
    pub(super) fn choose(cluster: Option<&Metadata>) -> Result<Self, EmbeddedError> {
        let uid = id(&["-u"])?.ok_or(EmbeddedError::NoAccount)?;
        if uid != 0 {
            return Ok(Self::Own { uid });
        }
        if let Some(owner) = cluster.filter(|owner| owner.uid() != 0) {
            return Ok(Self::Other { uid: owner.uid(), gid: owner.gid() });
        }
        for name in ["postgres", "nobody"] {
            if let (Some(uid), Some(gid)) = (id(&["-u", name])?, id(&["-g", name])?) {
                return Ok(Self::Other { uid, gid });
            }
        }
        Err(EmbeddedError::NoAccount)
    }

    pub(super) fn uid(self) -> u32 {
        match self {
            Self::Own { uid } | Self::Other { uid, .. } => uid,
        }
    }

    /// A command of this account, with an environment that no `PG…` variable of the caller reaches.
    pub(super) fn command(self, program: &OsStr) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", SYSTEM_PATH).env("LC_ALL", "C").stdin(Stdio::null());
        if let Self::Other { uid, gid } = self {
            command.gid(gid).uid(uid);
        }
        command
    }

    /// Gives a path to the account; nothing to do where Till itself is the account.
    pub(super) fn own(self, path: &Path) -> Result<(), EmbeddedError> {
        match self {
            Self::Own { .. } => Ok(()),
            Self::Other { uid, gid } => chown(path, Some(uid), Some(gid))
                .map_err(EmbeddedError::file("change the owner of", path)),
        }
    }

    /// Whether the account can enter a directory through all its parents.
    pub(super) fn can_enter(self, directory: &Path) -> Result<bool, EmbeddedError> {
        let program = OsStr::new("test");
        let status = self
            .command(program)
            .args([OsStr::new("-x"), directory.as_os_str()])
            .current_dir("/")
            .status()
            .map_err(failed(program))?;
        Ok(status.success())
    }
}

fn id(arguments: &[&str]) -> Result<Option<u32>, EmbeddedError> {
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    Ok(output_of("id".as_ref(), &arguments)?.and_then(|text| text.parse().ok()))
}
