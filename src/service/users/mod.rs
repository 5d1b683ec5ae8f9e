//! Accounts: registering, reading, changing and erasing them; who may call what was decided by the caller's scopes.

pub mod erase;
pub mod error;
pub mod first_admin;
pub mod read;
pub mod register;
pub mod update;
pub mod update_me;

pub use error::UserError;
