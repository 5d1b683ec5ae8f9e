//! Load shedding: so many requests work at once as the machine does well, the rest is refused early; it knows no HTTP.
//!
//! **The limit** is a number of requests at work, and it is learnt (`law.rs`): each request that did its work says
//! how many times longer it took than its own kind takes alone. While that stays below 1.5 the limit grows by its square
//! root; beyond, it shrinks with the ratio, so that it settles where a short queue keeps every core busy: near
//! (requests a second) × (seconds alone), which is Little's law. That is the gradient of Netflix' *concurrency-limits*
//! (`Gradient2Limit`) and of Envoy's *adaptive concurrency* filter. From Envoy is also the way to know "alone": without a
//! quiet moment for half a minute one is made by holding the limit at 2 for a quarter of a second, since a mean that is
//! only ever taken under load drifts with it. AIMD and Vegas were the alternatives: the first needs failures before it
//! acts, and the second measures the same queue with one absolute number for all kinds and sizes of machines. Comparing
//! each kind with itself matters here: once the cheap reads are refused only the dear orders are left, and their mean
//! must not be taken for a slower machine.
//!
//! **Only work counts.** A request that waits for something outside (the payment provider, the rest of its body, a
//! place among the password hashes, which have a bound of their own) holds no place meanwhile, and the wait is no part of
//! what it took: [`step_outside`]. So a slow provider or a client that sends a byte a second takes nothing from the others.
//!
//! **Three classes** ([`Class`]), as in Google's *Site Reliability Engineering* (ch. 21, "Criticality"): low may enter
//! while less than half of the places are taken, normal while less than three quarters are, critical up to the limit.
//! Whoever frees a place gives it to the critical ones first.
//!
//! **The queue** is short, in number (a multiple of the limit) and in time, by Maurer's *Fail at Scale* (ACM Queue, 2015):
//! one waits 100 ms at most; in a queue that has been standing for 100 ms, 20 ms, and the newest is served first, since
//! the oldest are about to give up anyway (CoDel's idea with an adaptive LIFO). Low does not wait at all.
//!
//! A refusal is a comparison under a lock: it allocates nothing and starts no timer.

mod gate;
mod law;
mod shed;
#[cfg(test)]
mod simulation;

pub use gate::Class;
pub use law::Bounds;
pub use shed::{LoadShed, Outside, Refused, Slot, carry, step_outside};
