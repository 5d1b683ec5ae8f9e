//! `/v1/products`: the catalogue as clients see it; caches nothing and decides nothing.

pub mod body;
