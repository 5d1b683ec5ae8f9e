//! `till openapi`: prints, writes or compares the OpenAPI documents it is given; it makes none itself.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::OpenapiArgs;

/// Where the committed documents are, from the repository's root.
const COMMITTED: &str = "openapi";

/// One document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its file, such as `v1.json`.
    pub file: &'static str,
    /// Its text, as it is committed.
    pub text: String,
}

/// The documents could not be written or are not the committed ones.
#[derive(Debug, thiserror::Error)]
pub enum OpenapiError {
    /// A file could not be read or written.
    #[error("{}: {source}", .file.display())]
    File {
        /// Which one.
        file: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// Standard output is closed.
    #[error("cannot print: {0}")]
    Print(#[source] io::Error),
    /// The committed document is an older one.
    #[error("{} differs from the code from line {line} on; run `till openapi --out openapi` and commit it", .file.display())]
    Drift {
        /// Which one.
        file: PathBuf,
        /// The first line that differs.
        line: usize,
    },
}

/// Prints the documents, writes them (`--out`) or compares them with the committed ones (`--check`).
///
/// # Errors
/// A file cannot be used, or a committed document differs.
pub fn run(args: &OpenapiArgs, documents: &[Document]) -> Result<(), OpenapiError> {
    for document in documents {
        match &args.out {
            Some(folder) => write(folder, document)?,
            None if args.check => compare(Path::new(COMMITTED), document)?,
            None => writeln!(io::stdout().lock(), "{}", document.text.trim_end())
                .map_err(OpenapiError::Print)?,
        }
    }
    Ok(())
}

fn write(folder: &Path, document: &Document) -> Result<(), OpenapiError> {
    let file = folder.join(document.file);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&file, &document.text))
        .map_err(|source| OpenapiError::File { file, source })
}

fn compare(folder: &Path, document: &Document) -> Result<(), OpenapiError> {
    let file = folder.join(document.file);
    let committed = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(source) => return Err(OpenapiError::File { file, source }),
    };
    if committed == document.text {
        return Ok(());
    }
    let same = committed.lines().zip(document.text.lines()).take_while(|(old, new)| old == new);
    Err(OpenapiError::Drift { line: same.count() + 1, file })
}

#[cfg(test)]
mod tests {
    use super::{Document, OpenapiError, compare, write};
    use crate::domain::ambient::Ambient;

    #[test]
    fn a_written_document_is_the_committed_one_until_a_line_changes() {
        let folder =
            std::env::temp_dir().join(format!("till-openapi-{}", Ambient::system().uuid()));
        let mut document = Document { file: "v1.json", text: "{\n  \"a\": 1\n}\n".to_owned() };
        write(&folder, &document).expect("written");
        assert!(compare(&folder, &document).is_ok());
        document.text = document.text.replace('1', "2");
        assert!(matches!(compare(&folder, &document), Err(OpenapiError::Drift { line: 2, .. })));
        std::fs::remove_dir_all(&folder).expect("removed");
        assert!(matches!(compare(&folder, &document), Err(OpenapiError::File { .. })));
    }
}
