//! Opens the log file for one process and reads it back; writes nothing but the cut of a torn last line.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    path::Path,
};

use super::{OpenLogError, frame};

/// The file, locked and positioned at its end, after each whole line went to `take`.
pub fn open(
    path: &Path,
    take: impl FnMut(&[u8]) -> Result<(), serde_json::Error>,
) -> Result<File, OpenLogError> {
    let io = |source| OpenLogError::Io { path: path.into(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(io)?;
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenLogError::InUse(path.into())),
        Err(TryLockError::Error(source)) => return Err(io(source)),
    }
    // The name of a new file is on disk only once its folder is.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;

    let whole = read(path, &file, take)?;
    let length = file.metadata().map_err(io)?.len();
    if whole < length {
        tracing::warn!(
            path = %path.display(),
            bytes = length - whole,
            "cut off a torn last line of the gateway's record; it was never answered"
        );
        file.set_len(whole).and_then(|()| file.sync_all()).map_err(io)?;
    }
    file.seek(SeekFrom::Start(whole)).map_err(io)?;
    Ok(file)
}

/// Hands over the lines and returns how many bytes of them are whole.
fn read(
    path: &Path,
    file: &File,
    mut take: impl FnMut(&[u8]) -> Result<(), serde_json::Error>,
) -> Result<u64, OpenLogError> {
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    let mut offset = 0_u64;
    let mut torn = false;
    while next_line(&mut reader, &mut line)
        .map_err(|source| OpenLogError::Io { path: path.into(), source })?
    {
        match frame::decode(&line) {
            Some(_) if torn => return Err(OpenLogError::Damaged { path: path.into(), offset }),
            Some(json) => {
                take(json).map_err(|source| OpenLogError::Unreadable {
                    path: path.into(),
                    offset,
                    source,
                })?;
                offset += u64::try_from(line.len()).unwrap_or(u64::MAX);
            }
            // More than one line can be torn: a crash may keep any part of the last, unanswered write.
            None => torn = true,
        }
    }
    Ok(offset)
}

fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    reader.read_until(b'\n', line).map(|read| read > 0)
}
