//! What people let applications do for them: given at the page that asks, listed and taken back by themselves.

mod error;
mod give;
mod list;
mod withdraw;

pub use error::ConsentError;
pub use give::give;
pub use list::list;
pub use withdraw::withdraw;
