//! Several processes of the production programs beside each other: they start in any order, share the work, and end cleanly.

mod balanced;
pub mod deployment;
mod limits;
mod metrics;
mod reports;
mod secrets;
mod start;
mod till_up;
