//! Files that are written once, as a whole, and read in parts: a folder or a bucket; what is in them is not known here.
//!
//! A file is there under its key when [`NewFile::finish`] has returned, and not before: a folder gets it by a rename, a
//! bucket by the completion of an upload. Whoever dies half-way leaves nothing that can be read, but perhaps parts, which
//! [`Files::remove_all`] sweeps out of a folder; a bucket has a lifecycle rule for parts that were never completed.

use std::io;
use std::ops::Range;
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;

use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, parse_url_opts};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use crate::config::{self, FilesPlace};

pub use hyper::body::Bytes;

/// Parts of a large file: what an S3 asks for at the least. Two are on their way at a time and one is filled, so that a
/// file takes some 15 MiB of memory however long it is.
const PART: usize = 5 * 1024 * 1024;
const PARTS_AT_ONCE: usize = 2;

/// The store of files.
#[derive(Debug, Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    /// The folder, where it is one.
    folder: Option<PathBuf>,
    scratch: PathBuf,
}

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("the file store failed: {0}")]
    Store(#[from] object_store::Error),
    #[error("the file store failed: {0}")]
    Io(#[from] io::Error),
}

impl Files {
    /// The store of this configuration. A folder is made where it is missing; nothing else is called yet.
    ///
    /// # Errors
    /// [`FileError`]: the folder can't be made, or the bucket's settings make no sense.
    pub fn open(settings: &config::Files) -> Result<Self, FileError> {
        std::fs::create_dir_all(&settings.scratch)?;
        let scratch = settings.scratch.clone();
        match &settings.place {
            FilesPlace::Folder(folder) => {
                std::fs::create_dir_all(folder)?;
                let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
                Ok(Self { store: Arc::new(store), folder: Some(folder.clone()), scratch })
            }
            FilesPlace::Bucket { url, variables } => {
                let options = variables.iter().map(|(name, value)| {
                    (name.to_ascii_lowercase(), value.expose_secret().to_owned())
                });
                let (store, prefix) = parse_url_opts(url, options)?;
                let store = Arc::new(PrefixStore::new(store, prefix));
                Ok(Self { store, folder: None, scratch })
            }
        }
    }

    /// The same folders, through another store.
    #[must_use]
    pub fn through(&self, wrap: impl FnOnce(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>) -> Self {
        Self { store: wrap(Arc::clone(&self.store)), ..self.clone() }
    }

    /// Where a file may lie while it is made.
    pub fn scratch(&self) -> &FsPath {
        &self.scratch
    }

    /// Begins a file; nothing is there under the key yet.
    pub fn create(&self, key: &str) -> NewFile {
        let writer = BufWriter::with_capacity(Arc::clone(&self.store), Path::from(key), PART);
        NewFile {
            writer: writer.with_max_concurrency(PARTS_AT_ONCE),
            written: Written { bytes: 0, sha256: Sha256::new() },
        }
    }

    /// The file from a byte to another, in pieces.
    ///
    /// # Errors
    /// [`FileError`]: it isn't there, or the store doesn't answer.
    pub async fn read(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, Result<Bytes, FileError>>, FileError> {
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let found = self.store.get_opts(&Path::from(key), options).await?;
        Ok(found.into_stream().map_err(FileError::from).boxed())
    }

    /// Removes the file, where it is there.
    ///
    /// # Errors
    /// [`FileError`]: the store doesn't answer.
    pub async fn remove(&self, key: &str) -> Result<(), FileError> {
        match self.store.delete(&Path::from(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The names of the folders in this one.
    ///
    /// # Errors
    /// [`FileError`]: the store doesn't answer.
    pub async fn folders(&self, within: &str) -> Result<Vec<String>, FileError> {
        let found = self.store.list_with_delimiter(Some(&Path::from(within))).await?;
        let name = |path: &Path| path.filename().map(str::to_owned);
        Ok(found.common_prefixes.iter().filter_map(name).collect())
    }

    /// Removes all that lies below, with what was never finished.
    ///
    /// # Errors
    /// [`FileError`]: the store doesn't answer.
    pub async fn remove_all(&self, below: &str) -> Result<(), FileError> {
        if let Some(folder) = &self.folder {
            return match tokio::fs::remove_dir_all(folder.join(below)).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
                Ok(()) | Err(_) => Ok(()),
            };
        }
        let found = self.store.list(Some(&Path::from(below)));
        let keys = found.map_ok(|object| object.location).boxed();
        self.store.delete_stream(keys).try_for_each(async |_removed| Ok(())).await?;
        Ok(())
    }
}

/// A file that is being written.
#[derive(Debug)]
pub struct NewFile {
    writer: BufWriter,
    written: Written,
}

/// What was written.
#[derive(Debug, Clone)]
pub struct Written {
    pub bytes: u64,
    sha256: Sha256,
}

impl Written {
    /// SHA-256 of it.
    pub fn digest(&self) -> [u8; 32] {
        self.sha256.clone().finalize().into()
    }
}

impl NewFile {
    /// # Errors
    /// [`FileError`]: then the file is not to be finished but aborted.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), FileError> {
        self.written.sha256.update(&bytes);
        self.written.bytes += u64::try_from(bytes.len()).unwrap_or(0);
        Ok(self.writer.put(bytes).await?)
    }

    /// How much it is by now.
    pub fn bytes(&self) -> u64 {
        self.written.bytes
    }

    /// The file is there, whole, when this returns.
    ///
    /// # Errors
    /// [`FileError`]: then nothing is there.
    pub async fn finish(mut self) -> Result<Written, FileError> {
        self.writer.shutdown().await?;
        Ok(self.written)
    }

    /// Nothing will be there.
    pub async fn abort(mut self) {
        if let Err(error) = self.writer.abort().await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "parts of an unfinished file were left behind");
        }
    }
}
