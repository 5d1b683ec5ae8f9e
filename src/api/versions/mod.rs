//! Which operations are on their way out, and what is said of them; who still calls them is counted by `service`.

pub mod policy;
pub mod retirement;
pub mod told;

pub use policy::{DEPRECATIONS, Deprecation};
pub use retirement::Versions;
