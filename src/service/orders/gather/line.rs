//! Who may be placed together, and who waits: pure, it commits nothing and wakes nobody.
//!
//! Two batches that share a product would wait for each other's lock anyway, so a batch takes only orders that share none
//! with a batch under way: a hot product is sold by one batch after the other, ever fuller ones, while the rest of the
//! catalogue goes beside it. Among those who want the same product the first comes first: whoever is passed over keeps its
//! products from those behind it, so that nobody who wants two is overtaken for ever.
//!
//! Where a stranger holds a row, the batch that met it steps aside: it keeps what it claims, and its place is another's.
//! So those wait who want that row, and whoever wants a product of an order that went in the same batch; nobody else does,
//! while fewer batches stand aside than may. Who waits for one that stands aside keeps nothing from those behind it: it
//! could not go in their stead.

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

/// One that waits now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Joined {
    pub ticket: Ticket,
    /// Whether it is worth asking for the next batch: `false` where it can't go before another one is back or steps aside.
    pub may_go: bool,
}

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
    pub claimed: Claimed,
}

/// What a batch under way keeps from others.
#[derive(Debug)]
pub(super) struct Claimed {
    claims: Vec<Claims>,
    is_aside: bool,
}

impl Claimed {
    fn products(&self) -> impl Iterator<Item = ProductId> {
        self.claims.iter().flat_map(|claims| claims.products.iter().copied())
    }
}

/// Those who wait, in the order in which they came, and what those claim who are under way.
pub(super) struct Line<M> {
    bounds: Bounds,
    waiting: VecDeque<Waiting<M>>,
    keys: HashSet<(Uuid, IdempotencyKey)>,
    products: HashSet<ProductId>,
    /// Those of `products` that are claimed by batches which stand aside.
    stalled: HashSet<ProductId>,
    /// Batches under way that do not stand aside, and those that do.
    batches: usize,
    aside: usize,
    tickets: u64,
}

impl<M> std::fmt::Debug for Line<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

