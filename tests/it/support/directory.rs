//! A data directory of one test, and the processes that may still run on it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use till::embedded::Settings;

/// Longest wait for something that must happen.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A directory of one test, removed afterwards.
pub struct Directory(pub PathBuf);

impl Directory {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("till-it-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self(path)
    }

    pub fn settings(&self) -> Settings {
        Settings { data_dir: self.0.clone(), pg_bin: None }
    }

    pub fn cluster(&self) -> PathBuf {
        self.0.join("postgres/data")
    }

    /// The process number of the server, once its lock file is complete.
    pub fn server_pid(&self) -> Option<u32> {
        let text = fs::read_to_string(self.cluster().join("postmaster.pid")).ok()?;
        text.lines().next()?.parse().ok()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Ok(target) = fs::read_link(self.0.join("postgres")) {
            fs::remove_dir_all(target).unwrap();
        }
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// At once, with no time to tidy up.
pub fn kill(pid: u32) {
    let status = Command::new("sh").arg("-c").arg(format!("kill -9 {pid}")).status().unwrap();
    assert!(status.success());
}

pub fn is_running(pid: u32) -> bool {
    let status = Command::new("sh").arg("-c").arg(format!("kill -0 {pid} 2>&-")).status().unwrap();
    status.success()
}

pub async fn eventually(what: &str, mut fact: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        while !fact() {
            tick.tick().await;
        }
    });
    assert!(waited.await.is_ok(), "{what} did not happen in {PATIENCE:?}");
}
