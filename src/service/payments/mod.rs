//! Payments: whatever is asked of the gateway is two transactions around one call.
//!
//! 1. *Claim* (`claim`): decide on locked rows; attempt under a fenced lease and running key commit together.
//! 2. *Call* (`call`): outside any transaction, in a task that outlives the client who asked.
//! 3. *Settle* (`settle`): compare-and-set on the attempt; payment, refund, order, journal, events and key in one
//!    commit, whoever learned the answer: the first caller, the same key later, the reconciler or a call-back.
//!
//! An answer that isn't known settles nothing: the attempt stays live, and [`reconcile_due`] asks again under the same
//! key of the gateway until it is. Money that comes after all was given up is never dropped (`late`). Locks are taken in
//! the order: order, payment, attempt.

mod call;
mod callback;
mod cancel;
mod capture;
mod charge;
mod claim;
mod counted;
mod error;
mod lapse;
mod late;
mod lease;
mod locked;
mod read;
mod reconcile;
mod refund;
mod settle;
mod settle_charge;
mod settle_refund;
mod unsettled;

use tokio_util::task::TaskTracker;

pub use callback::{Callback, receive};
pub use cancel::{CancelPayment, cancel};
pub use capture::{CapturePayment, capture};
pub use charge::charge;
pub use claim::{Progress, Unsettled};
pub use error::PaymentError;
pub use lapse::lapse_due;
pub use late::look_again_due;
pub use read::{find, find_refund, list, list_refunds};
pub use reconcile::reconcile_due;
pub(super) use refund::give_back_all_of;
pub use refund::{RefundPayment, refund};
pub use unsettled::{LiveByAge, UNSETTLED_FOR, count_live, report_unsettled};

use super::Services;
pub use crate::clients::payment_gateway::{CallbackError, NotAdmitted, SignedCallback};
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