impl<M> Line<M> {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            waiting: VecDeque::new(),
            keys: HashSet::new(),
            products: HashSet::new(),
            stalled: HashSet::new(),
            batches: 0,
            aside: 0,
            tickets: 0,
        }
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// # Errors
    /// [`KeyTaken`] where the key is somebody's who waits or is under way.
    pub(super) fn join(&mut self, claims: Claims, member: M) -> Result<Joined, KeyTaken> {
        if let Some(key) = &claims.key
            && !self.keys.insert(key.clone())
        {
            return Err(KeyTaken);
        }
        let ticket = Ticket(self.tickets);
        self.tickets += 1;
        let collides = claims.products.iter().any(|product| self.products.contains(product));
        let may_go = !collides && self.batches < self.bounds.batches;
        self.waiting.push_back(Waiting { ticket, claims, member });
        Ok(Joined { ticket, may_go })
    }

    /// Gives up waiting, which may let those go who came later; `false` where it is under way already, or back.
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
        let (mut members, mut claims) = (Vec::new(), Vec::new());
        let mut passed_over = HashSet::new();
        let mut staying = VecDeque::new();
        while members.len() < self.bounds.orders
            && let Some(waiting) = self.waiting.pop_front()
        {
            let wanted = &waiting.claims.products;
            let free = |product| !self.products.contains(product) && !passed_over.contains(product);
            if wanted.iter().all(free) {
                members.push(waiting.member);
                claims.push(waiting.claims);
            } else {
                if !wanted.iter().any(|product| self.stalled.contains(product)) {
                    passed_over.extend(wanted.iter().copied());
                }
                staying.push_back(waiting);
            }
        }
        staying.append(&mut self.waiting);
        self.waiting = staying;
        if members.is_empty() {
            return None;
        }
        self.batches += 1;
        let claimed = Claimed { claims, is_aside: false };
        self.products.extend(claimed.products());
        Some(Batch { members, claimed })
    }

    /// A batch under way takes long: unless `most` stand aside already, its place is free for another one. Tells whether
    /// it stands aside only now.
    pub(super) fn step_aside(&mut self, claimed: &mut Claimed, most: usize) -> bool {
        if claimed.is_aside || self.aside >= most {
            return false;
        }
        claimed.is_aside = true;
        self.aside += 1;
        self.batches = self.batches.saturating_sub(1);
        self.stalled.extend(claimed.products());
        true
    }

    /// A batch is back: what it claimed is free.
    pub(super) fn finish(&mut self, claimed: &Claimed) {
        let count = if claimed.is_aside { &mut self.aside } else { &mut self.batches };
        *count = count.saturating_sub(1);
        for claims in &claimed.claims {
            self.forget_key(claims);
        }
        for product in claimed.products() {
            self.products.remove(&product);
            self.stalled.remove(&product);
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
        line.finish(&first.claimed);
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
        line.finish(&first.claimed);
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
        line.finish(&batch.claimed);
        let ticket = line.join(under("k"), 3).unwrap().ticket;
        assert!(line.leave(ticket));
        assert!(!line.leave(ticket));
        line.join(under("k"), 4).unwrap();
        assert_eq!(members(line.take()), [4]);
    }

    #[test]
    fn a_batch_that_steps_aside_keeps_its_products_and_leaves_its_place() {
        let mut line = line(32, 1);
        fill(&mut line, &[&[1]]);
        let mut first = line.take().unwrap().claimed;
        fill(&mut line, &[&[1], &[2]]);
        assert!(line.step_aside(&mut first, 1));
        assert!(!line.step_aside(&mut first, 1));
        let mut second = line.take().unwrap();
        assert_eq!(second.members, [1]);
        // Its place is the only one that is left.
        assert!(!line.step_aside(&mut second.claimed, 1));
        line.finish(&first);
        assert!(line.take().is_none());
        line.finish(&second.claimed);
        assert_eq!(members(line.take()), [0]);
    }

    #[test]
    fn who_waits_for_one_that_stands_aside_keeps_nothing_from_others_until_that_one_is_back() {
        let mut line = line(1, 2);
        fill(&mut line, &[&[1], &[1, 2], &[2], &[2]]);
        let mut first = line.take().unwrap().claimed;
        assert!(line.take().is_none());
        assert!(line.step_aside(&mut first, 1));
        let second = line.take().unwrap();
        assert_eq!(second.members, [2]);
        line.finish(&first);
        assert!(line.take().is_none());
        line.finish(&second.claimed);
        assert_eq!(members(line.take()), [1]);
    }

    #[test]
    fn who_can_not_go_now_is_told_so_when_it_joins() {
        let mut line = line(1, 2);
        let may_go = |line: &mut Line<usize>, products: &[u8]| {
            line.join(wanting(products), 0).unwrap().may_go
        };
        assert!(may_go(&mut line, &[1]));
        let first = line.take().unwrap();
        assert!(!may_go(&mut line, &[1, 2]));
        assert!(may_go(&mut line, &[3]));
        let _second = line.take().unwrap();
        assert!(!may_go(&mut line, &[4]));
        line.finish(&first.claimed);
        assert!(may_go(&mut line, &[4]));
    }

    proptest! {
        #[test]
        fn everybody_goes_once_in_turn_and_never_beside_one_who_wants_the_same(
            orders in 1_usize..5,
            batches in 1_usize..4,
            wishes in prop::collection::vec(prop::collection::vec(0_u8..6, 1..4), 0..40),
            finishing in prop::collection::vec(0_usize..4, 0..80),
            stepping_aside in prop::collection::vec(prop::bool::ANY, 0..40),
            most_aside in 0_usize..3,
        ) {
            let mut line = line(orders, batches);
            for (number, products) in wishes.iter().enumerate() {
                line.join(wanting(products), number).unwrap();
            }
            let (mut under_way, mut gone) = (Vec::<Batch<usize>>::new(), Vec::new());
            let (mut finishing, mut stepping_aside) = (finishing.into_iter(), stepping_aside.into_iter());
            let mut anybody_was_aside = false;
            loop {
                while let Some(batch) = line.take() {
                    prop_assert!((1..=orders).contains(&batch.members.len()));
                    gone.extend(batch.members.iter().copied());
                    under_way.push(batch);
                    let aside = under_way.iter().filter(|batch| batch.claimed.is_aside).count();
                    prop_assert!(under_way.len() - aside <= batches && aside <= most_aside);
                    let claimed =
                        |batch: &Batch<usize>| batch.claimed.products().collect::<HashSet<_>>();
                    let all: HashSet<_> = under_way.iter().flat_map(claimed).collect();
                    prop_assert_eq!(all.len(), under_way.iter().map(|b| claimed(b).len()).sum::<usize>());
                }
                if under_way.is_empty() {
                    break;
                }
                let next = finishing.next().unwrap_or(0) % under_way.len();
                if stepping_aside.next().unwrap_or(false) {
                    let stepped = line.step_aside(&mut under_way[next].claimed, most_aside);
                    anybody_was_aside |= stepped;
                    continue;
                }
                line.finish(&under_way.remove(next).claimed);
            }
            for number in 0..6 {
                let in_turn: Vec<_> = gone.iter().filter(|one| wishes[**one].contains(&number)).collect();
                prop_assert!(anybody_was_aside || in_turn.is_sorted());
            }
            // Even then nobody is overtaken by one who wants all that it wants.
            for (place, one) in gone.iter().enumerate() {
                for later in &gone[place..] {
                    let wants_less = wishes[*later].iter().all(|number| wishes[*one].contains(number));
                    prop_assert!(one <= later || !wants_less);
                }
            }
            gone.sort_unstable();
            prop_assert_eq!(gone, (0..wishes.len()).collect::<Vec<_>>());
        }
    }
}
