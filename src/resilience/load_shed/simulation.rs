//! The law against a model of a server: open arrivals at 0.5 to 4 times what it can do; no clock, no task, a fixed seed.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::gate::{Arrival, Class, Gate, Waiter};
use super::law::Bounds;

const BOUNDS: Bounds = Bounds { least: 4, first: 20, most: 200 };
/// Two kinds of requests and what they take alone on one core, in seconds.
const CHECKOUT: (usize, f64) = (0, 0.005);
const BROWSE: (usize, f64) = (1, 0.001);

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
    class: Class,
    arrived: f64,
    /// When it gives up waiting.
    until: f64,
    gone: Rc<Cell<bool>>,
}

impl Waiter for Guest {
    fn is_gone(&self) -> bool {
        self.gone.get()
    }
}

struct Job {
    class: Class,
    arrived: f64,
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
    fn share_answered(&self, class: Class) -> f64 {
        f64::from(self.answered[class as usize]) / f64::from(self.offered[class as usize].max(1))
    }

    fn limit(&self) -> f64 {
        self.limits.iter().sum::<f64>() / f64::from(u32::try_from(self.limits.len()).unwrap())
    }

    fn p99(&mut self) -> f64 {
        self.checkout_seconds.sort_by(f64::total_cmp);
        self.checkout_seconds[self.checkout_seconds.len() * 99 / 100]
    }
}

struct Model {
    cores: f64,
    /// Arrivals a second.
    rate: f64,
    seconds: f64,
    /// Before this nothing is counted.
    from: f64,
}

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// Arrivals of which a fifth are checkouts, three fifths reads and a fifth is low.
fn class_of(roll: f64) -> Class {
    if roll < 0.2 {
        Class::Critical
    } else if roll < 0.8 {
        Class::Normal
    } else {
        Class::Low
    }
}

fn cost(class: Class) -> (usize, f64) {
    match class {
        Class::Critical => CHECKOUT,
        Class::Normal | Class::Low => BROWSE,
    }
}

/// How many of these requests one core does in a second.
fn capacity_of_a_core() -> f64 {
    1.0 / (0.2 * CHECKOUT.1 + 0.8 * BROWSE.1)
}

/// The cores are shared evenly among all who are at work, as by a scheduler.
fn run(model: &Model, dice: &mut Dice) -> Tally {
    let mut gate: Gate<Guest> = Gate::new(BOUNDS, 2);
    let (mut tally, mut jobs, mut waiting) =
        (Tally::default(), Vec::<Job>::new(), Vec::<Guest>::new());
    let (mut now, mut next_arrival) = (0.0, dice.exponential(1.0 / model.rate));
    while now < model.seconds {
        let crowd = f64::from(u32::try_from(jobs.len()).unwrap());
        let pace = (model.cores / crowd.max(1.0)).min(1.0);
        let first_done = jobs.iter().map(|job| job.left).fold(f64::INFINITY, f64::min);
        let first_end = now + first_done / pace;
        let gives_up = waiting.iter().map(|guest| guest.until).fold(f64::INFINITY, f64::min);
        let then = first_end.min(next_arrival).min(gives_up);
        for job in &mut jobs {
            job.left -= (then - now) * pace;
        }
        now = then;
        if gives_up <= then {
            waiting.retain(|guest| {
                guest.gone.set(guest.gone.get() || guest.until <= now);
                !guest.gone.get()
            });
        } else if first_end <= next_arrival {
            let done = jobs.iter().position(|job| job.left <= first_done * 1e-9 + 1e-12).unwrap();
            let job = jobs.swap_remove(done);
            gate.learn(at(now), cost(job.class).0, at(now - job.begun), job.beside);
            gate.leave();
            if job.arrived > model.from {
                tally.answered[job.class as usize] += 1;
                tally.limits.push(f64::from(u32::try_from(gate.limit()).unwrap()));
                if job.class == Class::Critical {
                    tally.checkout_seconds.push(now - job.arrived);
                }
            }
        } else {
            next_arrival = now + dice.exponential(1.0 / model.rate);
            let class = class_of(dice.roll());
            if now > model.from {
                tally.offered[class as usize] += 1;
            }
            let guest = Guest { class, arrived: now, until: f64::INFINITY, gone: Rc::default() };
            match gate.arrive(at(now), class, || guest.clone()) {
                Arrival::Entered { beside } => {
                    let left = cost(class).1 * dice.roll() * 2.0;
                    jobs.push(Job { class, arrived: now, begun: now, beside, left });
                }
                Arrival::Queued { patience } => {
                    waiting.push(Guest { until: now + patience.as_secs_f64(), ..guest });
                }
                Arrival::Refused => {}
            }
        }
        // Whom the gate has dropped waits no longer.
        waiting.retain(|guest| Rc::strong_count(&guest.gone) > 1);
        while let Some((guest, beside)) = gate.next(at(now)) {
            waiting.retain(|other| !Rc::ptr_eq(&other.gone, &guest.gone));
            let left = cost(guest.class).1 * dice.roll() * 2.0;
            jobs.push(Job { class: guest.class, arrived: guest.arrived, begun: now, beside, left });
        }
    }
    tally
}

fn curve(cores: f64, load: f64) -> Tally {
    let rate = load * cores * capacity_of_a_core();
    run(&Model { cores, rate, seconds: 20.0, from: 5.0 }, &mut Dice(7))
}

#[test]
fn under_strain_the_limit_settles_where_a_short_queue_keeps_every_core_busy() {
    for (cores, least, most) in [(1.0, 4.0, 8.0), (8.0, 10.0, 24.0), (24.0, 27.0, 60.0)] {
        for load in [1.5, 4.0] {
            let limit = curve(cores, load).limit();
            assert!((least..=most).contains(&limit), "{cores} cores at {load}: {limit}");
        }
    }
}

#[test]
fn low_goes_first_then_normal_and_checkout_is_done_as_fast_as_it_can_be() {
    for cores in [1.0, 8.0] {
        let can = cores / CHECKOUT.1;
        let alone = curve(cores, 0.1).p99();
        for load in [0.5, 1.0, 1.5, 2.0, 4.0] {
            let mut tally = curve(cores, load);
            let [checkout, normal, low] = Class::ALL.map(|class| tally.share_answered(class));
            let place = format!("{cores} cores at {load}: {checkout:.2} {normal:.2} {low:.2}");
            // At either end of a run some are under way.
            assert!(checkout + 0.01 >= normal && normal + 0.01 >= low, "{place}");
            let asked = 0.2 * load * cores * capacity_of_a_core();
            let done = checkout * asked;
            assert!(done >= 0.9 * asked.min(can), "{place}");
            assert!(load < 1.5 || low < 0.1, "{place}");
            assert!(load > 0.5 || low > 0.95, "{place}");
            let p99 = tally.p99();
            assert!(p99 <= 8.0 * alone, "{place}: {p99}");
        }
    }
}
