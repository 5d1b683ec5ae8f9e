//! Who may be placed together, and who waits: pure, it commits nothing and wakes nobody.
//!
//! Two batches that share a product would wait for each other's lock anyway, so a batch takes only orders that share none
//! with a batch under way: a hot product is sold by one batch after the other, ever fuller ones, while the rest of the
//! catalogue goes beside it; and where a stranger holds a row, only those wait who want it. Among those who want the same
//! product the first comes first: whoever is passed over keeps its products from those behind it, so that nobody who wants
//! two is overtaken for ever.

use std::collections::{HashSet, VecDeque};

use uuid::Uuid;

use crate::domain::idempotency::{IdempotencyKey, KeyedRequest};
use crate::domain::ids::ProductId;
use crate::domain::order::PlaceOrder;

/// What a batch may hold, and how many there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub orders: usize,
    pub batches: usize,
}

/// Names one that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// Another request under the same key waits or is under way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeyTaken;

/// By what an order is told from others: its key, and the products it wants.
#[derive(Debug, Clone, Default)]
pub(super) struct Claims {
    pub key: Option<(Uuid, IdempotencyKey)>,
    pub products: Vec<ProductId>,
}

impl Claims {
    pub(super) fn of(command: &PlaceOrder, request: Option<&KeyedRequest>) -> Self {
        let key = request.map(|request| (request.principal, request.key.clone()));
        let products = command.lines.iter().map(|line| line.product_id).collect();
        Self { key, products }
    }
}

struct Waiting<M> {
    ticket: Ticket,
    claims: Claims,
    member: M,
}

/// Those who go together, and what they claim until they are back.
#[derive(Debug)]
pub(super) struct Batch<M> {
    pub members: Vec<M>,
    pub claims: Vec<Claims>,
}

/// Those who wait, in the order in which they came, and what those claim who are under way.
pub(super) struct Line<M> {
    bounds: Bounds,
    waiting: VecDeque<Waiting<M>>,
    keys: HashSet<(Uuid, IdempotencyKey)>,
    products: HashSet<ProductId>,
    batches: usize,
    tickets: u64,
}

impl<M> std::fmt::Debug for Line<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

impl<M> Line<M> {
    pub(super) fn new(bounds: Bounds) -> Self {
        let (waiting, keys, products) = (VecDeque::new(), HashSet::new(), HashSet::new());
        Self { bounds, waiting, keys, products, batches: 0, tickets: 0 }
    }

    /// # Errors
    /// [`KeyTaken`] where the key is somebody's who waits or is under way.
    pub(super) fn join(&mut self, claims: Claims, member: M) -> Result<Ticket, KeyTaken> {
        if let Some(key) = &claims.key
            && !self.keys.insert(key.clone())
        {
            return Err(KeyTaken);
        }
        let ticket = Ticket(self.tickets);
        self.tickets += 1;
        self.waiting.push_back(Waiting { ticket, claims, member });
        Ok(ticket)
    }

    /// Gives up waiting; `false` where it is under way already, or back.
    pub(super) fn leave(&mut self, ticket: Ticket) -> bool {
        // They stand in the order of their tickets.
        let place = self.waiting.binary_search_by_key(&ticket, |waiting| waiting.ticket);
        let left = place.ok().and_then(|place| self.waiting.remove(place));
        let Some(left) = left else { return false };
        self.forget_key(&left.claims);
        true
    }

    /// The next to go together; to be asked until there is none.
    pub(super) fn take(&mut self) -> Option<Batch<M>> {
        if self.batches >= self.bounds.batches {
            return None;
        }
        let mut batch = Batch { members: Vec::new(), claims: Vec::new() };
        let mut passed_over = HashSet::new();
        let mut staying = VecDeque::new();
        while batch.members.len() < self.bounds.orders
            && let Some(waiting) = self.waiting.pop_front()
        {
            let wanted = &waiting.claims.products;
            let free = |product| !self.products.contains(product) && !passed_over.contains(product);
            if wanted.iter().all(free) {
                batch.members.push(waiting.member);
                batch.claims.push(waiting.claims);
            } else {
                passed_over.extend(wanted.iter().copied());
                staying.push_back(waiting);
            }
        }
        staying.append(&mut self.waiting);
        self.waiting = staying;
        if batch.members.is_empty() {
            return None;
        }
        self.batches += 1;
        self.products.extend(batch.claims.iter().flat_map(|claims| &claims.products));
        Some(batch)
    }

    /// A batch is back: what it claimed is free.
    pub(super) fn finish(&mut self, claims: &[Claims]) {
        self.batches = self.batches.saturating_sub(1);
        for claims in claims {
            self.forget_key(claims);
            for product in &claims.products {
                self.products.remove(product);
            }
        }
    }

