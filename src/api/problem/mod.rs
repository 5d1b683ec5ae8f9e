//! Every error a client can get (RFC 9457): the catalogue of codes and the one way to answer with one of them.

mod body;
mod catalogue;
mod challenge;
mod entry;
mod field_error;

pub use body::{MAX_ERRORS, MEDIA_TYPE, Problem};
pub use catalogue::ProblemCode;
pub use entry::{Entry, Retry};
pub use field_error::{FieldError, Location};
