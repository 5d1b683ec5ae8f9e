//! The gate and its law against a model of a server: open arrivals at 0.1 to 4 times what it can do, of which a tenth are
//! checkouts of two requests, an order and its payment; no clock, no task, a fixed seed.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::gate::{Arrival, Gate};
use super::law::Bounds;
use super::queue::Waiter;
use super::rank::{Class, Rank};

const BOUNDS: Bounds = Bounds { least: 2, first: 20, most: 200, hangs_after: Duration::MAX };
/// What a request takes alone on one core, in seconds: one of the two of a checkout, and a read.
const HALF_CHECKOUT: f64 = 0.0033;
const READ: f64 = 0.0003;
/// What a refusal takes of it.
const REFUSAL: f64 = 0.000_02;

/// A generator of Knuth's constants; what it is used for needs no better one.
struct Dice(u64);

impl Dice {
    /// Between 0 and 1, neither of them.
    fn roll(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (f64::from(u32::try_from(self.0 >> 32).unwrap()) + 1.0) / (f64::from(u32::MAX) + 2.0)
    }

    /// Of this mean, as waiting times are.
    fn exponential(&mut self, mean: f64) -> f64 {
        -self.roll().ln() * mean
    }
}

#[derive(Clone)]
struct Guest {
    rank: Rank,
    /// A payment came when its order did.
    arrived: f64,
    /// Waits no longer.
    gone: Rc<Cell<bool>>,
}

impl Waiter for Guest {
    fn is_gone(&self) -> bool {
        self.gone.get()
    }
}

struct Job {
    guest: Guest,
    begun: f64,
    beside: usize,
    /// Seconds of one core that it still needs.
    left: f64,
}

/// What a run came to, without its first seconds.
#[derive(Default)]
struct Tally {
    offered: [u32; 3],
    answered: [u32; 3],
    checkout_seconds: Vec<f64>,
    limits: Vec<f64>,
}

impl Tally {
    /// Of those who came, how many were answered: critical, normal, low.
    fn shares(&self) -> [f64; 3] {
        Class::ALL.map(|class| {
            let [answered, offered] = [&self.answered, &self.offered].map(|of| of[class.index()]);
            f64::from(answered) / f64::from(offered.max(1))
        })
    }

    fn checkouts(&self) -> f64 {
        f64::from(self.answered[Class::Critical.index()])
    }

    fn limit(&self) -> f64 {
        self.limits.iter().sum::<f64>() / count(self.limits.len())
    }

