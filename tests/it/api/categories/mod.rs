//! `/v1/categories`, one file an operation.

mod list;
