//! What the payment gateway tells us, and what comes of it.

pub mod callbacks;
