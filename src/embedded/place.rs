//! Where the private cluster lies and who owns it: claims the directory for one process; starts nothing.

use std::fs::{self, DirBuilder, File, Metadata, Permissions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use url::form_urlencoded::byte_serialize;

use super::account::Account;
use super::error::EmbeddedError;

/// Where root's clusters go when the server's account cannot enter the data directory, as below `/root`.
const SHARED_STATE: &str = "/var/lib/till";

/// `sun_path` holds 108 bytes on Linux and 104 elsewhere, the closing zero included.
const SOCKET_PATH_LIMIT: usize = 103;
const SOCKET_NAME: &str = "/.s.PGSQL.5432";

/// A child between fork and exec has a copy of every open file, and so of a lock that was just given up: a lock that is
/// still held after this was not given up.
const LOCK_TRIES: u32 = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// A claimed directory; the claim ends with the process, however it ends.
#[derive(Debug)]
pub(super) struct Place {
    root: PathBuf,
    socket_directory: PathBuf,
    account: Account,
    _claim: File,
}

impl Place {
    pub(super) fn claim(data_dir: &Path) -> Result<Self, EmbeddedError> {
        fs::create_dir_all(data_dir).map_err(EmbeddedError::file("create", data_dir))?;
        let data_dir = data_dir.canonicalize().map_err(EmbeddedError::file("resolve", data_dir))?;
        let claim = lock(&data_dir)?;
        let root = data_dir.join("postgres");
        let existing = fs::metadata(&root).ok();
        let account = Account::choose(existing.as_ref())?;
        let root = match existing {
            Some(metadata) => reuse(&root, &metadata, account)?,
            None => make(&data_dir, &root, account)?,
        };
        let socket_directory = socket_directory(&root, account)?;
        Ok(Self { root, socket_directory, account, _claim: claim })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn cluster(&self) -> PathBuf {
        self.root.join("data")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    pub(super) fn socket_directory(&self) -> &Path {
        &self.socket_directory
    }

    pub(super) fn account(&self) -> Account {
        self.account
    }

    /// Port and TLS mode stand in it because clients otherwise take `PGPORT` and `PGSSLMODE` from the environment.
    pub(super) fn url(&self, database: &str) -> String {
        let host: String =
            byte_serialize(self.socket_directory.as_os_str().as_encoded_bytes()).collect();
        let host = host.replace('+', "%20");
        format!("postgres://till@localhost:5432/{database}?host={host}&sslmode=disable")
    }
}

fn lock(data_dir: &Path) -> Result<File, EmbeddedError> {
    let path = data_dir.join("postgres.lock");
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(EmbeddedError::file("open", &path))?;
    match try_lock(&file) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid).map_err(EmbeddedError::file("read", &path))?;
            let pid = pid.trim().to_owned();
            return Err(EmbeddedError::InUse { directory: data_dir.to_owned(), pid });
        }
        Err(TryLockError::Error(source)) => {
            return Err(EmbeddedError::File { action: "lock", path, source });
        }
    }
    file.set_len(0).map_err(EmbeddedError::file("write", &path))?;
    writeln!(file, "{}", std::process::id()).map_err(EmbeddedError::file("write", &path))?;
    Ok(file)
}

#[expect(clippy::disallowed_methods, reason = "it runs on a thread that may block")]
fn try_lock(file: &File) -> Result<(), TryLockError> {
    for _ in 1..LOCK_TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN_TRIES),
            done => return done,
        }
    }
    file.try_lock()
}

fn reuse(root: &Path, metadata: &Metadata, account: Account) -> Result<PathBuf, EmbeddedError> {
    let root = root.canonicalize().map_err(EmbeddedError::file("resolve", root))?;
    if metadata.uid() != account.uid() {
        // Root made it and was interrupted before it gave it away: only root may put that right.
        if metadata.uid() != 0 || matches!(account, Account::Own { .. }) {
            return Err(EmbeddedError::NotYours { directory: root, owner: metadata.uid() });
        }
        account.own(&root)?;
    }
    if !account.can_enter(&root)? {
        return Err(EmbeddedError::Unreachable { directory: root, uid: account.uid() });
    }
    Ok(root)
}

fn make(data_dir: &Path, root: &Path, account: Account) -> Result<PathBuf, EmbeddedError> {
    if account.can_enter(data_dir)? {
        private_directory(root, account)?;
        return Ok(root.to_owned());
    }
    let shared = Path::new(SHARED_STATE);
    fs::create_dir_all(shared).map_err(EmbeddedError::file("create", shared))?;
    let target = elsewhere(data_dir, shared, account)?;
    // A link whose target was removed is in the way of the new one.
    if root.is_symlink() {
        fs::remove_file(root).map_err(EmbeddedError::file("remove", root))?;
    }
    symlink(&target, root).map_err(EmbeddedError::file("create", root))?;
    tracing::warn!(
        data_dir = %data_dir.display(),
        cluster = %target.display(),
        "Postgres cannot run as root, and the account it runs as cannot enter the data directory: \
         the database is kept elsewhere, and `postgres` in the data directory is a link to it"
    );
    Ok(target)
}

/// A new directory for this data directory. Numbered, so that one left from a deleted data directory is neither reused nor lost.
fn elsewhere(data_dir: &Path, shared: &Path, account: Account) -> Result<PathBuf, EmbeddedError> {
    let name = short_name(data_dir);
    let unused =
        (1_u32..).map(|number| shared.join(format!("{name}-{number}"))).find(|path| !path.exists());
    let target = unused.unwrap_or_else(|| shared.join(name));
    private_directory(&target, account)?;
    if account.can_enter(&target)? {
        return Ok(target);
    }
    Err(EmbeddedError::Unreachable { directory: target, uid: account.uid() })
}

fn private_directory(path: &Path, account: Account) -> Result<(), EmbeddedError> {
    DirBuilder::new().mode(0o700).create(path).map_err(EmbeddedError::file("create", path))?;
    account.own(path)
}

/// The cluster's own directory, unless the socket's path would be too long there or hold what the server reads as a list.
fn socket_directory(root: &Path, account: Account) -> Result<PathBuf, EmbeddedError> {
    if root.to_str().is_some_and(can_hold_socket) {
        return Ok(root.to_owned());
    }
    let directory = Path::new("/tmp").join(format!("till-{}", short_name(root)));
    if fs::symlink_metadata(&directory).is_err() {
        private_directory(&directory, account)?;
    }
    // Everybody may write to /tmp: a directory somebody else put there must not receive our socket.
    let metadata =
        fs::symlink_metadata(&directory).map_err(EmbeddedError::file("inspect", &directory))?;
    if !metadata.is_dir() || metadata.uid() != account.uid() {
        return Err(EmbeddedError::SocketDirectory { directory, uid: account.uid() });
    }
    fs::set_permissions(&directory, Permissions::from_mode(0o700))
        .map_err(EmbeddedError::file("protect", &directory))?;
    Ok(directory)
}

fn can_hold_socket(directory: &str) -> bool {
    directory.len() + SOCKET_NAME.len() <= SOCKET_PATH_LIMIT
        && !directory.contains([',', '"', '\\', '\''])
}

fn short_name(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{SOCKET_NAME, SOCKET_PATH_LIMIT, can_hold_socket};

    #[test]
    fn a_socket_lies_beside_the_cluster_as_long_as_its_path_fits() {
        let longest = "d".repeat(SOCKET_PATH_LIMIT - SOCKET_NAME.len());
        assert!(can_hold_socket(&longest));
        assert!(!can_hold_socket(&format!("{longest}d")));
        assert!(!can_hold_socket("/home/a,b"));
    }
}
