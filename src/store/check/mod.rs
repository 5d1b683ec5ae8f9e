//! What must be true of the whole database, asked as queries that name the rows where it is not; they change nothing.
//!
//! Each answers with at most `most` rows, so that the memory it takes is bounded however much is wrong.

pub mod gateway;
pub mod journal;
pub mod keys;
pub mod orders;
pub mod payments;
pub mod stock;

/// A row that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offence {
    /// Which row, such as `order 0199…`.
    pub row: String,
    /// What it says, and what it should.
    pub detail: String,
}
