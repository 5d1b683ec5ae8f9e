//! What tests stand on: a database of their own, services under a hand-moved clock, people and goods; only the database has a test here.

pub mod balancer;
pub mod collector;
pub mod db;
pub mod directory;
pub mod factories;
pub mod files;
pub mod line;
pub mod lookup;
pub mod processes;
pub mod program;
pub mod promise;
pub mod rabbit;
pub mod receiver;
pub mod redis;
pub mod services;
pub mod smtp;
pub mod trace;
pub mod worker;

pub use services::{TestServices, author, services};