    fn p99(&mut self) -> f64 {
        self.checkout_seconds.sort_by(f64::total_cmp);
        self.checkout_seconds[self.checkout_seconds.len() * 99 / 100]
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// A checkout begins with its order.
fn rank_of(roll: f64) -> Rank {
    if roll < 0.1 {
        Rank::Begins
    } else if roll < 0.7 {
        Rank::Normal
    } else {
        Rank::Low
    }
}

fn cost(rank: Rank) -> f64 {
    match rank {
        Rank::GoesOn | Rank::Begins => HALF_CHECKOUT,
        Rank::Normal | Rank::Low => READ,
    }
}

/// How many arrivals of this mix one core does in a second.
fn capacity_of_a_core() -> f64 {
    1.0 / (0.1 * 2.0 * HALF_CHECKOUT + 0.9 * READ)
}

const SECONDS: f64 = 20.0;
/// Before this the limit is still on its way from where it begins, which is far too much for one core.
const SETTLED: f64 = 5.0;

/// The cores are shared evenly among all who are at work, as by a scheduler.
struct Server {
    cores: f64,
    /// So much more a request takes at first; half of it a second later, and so on.
    cold: f64,
    dice: Dice,
    now: f64,
    /// Until then the cores are busy with refusals.
    refusing: f64,
    gate: Gate<Guest>,
    jobs: Vec<Job>,
    /// By when their patience ends and a number; those who were let in stay here until then.
    waiting: BTreeMap<(Duration, u64), Guest>,
    queued: u64,
    /// Before this nothing is counted.
    from: f64,
    tally: Tally,
}

impl Server {
    fn run(mut self, rate: f64) -> Tally {
        let mut next_arrival = self.dice.exponential(1.0 / rate);
        while self.now < SECONDS {
            let pace = (self.cores / count(self.jobs.len()).max(1.0)).min(1.0);
            let free = self.refusing.max(self.now);
            let first = self.jobs.iter().map(|job| job.left).fold(f64::INFINITY, f64::min);
            let gives_up = self
                .waiting
                .first_key_value()
                .map_or(f64::INFINITY, |((end, _), _)| end.as_secs_f64());
            let first_end = free + first / pace;
            let then = first_end.min(next_arrival).min(gives_up);
            for job in &mut self.jobs {
                job.left -= (then - free).max(0.0) * pace;
            }
            self.now = self.now.max(then);
            if gives_up <= then {
                self.give_up();
            } else if first_end <= next_arrival {
                let done = self.jobs.iter().position(|job| job.left <= 1e-9).unwrap();
                let job = self.jobs.swap_remove(done);
                self.done(job);
            } else {
                next_arrival = self.now + self.dice.exponential(1.0 / rate);
                let rank = rank_of(self.dice.roll());
                if self.now > self.from {
                    self.tally.offered[rank.class().index()] += 1;
                }
                self.arrive(rank, self.now);
            }
            self.let_in();
        }
        self.tally
    }

    fn arrive(&mut self, rank: Rank, arrived: f64) {
        let guest = Guest { rank, arrived, gone: Rc::default() };
        match self.gate.arrive(at(self.now), rank, rank.index(), || guest.clone()) {
            Arrival::Entered { beside } => self.begin(guest, beside),
            Arrival::Queued { patience } => {
                self.queued += 1;
                self.waiting.insert((at(self.now) + patience, self.queued), guest);
            }
            Arrival::Refused => self.refuse(),
        }
    }

    fn begin(&mut self, guest: Guest, beside: usize) {
        let cold = 1.0 + self.cold * 0.5_f64.powf(self.now);
        let left = cost(guest.rank) * cold * self.dice.roll() * 2.0;
        self.jobs.push(Job { guest, begun: self.now, beside, left });
    }

    fn refuse(&mut self) {
        self.refusing = self.refusing.max(self.now) + REFUSAL / self.cores;
    }

    fn give_up(&mut self) {
        if let Some((_, guest)) = self.waiting.pop_first()
            && !guest.gone.replace(true)
        {
            self.refuse();
        }
    }

    fn done(&mut self, Job { guest, begun, beside, .. }: Job) {
        self.gate.learn(at(self.now), guest.rank.index(), at(self.now - begun), beside);
        self.gate.leave();
        if guest.rank == Rank::Begins {
            self.let_in();
            return self.arrive(Rank::GoesOn, guest.arrived);
        }
        if guest.arrived > self.from {
            let class = guest.rank.class();
            self.tally.answered[class.index()] += 1;
            self.tally.limits.push(count(self.gate.learnt()));
            if class == Class::Critical {
                self.tally.checkout_seconds.push(self.now - guest.arrived);
            }
        }
    }

    fn let_in(&mut self) {
        while let Some((guest, beside)) = self.gate.next(at(self.now)) {
            guest.gone.set(true);
            self.begin(guest, beside);
        }
    }
}

fn curve(cores: f64, load: f64) -> Tally {
    measure(cores, load, SETTLED)
}

fn measure(cores: f64, load: f64, from: f64) -> Tally {
    measure_cold(cores, load, from, 0.0)
}

fn measure_cold(cores: f64, load: f64, from: f64, cold: f64) -> Tally {
    let server = Server {
        cores,
        cold,
        dice: Dice(7),
        now: 0.0,
        refusing: 0.0,
        gate: Gate::new(BOUNDS, Rank::ALL.len()),
        jobs: Vec::new(),
        waiting: BTreeMap::new(),
        queued: 0,
        from,
        tally: Tally::default(),
    };
    server.run(load * cores * capacity_of_a_core())
}

#[test]
fn under_strain_the_limit_settles_where_a_short_queue_keeps_every_core_busy() {
    for (cores, least, most) in [(1.0, 3.0, 8.0), (8.0, 10.0, 26.0), (24.0, 27.0, 72.0)] {
        for load in [1.5, 4.0] {
            let limit = curve(cores, load).limit();
            assert!((least..=most).contains(&limit), "{cores} cores at {load}: {limit}");
        }
    }
}

#[test]
fn a_process_that_begins_cold_and_under_strain_knows_its_limit_once_it_is_warm() {
    for cores in [1.0, 8.0] {
        for load in [1.0, 1.5, 4.0] {
            let (mut cold, mut warm) = (measure_cold(cores, load, 10.0, 9.0), curve(cores, load));
            let place = format!(
                "{cores} cores at {load}: limit {:.1}, warm {:.1}; p99 {:.4}, warm {:.4}",
                cold.limit(),
                warm.limit(),
                cold.p99(),
                warm.p99()
            );
            assert!(cold.p99() <= 2.0 * warm.p99(), "{place}");
        }
    }
}

#[test]
fn below_what_can_be_done_hardly_anybody_is_refused() {
    for cores in [1.0, 8.0] {
        for load in [0.1, 0.5, 0.75] {
            let [checkout, normal, low] = measure(cores, load, 0.0).shares();
            let place = format!("{cores} cores at {load}: {checkout:.3} {normal:.3} {low:.3}");
            assert!(checkout >= 0.99 && normal >= 0.99 && low >= 0.95, "{place}");
        }
    }
}

#[test]
fn low_goes_first_then_normal_and_checkouts_are_done_as_if_nobody_else_came() {
    for cores in [1.0, 8.0] {
        let alone = curve(cores, 0.1).p99();
        let can = cores / (2.0 * HALF_CHECKOUT) * (SECONDS - SETTLED);
        let mut peak = 0.0_f64;
        for load in [0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0] {
            let mut tally = curve(cores, load);
            let [checkout, normal, low] = tally.shares();
            let (done, p99) = (tally.checkouts(), tally.p99());
            let place = format!(
                "{cores} cores at {load}: {checkout:.3} {normal:.3} {low:.3}, {done} checkouts, \
                 limit {:.1}, p99 {p99:.4} of {alone:.4} alone",
                tally.limit()
            );
            // At the end of a run some are under way.
            assert!(checkout + 0.01 >= normal && normal + 0.01 >= low, "{place}");
            assert!(load < 1.5 || low < 0.1, "{place}");
            peak = peak.max(done);
            assert!(done >= 0.9 * peak || load < 1.0, "{place}");
            // A payment is hardly ever refused, so that what is done is work for somebody.
            assert!(load < 1.5 || done >= 0.85 * can, "{place}");
            assert!(load < 1.0 || p99 <= 5.0 * alone, "{place}");
        }
    }
}
