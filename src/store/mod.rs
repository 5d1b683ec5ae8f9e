//! All SQL: plain async functions on a connection; no transaction begins or ends here and no rule is decided.

pub mod health;
