//! A folder of files for one test, gone with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use till::clients::files::Files;
use till::config;
use till::config::FilesPlace;
use till::domain::ambient::Ambient;

#[derive(Debug)]
pub struct FilesFolder(PathBuf);

impl FilesFolder {
    pub fn new() -> Arc<Self> {
        let name = format!("files-{}", Ambient::system().uuid());
        Arc::new(Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)))
    }

    pub fn open(&self) -> Files {
        let place = FilesPlace::Folder(self.0.join("files"));
        Files::open(&config::Files { place, scratch: self.0.join("tmp") }).unwrap()
    }

    /// Every file that is there, unfinished ones too, with how long it is.
    pub fn found(&self) -> Vec<(String, u64)> {
        let mut found = Vec::new();
        gather(&self.0, &mut found);
        found.sort();
        found
    }
}

fn gather(folder: &Path, found: &mut Vec<(String, u64)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            gather(&entry.path(), found);
        } else {
            let name = entry.file_name().into_string().unwrap();
            found.push((name, entry.metadata().unwrap().len()));
        }
    }
}

impl Drop for FilesFolder {
    fn drop(&mut self) {
        // Nothing was written where it isn't there.
        drop(fs::remove_dir_all(&self.0));
    }
}
