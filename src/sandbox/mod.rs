//! The sandbox payment provider: a program of its own behind HTTP, so that Till is tried against a provider that can fail;
//! it imports nothing of Till but how a trace is carried on, and must not reach its database.
//!
//! # Protocol
//! JSON with `camelCase` members; money is an integer in the currency's minor unit; every refusal is
//! `{"error":{"code","message"}}`. `/v1/*` needs `Authorization: Bearer <api key>`; each `POST` there needs an
//! `Idempotency-Key` (1–255 visible ASCII). The same key and request answer the resource as it now is (200), the same key
//! with another request answers 409 `idempotency_key_reused`; keys are kept for ever.
//!
//! | call | answer |
//! | --- | --- |
//! | `POST /v1/charges` `{amount, currency, paymentMethod, capture, callbackUrl?, metadata?}` | 201 charge, a declined one too |
//! | `GET /v1/charges?key=`, `GET /v1/charges/{id}` | 200 charge |
//! | `POST /v1/charges/{id}/capture` `{amount}` | 200 charge; once, the rest is released |
//! | `POST /v1/charges/{id}/cancel` | 200 charge |
//! | `POST /v1/charges/{id}/refunds` `{amount}` | 201 refund; 409 `refund_exceeds_charge` beyond what was captured |
//! | `GET /v1/refunds?key=`, `GET /v1/operations?key=` | what a key did; 404 says it did nothing so far |
//!
//! After each change the `callbackUrl` of the charge gets a signed message ([`callbacks`]), at least once.
//!
//! What a payment method does stands in [`method`]. On the same port and without a key, `/sandbox/*` injects failures
//! ([`faults`]), settles `pm_async` charges, shows the record as an independent witness and takes history in bulk
//! ([`routes`]).
//!
//! # What is true
//! - A change is answered only when it is on disk ([`log`]); many concurrent changes share one flush. A reader never sees
//!   a change that a crash could take back.
//! - Deciding and recording are one step under one lock without an `await`, so a client that goes away, or a handler that is
//!   dropped, leaves a change whole or not made.
//! - The index lives in memory and is rebuilt from the log at the start; the log is never rewritten, except that a torn last
//!   line is cut off.

pub mod book;
pub mod callbacks;
pub mod charge;
pub mod clock;
pub mod decide;
pub mod entry;
pub mod faults;
pub mod flaky;
pub mod gateway;
pub mod ids;
pub mod import;
pub mod log;
pub mod method;
pub mod routes;
pub mod server;
pub mod settings;
pub mod settle;
pub mod terms;
pub mod wire;

pub use gateway::{Gateway, GatewayError};
pub use server::{ServeError, serve, serve_beside};
pub use settings::{CallbackPolicy, Delays, Settings};
