//! What happened, for those who ask later and for the endpoints that are told of it; nothing happens here.

mod read;
mod record;

pub use read::{find, list};
pub use record::{EVENTS, RecordError, RecordOutcome, record};
