//! The operator listener: metrics, health and sandbox controls; never reachable from the public one.
