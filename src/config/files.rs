//! Where reports and uploaded lists lie: a folder, or a bucket of an S3-compatible store.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::reader::{Noted, Reader};
use super::{DataDir, Exposure, Setting};

pub const FILES_URL: Setting = Setting {
    name: "TILL_FILES_URL",
    exposure: Exposure::Plain { flag: "files-url" },
    expects: "a file:/// or s3:// URL",
    default: None,
    example: "s3://till-reports/production",
    help: "Where reports and uploads lie, the same for every API and worker: file:///folder, or s3://bucket/prefix with the usual AWS_* variables. Unset: TILL_DATA_DIR/files.",
};

/// Where files lie.
#[derive(Debug, Clone)]
pub struct Files {
    /// The place (`TILL_FILES_URL`).
    pub place: FilesPlace,
    /// Where a file may lie while it is made: `tmp` of the data directory.
    pub scratch: PathBuf,
}

#[derive(Debug, Clone)]
pub enum FilesPlace {
    Folder(PathBuf),
    Bucket {
        url: Url,
        /// The `AWS_*` variables by name, whatever they are.
        variables: Vec<(String, SecretString)>,
    },
}

pub(super) fn read(
    reader: &mut Reader<'_>,
    data_dir: Result<&DataDir, Noted>,
) -> Result<Files, Noted> {
    let url = reader.optional(&FILES_URL, |text| {
        let url = Url::parse(text).ok()?;
        let plain = url.username().is_empty() && url.query().is_none() && url.fragment().is_none();
        let named = match url.scheme() {
            "file" => url.to_file_path().is_ok(),
            "s3" => url.has_host(),
            _ => false,
        };
        (plain && named).then_some(url)
    })?;
    let data_dir = data_dir?;
    let place = match url {
        None => FilesPlace::Folder(data_dir.join("files")),
        Some(url) => match url.to_file_path() {
            Ok(folder) if url.scheme() == "file" => FilesPlace::Folder(folder),
            _ => FilesPlace::Bucket { url, variables: reader.environment().starting_with("AWS_") },
        },
    };
    Ok(Files { place, scratch: data_dir.join("tmp") })
}
