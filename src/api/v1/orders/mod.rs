//! `/v1/orders`: orders as clients see them; decides nothing.

pub mod body;
