//! Payments: charging a customer is two transactions around one call to the gateway.
//!
//! 1. *Claim* ([`charge()`]): payment `processing`, attempt under a fenced lease and running key commit together.
//! 2. *Call*: outside any transaction, in a task that outlives the client who asked.
//! 3. *Settle* (`settle`): compare-and-set on the attempt; payment, order, journal, events and key in one commit.
//!
//! An answer that isn't known settles nothing: the payment stays `processing`, and [`reconcile_due`] looks the charge
//! up under our key until it is. Locks are taken in the order: order, payment, attempt.

mod charge;
mod error;
mod read;
mod reconcile;
mod settle;

use tokio_util::task::TaskTracker;

pub use charge::{Charged, charge};
pub use error::PaymentError;
pub use read::{find, list};
pub use reconcile::reconcile_due;

use super::Services;
pub use crate::clients::payment_gateway::NotAdmitted;
use crate::clients::payment_gateway::{CallbackVerifier, GuardedGateway};
pub use crate::store::payments::PaymentFilter;

/// Where the gateway reaches us, below the public address.
pub const CALLBACK_PATH: &str = "/v1/gateway/callbacks";

/// What the use cases about payments are given.
#[derive(Debug, Clone)]
pub struct Payments {
    pub services: Services,
    pub gateway: GuardedGateway,
    /// Calls under way; waited for before the program ends.
    pub tasks: TaskTracker,
    /// Where the gateway tells of later changes.
    pub callback_url: Option<String>,
    /// Makes sure that it is the gateway who tells.
    pub callbacks: CallbackVerifier,
}
