//! Version 2 of the API: what looks another way than in version 1, over the same use cases; no rule is decided here.

pub mod users;
