//! The audit log: who did what to what, from where, written in the transaction of the change, read by administrators.
//!
//! 1. *Write* ([`record`]): a use case that changes something takes the [`Author`] of the request and runs in
//!    [`transact_audited`], whose work can only end in an [`Audited`] value. There are two ways to one: to write the entry, or
//!    to say that nothing was changed. So an entry and its change are there together or not at all, and none is forgotten
//!    without a word.
//! 2. *Count* (`refused`): a wrong password changes nothing, at sign-in or where it is asked for again. It is counted in memory and written once a minute, so that
//!    who guesses neither makes the log grow with each guess nor sees by the time whether there is such an account. What
//!    was typed is not kept: it may be a password.
//! 3. *Read* ([`list`]): nobody but administrators, and what was written stays as it was.
//!
//! # What is kept of people, and for how long
//! An entry holds ids, names of members and sums, no text that anybody wrote; it only grows, which the database itself makes
//! sure of, and goes after `TILL_AUDIT_LOG_KEEP` by one function of the database. The address and the name of the client's
//! program are personal data: they stand beside it, go after [`ORIGINS_LIVE`], and at once with the account that they tell
//! of. An erased account is its id, here as everywhere.

mod audited;
mod read;
mod refused;

use time::Duration;

pub use self::audited::Audited;
pub(in crate::service) use self::audited::{record, transact_audited};
pub use self::read::list;
pub use self::refused::{EVERY, Refused, flush_refused, keep_flushing};
pub use crate::domain::audit::{Act, Actor, AuditFilter, Author, Credential, Entry, Target};

/// How long it is known from where an entry came.
pub const ORIGINS_LIVE: Duration = Duration::days(90);
