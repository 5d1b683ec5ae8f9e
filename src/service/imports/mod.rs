//! Lists of products: received into the store of files as they come, read in by a worker row by row.
//!
//! A row is taken whole or not at all, and a row that is refused holds up no other. A `sku` that is there already is
//! updated: a list is what its sender's books say, and sending it twice is as good as once. Rows are applied a batch at a
//! time, in one transaction with how far the job is: a worker that takes over goes on behind the last batch, and no row
//! counts twice.

mod apply;
mod list;
mod read_in;
mod receive;
mod request;

pub(in crate::service) use read_in::read_in;
pub use receive::{MAX_BYTES, Received, Upload};
pub use request::request;
