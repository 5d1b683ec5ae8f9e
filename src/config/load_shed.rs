//! Load shedding: whether it is on, and between what the limit of requests at work moves.

use std::time::Duration;

use super::reader::{Noted, Reader};
use super::value::number;
use super::{Exposure, Fault, Setting};

pub const LOAD_SHED: Setting = Setting {
    name: "TILL_LOAD_SHED",
    exposure: Exposure::Plain { flag: "load-shed" },
    expects: "on or off",
    default: Some("on"),
    example: "off",
    help: "Whether requests are refused (503, `overloaded`) that could not be answered soon: low ones first, checkout last.",
};

pub const LEAST: Setting = Setting {
    name: "TILL_LOAD_SHED_LEAST",
    exposure: Exposure::Plain { flag: "load-shed-least" },
    expects: "a whole number from 2 to 10000",
    default: Some("4"),
    example: "8",
    help: "The limit of requests at work never falls below this, however slow they are.",
};

pub const MOST: Setting = Setting {
    name: "TILL_LOAD_SHED_MOST",
    exposure: Exposure::Plain { flag: "load-shed-most" },
    expects: "a whole number from 2 to 10000",
    default: Some("400"),
    example: "200",
    help: "The limit of requests at work never rises above this, however fast they are.",
};

/// Many times what a request of ours takes even under strain, and little beside the lock timeout of the database.
const HANGS_AFTER: Duration = Duration::from_millis(300);

/// Load shedding; `None` where it is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadShed {
    /// Fewest requests that may be at work, 2 to 10 000 (`TILL_LOAD_SHED_LEAST`).
    pub least: u32,
    /// Most requests that may be at work, `least` to 10 000 (`TILL_LOAD_SHED_MOST`).
    pub most: u32,
    /// At work for so long, a request waits for something and does not work: its place is given to another.
    pub hangs_after: Duration,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Option<LoadShed>, Noted> {
    let on = reader.defaulted(&LOAD_SHED, |text| match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    });
    let least = reader.defaulted(&LEAST, |text| number(text, 2..=10_000));
    let most = reader.defaulted(&MOST, |text| number(text, 2..=10_000));
    let (on, least, most) = (on?, least?, most?);
    if least > most {
        let why = format!("{least} is more than {} allows ({most})", MOST.name);
        return Err(reader.note(&LEAST, Fault::Contradiction { why }));
    }
    Ok(on.then_some(LoadShed { least, most, hangs_after: HANGS_AFTER }))
}
