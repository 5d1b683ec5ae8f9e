//! Use cases of orders; stock is always locked in id order and after the order it is for, so that nobody waits in a circle.

mod batch;
mod cancel;
mod error;
mod expire;
mod fulfil;
mod gather;
mod place;
mod read;
mod release;

pub use batch::{Wish, place_batch};
pub use cancel::{CancelOrder, cancel};
pub use error::OrderError;
pub use expire::expire_due;
pub use fulfil::fulfil;
pub use gather::Gatherer;
pub use place::place;
pub use read::{find, list};
