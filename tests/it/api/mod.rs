//! The HTTP interface as its clients see it, over the real router in process.

mod declared;
mod edge;
mod openapi;
mod orders;
mod pages;
mod support;
