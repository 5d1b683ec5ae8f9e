//! What becomes of operations that a newer version replaces, once their announced end has come.

use super::reader::{Noted, Reader};
use super::{Exposure, Setting};

pub const RETIRE_AFTER_SUNSET: Setting = Setting {
    name: "TILL_RETIRE_AFTER_SUNSET",
    exposure: Exposure::Plain { flag: "retire-after-sunset" },
    expects: "on or off",
    default: Some("off"),
    example: "on",
    help: "Whether operations are refused (410, `version_retired`) once the date of their Sunset header is past. GET /v1/deprecated-calls tells who still needs them.",
};

/// How an operation past its sunset is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterSunset {
    /// It goes on as before.
    Answer,
    /// It is refused.
    Retire,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<AfterSunset, Noted> {
    reader.defaulted(&RETIRE_AFTER_SUNSET, |text| match text {
        "on" => Some(AfterSunset::Retire),
        "off" => Some(AfterSunset::Answer),
        _ => None,
    })
}
