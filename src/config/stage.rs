//! `TILL_ENV`: whether this is someone's desk or someone's shop; it decides how strict the start is.

use super::reader::{Noted, Reader};
use super::{Exposure, Setting};

pub const ENV: Setting = Setting {
    name: "TILL_ENV",
    exposure: Exposure::Plain { flag: "env" },
    expects: "development or production",
    default: Some("development"),
    example: "production",
    help: "production refuses missing and guessable secrets and logs JSON; development makes what is missing.",
};

/// What is at stake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A developer's machine: what is missing is made.
    Development,
    /// Real customers: what is missing or guessable stops the start.
    Production,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Stage, Noted> {
    reader.defaulted(&ENV, |text| match text {
        "development" => Some(Stage::Development),
        "production" => Some(Stage::Production),
        _ => None,
    })
}
