//! `/v1/orders`, one file an operation.

mod cancel;
mod fulfil;
mod get;
mod list;
mod place;
