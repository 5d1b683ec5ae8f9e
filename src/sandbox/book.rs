//! The record in memory, by sequence, id and key; takes entries as they are and decides nothing.

use std::collections::{BTreeSet, HashMap};

use super::{
    charge::{Charge, Refund, State},
    entry::{Change, History, Operation},
    ids::{ChargeId, Key, RefundId},
};

/// Everything that was ever charged.
#[derive(Debug, Default)]
pub struct Book {
    filed: Vec<History>,
    places: HashMap<ChargeId, usize>,
    operations: HashMap<Key, Operation>,
    pending: BTreeSet<usize>,
}

impl Book {
    /// The charge of this id.
    #[must_use]
    pub fn charge(&self, id: ChargeId) -> Option<&Charge> {
        self.history(id).map(|history| &history.charge)
    }

    /// The charge of this id with its refunds.
    #[must_use]
    pub fn history(&self, id: ChargeId) -> Option<&History> {
        self.places.get(&id).and_then(|place| self.filed.get(*place))
    }

    /// What this key did.
    #[must_use]
    pub fn operation(&self, key: &Key) -> Option<&Operation> {
        self.operations.get(key)
    }

    /// The refund of this id on this charge.
    #[must_use]
    pub fn refund(&self, charge: ChargeId, id: RefundId) -> Option<&Refund> {
        self.history(charge)?.refunds.iter().find(|refund| refund.id == id)
    }

    /// Where a charge stands in the order of the record, from 1.
    #[must_use]
    pub fn seq(&self, id: ChargeId) -> Option<usize> {
        self.places.get(&id).map(|place| place + 1)
    }

    /// The charges after the `after`-th in the order they came, with their place from 1.
    pub fn after(&self, after: usize) -> impl Iterator<Item = (usize, &History)> {
        self.filed.iter().enumerate().skip(after).map(|(place, history)| (place + 1, history))
    }

    /// The charge that waits longest for its decision.
    #[must_use]
    pub fn longest_pending(&self) -> Option<&Charge> {
        let place = self.pending.first()?;
        self.filed.get(*place).map(|history| &history.charge)
    }

    /// Takes a charge's new state.
    pub fn change(&mut self, change: Change) {
        let Change { charge, operation, refund, event: _ } = change;
        let place = self.file(charge);
        if let Some((refund, history)) = refund.zip(self.filed.get_mut(place)) {
            history.refunds.push(refund);
        }
        if let Some(operation) = operation {
            self.operations.insert(operation.key.clone(), operation);
        }
    }

    /// Takes a charge of the past.
    pub fn import(&mut self, history: History) {
        let History { charge, refunds } = history;
        let made = Operation::making(&charge);
        let given_back: Vec<_> = refunds.iter().map(Operation::refunding).collect();
        let place = self.file(charge);
        if let Some(history) = self.filed.get_mut(place) {
            history.refunds = refunds;
        }
        for operation in given_back.into_iter().chain([made]) {
            self.operations.insert(operation.key.clone(), operation);
        }
    }

    fn file(&mut self, charge: Charge) -> usize {
        let place = *self.places.entry(charge.id).or_insert(self.filed.len());
        if charge.state == State::Processing {
            self.pending.insert(place);
        } else {
            self.pending.remove(&place);
        }
        match self.filed.get_mut(place) {
            Some(history) => history.charge = charge,
            None => self.filed.push(History { charge, refunds: Vec::new() }),
        }
        place
    }
}
