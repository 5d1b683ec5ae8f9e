//! Load shedding: so many requests work at once as the machine does well, the rest is refused early; it knows no HTTP.
//!
//! **The limit** is a number of requests at work, and it is learnt (`law.rs`): each request that did its work says
//! how many times longer it took than its own kind takes alone. While that stays below 1.75 the limit grows by its square
//! root; beyond, it shrinks with the ratio, so that it settles where a short queue keeps every core busy: near
//! (requests a second) × (seconds alone), which is Little's law. That is the gradient of Netflix' *concurrency-limits*
//! (`Gradient2Limit`) and of Envoy's *adaptive concurrency* filter. From Envoy is also the way to know "alone": without a
//! quiet moment for a minute (at the start sooner) one is made by holding the limit at 1 for a dozen requests, since a mean
//! that is only ever taken under load drifts with it. A kind that was never seen alone moves nothing. AIMD and Vegas were
//! the alternatives: the first needs failures before it acts, and the second measures the same queue with one absolute
//! number for all kinds and sizes of machines. Comparing each kind with itself matters here: once the cheap reads are
//! refused only the dear orders are left, and their mean must not be taken for a slower machine.
//!
//! **Only work counts.** A request that waits for something outside (the payment provider, the rest of its body, a
//! place among the password hashes, which have a bound of their own) holds no place meanwhile, and the wait is no part of
//! what it took: [`step_outside`]. So a slow provider or a client that sends a byte a second takes nothing from the others.
//! An order that waits for the batch before its own keeps its place, but that wait is no part of what it took either
//! ([`Slot::queue`]): it would look like strain with two at work, and where few are let in batches are small, so each dear.
//! What waits within a statement, for a lock of the database say, can't tell so. In its place for 300 ms, in line or at
//! work, a request hangs, and its place is another's. While half as many of a kind hang as the limit allows, and four at least, more of that kind are refused:
//! they would wait for the same.
//!
//! **Three classes** ([`Class`]), as in Google's *Site Reliability Engineering* (ch. 21, "Criticality"): low may enter
//! while less than half of the places are taken, normal while less than three quarters are, critical up to the limit.
//! The critical class is two ranks ([`Rank`]): what goes on with something goes before what begins something, for a
//! payment that is refused throws away the order that was placed for it. Beginners leave an eighth of the places, and
//! at least one, to those. Whoever frees a place gives it to the first rank that waits.
//!
//! **The queue** tells a burst from a strain, as in Maurer's *Fail at Scale* (ACM Queue, 2015) and CoDel. Arrivals are
//! uneven, so even at half of what can be done there is often no place for a moment, and whoever waits that moment out
//! is answered: while a rank's queue comes and goes, critical waits 60 ms at most and the others 200 ms, in order. A
//! queue that was not empty for 60 ms (normal and low: 300 ms, since they give way to all others) stands, and longer
//! waiting helps nobody: low is refused at once, of the others the newest is served first and waits 20 ms at most, since
//! the oldest are about to give up anyway. Behind a queue that stands no lesser rank waits at all. In number a queue holds
//! about what is done in a tenth of a second (`rank.rs`), which bounds memory; the wait is bounded by time. A calm
//! may be waited out as far as that patience goes. Before it all who are at work must be done, and who goes on with something
//! is let in for 100 ms more, or the payments of those orders would stand in line one behind the other.
//!
//! A refusal of one who does not wait is a comparison under a lock: it allocates nothing and starts no timer.

mod gate;
mod law;
mod queue;
mod rank;
mod shed;
#[cfg(test)]
mod simulation;
mod slot;

pub use law::Bounds;
pub use rank::{Class, Rank};
pub use shed::{Asked, LoadShed, Refused, Wait};
pub use slot::{Outside, Queued, Slot, carry, held, step_outside};
