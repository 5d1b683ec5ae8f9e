//! `/v1/auth`, one file an operation.

mod refresh;
mod revoke;
mod revoke_all;
mod token;
