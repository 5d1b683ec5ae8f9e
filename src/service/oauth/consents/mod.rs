//! What people let applications do for them: given at the page that asks, listed and taken back by themselves.

mod give;

pub(in crate::service) use give::give;
