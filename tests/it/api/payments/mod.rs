//! `/v1/payments` over the shipped router and a real gateway on a socket.

mod cancel;
mod capture;
mod create;
mod get;
mod list;
mod refund;

use crate::api::support::Answered;

/// Asserts that an answer is the stored one again, byte for byte.
fn assert_replays(first: &Answered, again: &Answered) {
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
}
