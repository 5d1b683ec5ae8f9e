//! Use cases: each owns its transaction, and none knows HTTP, a broker or a status code.

pub mod health;
