//! Mail as files in a folder, for machines without a mail server: the letter as it would travel, and what a page shows of it.

use std::io;
use std::path::{Path, PathBuf};

use futures_util::future::{BoxFuture, FutureExt};
use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::fs;

use super::letter::letter;
use super::{Mail, MailError, Mailer};

/// A folder that takes mail, and shows what it took.
#[derive(Debug, Clone)]
pub struct MailFolder {
    folder: PathBuf,
    from: Mailbox,
}

/// A mail in the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiledMail {
    /// Also the names of its files.
    pub id: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    #[serde(with = "time::serde::rfc3339")]
    pub date: OffsetDateTime,
}

impl MailFolder {
    /// The folder may not exist yet.
    pub fn new(folder: PathBuf, from: Mailbox) -> Self {
        Self { folder, from }
    }

    /// The newest mails first, at most so many.
    ///
    /// # Errors
    /// The folder can't be read.
    pub async fn list(&self, most: usize) -> io::Result<Vec<FiledMail>> {
        let mut entries = match fs::read_dir(&self.folder).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut mails = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            let path = entry.path();
            if path.extension().is_some_and(|end| end == "json") {
                mails.extend(read_mail(&path).await?);
            }
        }
        mails.sort_by(|one, other| (other.date, &other.id).cmp(&(one.date, &one.id)));
        mails.truncate(most);
        Ok(mails)
    }

    /// # Errors
    /// The mail is there and can't be read.
    pub async fn find(&self, id: &str) -> io::Result<Option<FiledMail>> {
        if !is_plain(id) {
            return Ok(None);
        }
        read_mail(&self.path(id, "json")).await
    }

    /// The letter (RFC 5322) as it would travel.
    ///
    /// # Errors
    /// The mail is there and can't be read.
    pub async fn find_letter(&self, id: &str) -> io::Result<Option<Vec<u8>>> {
        if !is_plain(id) {
            return Ok(None);
        }
        absent_is_none(fs::read(self.path(id, "eml")).await)
    }

    fn path(&self, id: &str, end: &str) -> PathBuf {
        self.folder.join(format!("{id}.{end}"))
    }

    /// A copy replaces the first one. What is listed comes last, so that a listed mail is whole.
    async fn file(&self, mail: &Mail) -> Result<(), MailError> {
        let letter = letter(mail, &self.from)?.formatted();
        let filed = FiledMail {
            id: mail.id.clone(),
            to: format!("{} <{}>", mail.to_name, mail.to_address),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            html: mail.html.clone(),
            date: mail.date,
        };
        let shown =
            serde_json::to_vec(&filed).map_err(|error| MailError::Permanent(error.into()))?;
        let write = async {
            fs::create_dir_all(&self.folder).await?;
            write_whole(&self.path(&mail.id, "eml"), &letter).await?;
            write_whole(&self.path(&mail.id, "json"), &shown).await
        };
        write.await.map_err(|error: io::Error| MailError::Temporary(error.into()))
    }
}

impl Mailer for MailFolder {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        self.file(mail).boxed()
    }
}

/// Whether it can be nothing but a name in the folder.
fn is_plain(id: &str) -> bool {
    // Longer than any name of ours, shorter than any that a file may not have.
    id.len() <= 128
        && id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

/// Whoever reads sees the whole file or none.
async fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_added_extension("part");
    fs::write(&unfinished, bytes).await?;
    fs::rename(&unfinished, path).await
}

async fn read_mail(path: &Path) -> io::Result<Option<FiledMail>> {
    let Some(bytes) = absent_is_none(fs::read(path).await)? else { return Ok(None) };
    Ok(Some(serde_json::from_slice(&bytes)?))
}

fn absent_is_none<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
