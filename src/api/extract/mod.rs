//! What a handler's parameters are made from: each extractor reads one part of a request strictly; none knows a resource.

pub mod fields;
pub mod json;

pub use fields::{Fields, Parse};
pub use json::{JsonBody, ValidJson};