    fn forget_key(&mut self, claims: &Claims) {
        if let Some(key) = &claims.key {
            self.keys.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};
    use uuid::Uuid;

    use super::{Batch, Bounds, Claims, KeyTaken, Line};
    use crate::domain::idempotency::IdempotencyKey;
    use crate::domain::ids::ProductId;

    fn product(number: u8) -> ProductId {
        Uuid::from_u128(u128::from(number)).into()
    }

    fn wanting(products: &[u8]) -> Claims {
        Claims { key: None, products: products.iter().copied().map(product).collect() }
    }

    fn under(key: &str) -> Claims {
        Claims { key: Some((Uuid::nil(), IdempotencyKey::parse(key).unwrap())), products: vec![] }
    }

    fn line(orders: usize, batches: usize) -> Line<usize> {
        Line::new(Bounds { orders, batches })
    }

    fn fill(line: &mut Line<usize>, orders: &[&[u8]]) {
        for (number, products) in orders.iter().enumerate() {
            line.join(wanting(products), number).unwrap();
        }
    }

    fn members(batch: Option<Batch<usize>>) -> Vec<usize> {
        batch.map_or_else(Vec::new, |batch| batch.members)
    }

    #[test]
    fn who_comes_alone_goes_at_once_and_who_comes_meanwhile_goes_together_afterwards() {
        let mut line = line(32, 1);
        fill(&mut line, &[&[1]]);
        let first = line.take().unwrap();
        fill(&mut line, &[&[1], &[2], &[1]]);
        assert!(line.take().is_none());
        line.finish(&first.claims);
        assert_eq!(members(line.take()), [0, 1, 2]);
    }

    #[test]
    fn a_batch_takes_no_product_of_one_under_way_and_leaves_the_rest_to_it() {
        let mut line = line(1, 3);
        fill(&mut line, &[&[1], &[1], &[2]]);
        let first = line.take().unwrap();
        assert_eq!(first.members, [0]);
        assert_eq!(members(line.take()), [2]);
        assert!(line.take().is_none());
        line.finish(&first.claims);
        assert_eq!(members(line.take()), [1]);
    }

    #[test]
    fn whoever_wants_two_products_is_not_overtaken_by_those_who_want_one_of_them() {
        let mut line = line(1, 3);
        fill(&mut line, &[&[1], &[1, 2], &[2], &[3]]);
        assert_eq!(members(line.take()), [0]);
        assert_eq!(members(line.take()), [3]);
        assert!(line.take().is_none());
    }

    #[test]
    fn a_key_is_taken_until_its_order_is_back_or_has_left() {
        let mut line = line(32, 1);
        line.join(under("k"), 0).unwrap();
        assert_eq!(line.join(under("k"), 1), Err(KeyTaken));
        let batch = line.take().unwrap();
        assert_eq!(line.join(under("k"), 2), Err(KeyTaken));
        line.finish(&batch.claims);
        let ticket = line.join(under("k"), 3).unwrap();
        assert!(line.leave(ticket));
        assert!(!line.leave(ticket));
        line.join(under("k"), 4).unwrap();
        assert_eq!(members(line.take()), [4]);
    }

    proptest! {
        #[test]
        fn everybody_goes_once_in_turn_and_never_beside_one_who_wants_the_same(
            orders in 1_usize..5,
            batches in 1_usize..4,
            wishes in prop::collection::vec(prop::collection::vec(0_u8..6, 1..4), 0..40),
            finishing in prop::collection::vec(0_usize..4, 0..80),
        ) {
            let mut line = line(orders, batches);
            for (number, products) in wishes.iter().enumerate() {
                line.join(wanting(products), number).unwrap();
            }
            let (mut under_way, mut gone) = (Vec::<Batch<usize>>::new(), Vec::new());
            let mut finishing = finishing.into_iter();
            loop {
                while let Some(batch) = line.take() {
                    prop_assert!((1..=orders).contains(&batch.members.len()));
                    gone.extend(batch.members.iter().copied());
                    under_way.push(batch);
                    prop_assert!(under_way.len() <= batches);
                    let claimed = |batch: &Batch<usize>| -> HashSet<ProductId> {
                        batch.claims.iter().flat_map(|claims| claims.products.clone()).collect()
                    };
                    let all: HashSet<_> = under_way.iter().flat_map(claimed).collect();
                    prop_assert_eq!(all.len(), under_way.iter().map(|b| claimed(b).len()).sum::<usize>());
                }
                if under_way.is_empty() {
                    break;
                }
                let next = finishing.next().unwrap_or(0) % under_way.len();
                line.finish(&under_way.remove(next).claims);
            }
            for number in 0..6 {
                let in_turn: Vec<_> = gone.iter().filter(|one| wishes[**one].contains(&number)).collect();
                prop_assert!(in_turn.is_sorted());
            }
            gone.sort_unstable();
            prop_assert_eq!(gone, (0..wishes.len()).collect::<Vec<_>>());
        }
    }
}
