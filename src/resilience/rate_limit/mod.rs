//! Rate limits: how many requests one caller may make, by five algorithms, alike in one process and shared by many; who
//! the caller is, and what a refused request is told, is not decided here.
//!
//! [`Policy`] says what is counted and how, [`law`] decides, [`RateLimiter`] keeps: in the place that all instances share
//! ([`LimitStore`]; `clients/redis` has one), and in the process where there is none or it does not answer.

mod in_process;
pub mod law;
mod policy;
mod store;

pub use in_process::InProcess;
pub use law::Standing;
pub use policy::{Policy, SharedPolicy};
pub use store::{Intent, LimitStore, LimitStoreAway, RateLimiter};
