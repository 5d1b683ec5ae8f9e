//! Orders: how many of them may share a transaction.

use super::reader::{Noted, Reader};
use super::value::number;
use super::{Exposure, Setting};

pub const PER_COMMIT: Setting = Setting {
    name: "TILL_ORDERS_PER_COMMIT",
    exposure: Exposure::Plain { flag: "orders-per-commit" },
    expects: "a whole number from 1 to 100",
    default: Some("32"),
    example: "1",
    help: "Orders that come while others are written are written together, up to so many; none waits for company. 1 writes each by itself.",
};

/// The placing of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orders {
    /// Most orders of one transaction, 1 to 100 (`TILL_ORDERS_PER_COMMIT`).
    pub per_commit: u32,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Orders, Noted> {
    let per_commit = reader.defaulted(&PER_COMMIT, |text| number(text, 1..=100))?;
    Ok(Orders { per_commit })
}
