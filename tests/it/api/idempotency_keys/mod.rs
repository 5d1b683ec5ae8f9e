//! `/v1/idempotency-keys`, one file an operation.

mod get;
