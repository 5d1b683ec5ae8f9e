//! For how long the audit log is kept.

use std::time::Duration;

use super::reader::{Noted, Reader};
use super::value::duration;
use super::{Exposure, Setting};

pub const AUDIT_LOG_KEEP: Setting = Setting {
    name: "TILL_AUDIT_LOG_KEEP",
    exposure: Exposure::Plain { flag: "audit-log-keep" },
    expects: "a duration from 30d to 3650d",
    default: Some("365d"),
    example: "730d",
    help: "How long entries of the audit log are kept; addresses in it go after 90 days at the latest.",
};

/// The audit log.
#[derive(Debug, Clone, Copy)]
pub struct AuditLog {
    /// How long an entry is kept, 30 to 3650 days (`TILL_AUDIT_LOG_KEEP`).
    pub keep: Duration,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<AuditLog, Noted> {
    const DAY: u64 = 24 * 60 * 60;
    let keep = reader.defaulted(&AUDIT_LOG_KEEP, |text| {
        duration(text, Duration::from_secs(30 * DAY)..=Duration::from_secs(3_650 * DAY))
    });
    Ok(AuditLog { keep: keep? })
}
