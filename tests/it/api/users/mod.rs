//! `/v1/users`, one file an operation.

mod delete_me;
mod get;
mod list;
mod register;
mod update;
mod update_me;
