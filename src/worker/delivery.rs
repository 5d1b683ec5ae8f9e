//! What becomes of a message after a consumer tried it: done, tried again later, or given up; it touches no broker.

use std::time::Duration;

use crate::service::mails::SendMailError;

/// Tries of one message by one consumer; with the waits between them about three hours.
pub const MOST_TRIES: i32 = 16;

/// The waits grow fourfold from the first to the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(1_024);

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It is handled.
    Ack,
    /// It may fare better later.
    Retry { after: Duration, reason: String },
    /// It is given up, and kept for an operator.
    DeadLetter { reason: String },
}

/// Why a consumer could not handle a message.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The next try may fare better.
    #[error("{0}")]
    Temporary(#[source] BoxError),
    /// It was not tried: somebody else is at it, or who would take it is away. Until then nothing is known.
    #[error("it was not tried: somebody else is at it, or who takes it is away")]
    Busy { known_after: Duration },
    /// No try will fare better.
    #[error("{0}")]
    Permanent(#[source] BoxError),
}

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Delivery {
    /// Decides by what came of the try; `tries` counts it.
    pub fn of(result: Result<(), Failure>, tries: i32) -> Self {
        match result {
            Ok(()) => Self::Ack,
            Err(Failure::Permanent(error)) => Self::DeadLetter { reason: error.to_string() },
            Err(Failure::Busy { known_after }) => {
                let reason = Failure::Busy { known_after }.to_string();
                Self::Retry { after: known_after, reason }
            }
            Err(Failure::Temporary(error)) if tries >= MOST_TRIES => {
                Self::DeadLetter { reason: format!("given up after {tries} tries: {error}") }
            }
            Err(Failure::Temporary(error)) => {
                Self::Retry { after: wait_after(tries), reason: error.to_string() }
            }
        }
    }
}

/// How long to wait after so many tries.
pub fn wait_after(tries: i32) -> Duration {
    let doublings = 2 * u32::try_from(tries - 1).unwrap_or(0);
    let wait = 1_u32.checked_shl(doublings).map(|factor| FIRST_WAIT.saturating_mul(factor));
    wait.filter(|wait| !wait.is_zero()).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
}

impl From<SendMailError> for Failure {
    fn from(error: SendMailError) -> Self {
        use crate::clients::mailer::MailError::{Away, Open, Permanent, Temporary};
        match error {
            error @ (SendMailError::OtherEvent { .. }
            | SendMailError::Unreadable(_)
            | SendMailError::SubjectGone { .. }
            | SendMailError::Template(_)) => Self::Permanent(error.into()),
            SendMailError::BeingSent { known_after }
            | SendMailError::ServerAway { known_after } => {
                Self::Busy { known_after: known_after.try_into().unwrap_or(FIRST_WAIT) }
            }
            SendMailError::Mail(error @ Permanent(_)) => Self::Permanent(error.into()),
            SendMailError::Mail(Open(circuit)) => {
                Self::Busy { known_after: circuit.retry_after.unsigned_abs() }
            }
            SendMailError::Mail(error @ (Away(_) | Temporary(_))) => Self::Temporary(error.into()),
            SendMailError::Store(error) => Self::Temporary(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Delivery, Failure, LONGEST_WAIT, MOST_TRIES, wait_after};

    #[test]
    fn waits_grow_fourfold_and_stay_bounded() {
        let seconds: Vec<u64> = (1..=7).map(|tries| wait_after(tries).as_secs()).collect();
        assert_eq!(seconds, [1, 4, 16, 64, 256, 1_024, 1_024]);
        for tries in [0, -1, i32::MIN + 1, 16, 17, 31, 32, 33, i32::MAX] {
            let wait = wait_after(tries);
            assert!(wait >= Duration::from_secs(1) && wait <= LONGEST_WAIT, "{tries}: {wait:?}");
        }
    }

    #[test]
    fn the_last_try_gives_up_with_the_reason() {
        let failed = || Err(Failure::Temporary("no route to host".into()));
        assert!(matches!(Delivery::of(failed(), MOST_TRIES - 1), Delivery::Retry { .. }));
        let reason = format!("given up after {MOST_TRIES} tries: no route to host");
        assert_eq!(Delivery::of(failed(), MOST_TRIES), Delivery::DeadLetter { reason });
    }

    #[test]
    fn what_no_try_mends_is_given_up_at_once() {
        let refused = Err(Failure::Permanent("no such mailbox".into()));
        let reason = "no such mailbox".to_owned();
        assert_eq!(Delivery::of(refused, 1), Delivery::DeadLetter { reason });
    }
}
