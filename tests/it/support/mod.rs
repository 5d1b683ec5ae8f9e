//! What tests stand on: a database of their own, services under a hand-moved clock, people and goods; no test lives here but of these.

pub mod db;
pub mod services;

pub use services::{TestServices, services};
