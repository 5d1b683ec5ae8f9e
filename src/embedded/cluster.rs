//! The files of the private database: made once, whole or not at all; starts no server.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::binaries::Binaries;
use super::error::EmbeddedError;
use super::place::Place;
use super::program::failed;

/// `initdb` takes two seconds; a slow disk may need a minute.
const INITDB_WITHIN: Duration = Duration::from_secs(180);

/// Sorts by bytes, knows the case of every letter, and is part of the C library itself; older macOS has only `C`.
const LOCALE: &str = if cfg!(target_os = "macos") { "--locale=C" } else { "--locale=C.UTF-8" };

/// The directory an `initdb` fills; renamed when it is complete.
const STAGING: &str = "data.unfinished-";

/// A cluster, perhaps not made yet, and the binaries that fit it.
#[derive(Debug)]
pub(super) struct Cluster {
    binaries: Binaries,
    exists: Exists,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exists {
    Yes,
    No,
}

impl Cluster {
    pub(super) fn open(place: &Place, pg_bin: Option<&Path>) -> Result<Self, EmbeddedError> {
        let directory = place.cluster();
        let version = directory.join("PG_VERSION");
        let (exists, major) = match fs::read_to_string(&version) {
            Ok(major) => (Exists::Yes, Some(major)),
            Err(_) if !directory.exists() => (Exists::No, None),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(EmbeddedError::NotACluster { directory });
            }
            Err(source) => {
                return Err(EmbeddedError::File { action: "read", path: version, source });
            }
        };
        let binaries = Binaries::find(pg_bin, &directory, major.as_deref().map(str::trim))?;
        Ok(Self { binaries, exists })
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.binaries.postgres()
    }

    /// Makes the cluster where there is none. What an interrupted attempt left behind is thrown away first.
    pub(super) async fn initialise(&self, place: &Place) -> Result<(), EmbeddedError> {
        if self.exists == Exists::Yes {
            return Ok(());
        }
        remove_unfinished(place.root())?;
        // The number keeps apart from an `initdb` whose parent was killed and that still writes.
        let staging = place.root().join(format!("{STAGING}{}", std::process::id()));
        self.initdb(place, &staging).await?;
        let cluster = place.cluster();
        fs::rename(&staging, &cluster).map_err(EmbeddedError::file("create", &cluster))?;
        sync_directory(place.root())
    }

    async fn initdb(&self, place: &Place, staging: &Path) -> Result<(), EmbeddedError> {
        let program = self.binaries.initdb();
        let mut command = place.account().command(program.as_os_str());
        command
            .args(["--username=till", "--auth=trust", "--encoding=UTF8", LOCALE, "-D"])
            .arg(staging)
            .current_dir(place.root())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut command = tokio::process::Command::from(command);
        let running = command.kill_on_drop(true).output();
        let output = match tokio::time::timeout(INITDB_WITHIN, running).await {
            Ok(output) => output.map_err(failed(program.as_os_str()))?,
            Err(_elapsed) => {
                let output = format!("nothing for {} s", INITDB_WITHIN.as_secs());
                return Err(EmbeddedError::Initdb { output });
            }
        };
        if output.status.success() {
            return Ok(());
        }
        let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(EmbeddedError::Initdb { output })
    }
}

fn remove_unfinished(root: &Path) -> Result<(), EmbeddedError> {
    for entry in fs::read_dir(root).map_err(EmbeddedError::file("list", root))? {
        let entry = entry.map_err(EmbeddedError::file("list", root))?;
        if entry.file_name().as_encoded_bytes().starts_with(STAGING.as_bytes()) {
            let path = entry.path();
            fs::remove_dir_all(&path).map_err(EmbeddedError::file("remove", &path))?;
        }
    }
    Ok(())
}

/// A rename is safe from a power cut only once its directory is on disk.
fn sync_directory(directory: &Path) -> Result<(), EmbeddedError> {
    File::open(directory)
        .and_then(|file| file.sync_all())
        .map_err(EmbeddedError::file("sync", directory))
}
