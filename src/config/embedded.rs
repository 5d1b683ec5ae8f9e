//! Where the programs of the private Postgres are looked for; only `till up` uses it.

use std::path::PathBuf;

use super::reader::{Noted, Reader};
use super::{Exposure, Setting};

pub const PG_BIN: Setting = Setting {
    name: "PG_BIN",
    exposure: Exposure::Plain { flag: "pg-bin" },
    expects: "a folder that holds the program `postgres`",
    default: None,
    example: "/usr/lib/postgresql/17/bin",
    help: "Folder of Postgres' programs for `till up`. Unset: PATH, then the usual places.",
};

/// Where Postgres' programs may be.
#[derive(Debug)]
pub struct Embedded {
    /// The folder that was given (`PG_BIN`); it holds a `postgres`.
    pub pg_bin: Option<PathBuf>,
    /// The folders of `PATH`.
    pub search_path: Vec<PathBuf>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Embedded, Noted> {
    let search_path = reader.environment().search_path();
    let pg_bin = reader.optional(&PG_BIN, |text| {
        let folder = std::path::absolute(text).ok()?;
        folder.join("postgres").is_file().then_some(folder)
    })?;
    Ok(Embedded { pg_bin, search_path })
}
