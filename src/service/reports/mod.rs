//! Reports: asked for, made by a worker, downloaded; their rows pass through, so that their number takes no memory.
//!
//! What is asked for is a [`crate::domain::job::Job`]; see [`super::jobs`] for how it is kept. All rows of one report but
//! a reconciliation come from one unchanging view of the database.

mod download;
mod encode;
mod make;
mod reconcile;
mod request;
mod sink;

pub use download::{Download, open};
pub(in crate::service) use make::make;
pub use request::{RequestReport, request};
