//! What a call means against the record as it stands: a replay, a change or a refusal; changes nothing itself.

use time::OffsetDateTime;

use super::{
    book::Book,
    charge::{Charge, Opening, Refund, Settlement, State, TransitionError},
    entry::{Change, EventKind, EventStamp, Operation, OperationKind},
    ids::{ChargeId, EventId, Key},
    terms::{Amount, Terms},
};

/// What is to be done about a call.
#[derive(Debug)]
pub enum Decision {
    /// Its key did this already.
    Replay(Operation),
    /// This is to be recorded.
    Commit(Box<Change>),
}

/// Why a call is refused on the record as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The key did something else.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// No charge of this id.
    #[error("there is no such charge")]
    UnknownCharge,
    /// The charge cannot do that.
    #[error(transparent)]
    Transition(#[from] TransitionError),
}

/// A client's call on an existing charge.
#[derive(Debug, Clone)]
pub struct Call {
    /// The client's key.
    pub key: Key,
    /// On which charge.
    pub charge_id: ChargeId,
}

/// Asks for a charge.
pub fn charge(
    book: &Book,
    key: Key,
    terms: Terms,
    opening: Opening,
    now: OffsetDateTime,
) -> Result<Decision, Refusal> {
    if let Some(done) = book.operation(&key) {
        let same = done.kind == OperationKind::Charge
            && book.charge(done.charge_id).is_some_and(|charge| charge.terms == terms);
        return if same { Ok(Decision::Replay(done.clone())) } else { Err(Refusal::KeyReused) };
    }
    let charge = Charge::open(key, terms, opening, now);
    Ok(commit(Some(Operation::making(&charge)), None, charge))
}

/// Takes what was set aside.
pub fn capture(
    book: &Book,
    call: Call,
    amount: Amount,
    now: OffsetDateTime,
) -> Result<Decision, Refusal> {
    let operation = operation(call, OperationKind::Capture, Some(amount), now);
    if let Some(replay) = replay(book, &operation)? {
        return Ok(replay);
    }
    let charge = found(book, operation.charge_id)?.capture(amount, now)?;
    Ok(commit(Some(operation), None, charge))
}

/// Releases what was set aside.
pub fn cancel(book: &Book, call: Call, now: OffsetDateTime) -> Result<Decision, Refusal> {
    let operation = operation(call, OperationKind::Cancel, None, now);
    if let Some(replay) = replay(book, &operation)? {
        return Ok(replay);
    }
    let charge = found(book, operation.charge_id)?.cancel(now)?;
    Ok(commit(Some(operation), None, charge))
}

/// Gives money back.
pub fn refund(
    book: &Book,
    call: Call,
    amount: Amount,
    now: OffsetDateTime,
) -> Result<Decision, Refusal> {
    let operation = operation(call, OperationKind::Refund, Some(amount), now);
    if let Some(replay) = replay(book, &operation)? {
        return Ok(replay);
    }
    let charge = found(book, operation.charge_id)?;
    let (charge, refund) = charge.refund(operation.key, amount, now)?;
    Ok(commit(Some(Operation::refunding(&refund)), Some(refund), charge))
}

/// Decides a pending charge; no client's call, so it has no key.
pub fn settle(
    book: &Book,
    id: ChargeId,
    how: Settlement,
    now: OffsetDateTime,
) -> Result<Decision, Refusal> {
    let charge = found(book, id)?.settle(how, now)?;
    Ok(commit(None, None, charge))
}

fn found(book: &Book, id: ChargeId) -> Result<&Charge, Refusal> {
    book.charge(id).ok_or(Refusal::UnknownCharge)
}

fn operation(
    call: Call,
    kind: OperationKind,
    amount: Option<Amount>,
    now: OffsetDateTime,
) -> Operation {
    let Call { key, charge_id } = call;
    Operation { key, kind, charge_id, amount, refund_id: None, created_at: now }
}

fn replay(book: &Book, asked: &Operation) -> Result<Option<Decision>, Refusal> {
    let Some(done) = book.operation(&asked.key) else { return Ok(None) };
    let same =
        (done.kind, done.charge_id, done.amount) == (asked.kind, asked.charge_id, asked.amount);
    if same { Ok(Some(Decision::Replay(done.clone()))) } else { Err(Refusal::KeyReused) }
}

fn commit(operation: Option<Operation>, refund: Option<Refund>, charge: Charge) -> Decision {
    let kind = match (&refund, charge.state) {
        (Some(_), _) => Some(EventKind::RefundSucceeded),
        (None, State::Processing) => None,
        (None, State::Authorized) => Some(EventKind::ChargeAuthorized),
        (None, State::Captured { .. }) => Some(EventKind::ChargeCaptured),
        (None, State::Declined { .. }) => Some(EventKind::ChargeDeclined),
        (None, State::Canceled) => Some(EventKind::ChargeCanceled),
    };
    let event = kind
        .filter(|_| charge.terms.callback_url.is_some())
        .map(|kind| EventStamp { id: EventId::fresh(), kind });
    Decision::Commit(Box::new(Change { charge, operation, refund, event }))
}
