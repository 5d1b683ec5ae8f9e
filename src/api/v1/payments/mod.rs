//! `/v1/payments`: payments and refunds as clients see them; decides nothing.

pub mod body;
