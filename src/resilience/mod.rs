//! Mechanisms that keep a service standing and know no resource; each works alone in one process.

pub mod bulkhead;
pub mod cache;
pub mod circuit_breaker;
pub mod counts;
pub mod fail_point;
pub mod gather;
pub mod load_shed;
pub mod rate_limit;
