//! Where local files are kept: the private Postgres, the development key, mails without SMTP, the gateway's record.

use std::path::{Path, PathBuf};

use super::reader::{Noted, Reader};
use super::{Exposure, Setting};

pub const DATA_DIR: Setting = Setting {
    name: "TILL_DATA_DIR",
    exposure: Exposure::Plain { flag: "data-dir" },
    expects: "a folder's path",
    default: Some(".till"),
    example: "/var/lib/till",
    help: "Folder of local files: private Postgres, development key, mails without SMTP, reports, the sandbox gateway's record.",
};

/// The folder of local files; it may not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The absolute path (`TILL_DATA_DIR`).
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path of something in it.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<DataDir, Noted> {
    // Absolute from the start: sockets and child processes do not share our working directory.
    reader.defaulted(&DATA_DIR, |text| std::path::absolute(text).ok().map(DataDir))
}
