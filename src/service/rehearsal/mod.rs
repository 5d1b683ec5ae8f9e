//! Rehearsing failures: makes the sandbox gateway fail and sends a burst of shoppers, so that one can watch what protects the
//! service; for `till up` alone, no deployment has any of it.
//!
//! Whatever a rehearsal does goes in by the doors that everybody has: the burst is HTTP requests at the public listener, by
//! accounts that registered and signed in, under the limits of everybody; the gateway's faults are the sandbox's own.

mod burst;
mod gateway;
mod shopper;

pub use burst::{Burst, BurstParts, BurstShown, LASTS, Running, SHOPPERS, Tally};
pub use gateway::{GatewayRehearsal, Mood};

pub use crate::clients::payment_gateway::{GatewayError, SandboxFaults};
pub use crate::clients::storefront::Storefront;
