//! The console: the page and its figures, and the panel of `till up` that breaks things so that one sees them survive.

mod page;
mod panel;
