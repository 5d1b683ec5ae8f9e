//! A mailer behind a circuit breaker: while the server is away nobody waits for it; its few connections are the bulkhead.

use std::fmt;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use time::Duration;

use super::{Mail, MailError, Mailer};
use crate::domain::clock::Clock;
use crate::resilience::circuit_breaker::{BreakerSettings, CircuitBreaker, Health};

/// Whoever holds a claim on a mail meanwhile has it for 45 s.
const SETTINGS: BreakerSettings = BreakerSettings {
    window: Duration::seconds(60),
    most_calls: 50,
    fewest_calls: 5,
    bad_percent: 50,
    slow_after: Duration::seconds(15),
    pause: Duration::seconds(10),
    probes: 2,
};

/// Any mailer, called with care.
pub struct GuardedMailer {
    mailer: Arc<dyn Mailer>,
    breaker: CircuitBreaker,
}

impl GuardedMailer {
    pub fn new(mailer: Arc<dyn Mailer>, clock: Arc<dyn Clock>) -> Self {
        Self { mailer, breaker: CircuitBreaker::new("smtp", clock, SETTINGS) }
    }
}

impl Mailer for GuardedMailer {
    fn closed_for(&self) -> Option<Duration> {
        self.breaker.open_for()
    }

    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        async {
            let permit = self.breaker.admit()?;
            let result = self.mailer.send(mail).await;
            // An answer about this mail is an answer: the server is well.
            match &result {
                Err(error @ (MailError::Away(_) | MailError::Open(_))) => permit.fail(error),
                Ok(()) | Err(MailError::Temporary(_) | MailError::Permanent(_)) => {
                    permit.end(Health::Good);
                }
            }
            result
        }
        .boxed()
    }
}

impl fmt::Debug for GuardedMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedMailer").field("mailer", &self.mailer).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::{BoxFuture, FutureExt};
    use time::{Duration, OffsetDateTime};

    use super::GuardedMailer;
    use crate::clients::mailer::{Mail, MailError, Mailer};
    use crate::domain::clock::ManualClock;

    /// What the server answers to so many mails, and after them yes.
    #[derive(Debug)]
    struct Server {
        failing: usize,
        error: fn() -> MailError,
        asked: AtomicUsize,
    }

    impl Mailer for Server {
        fn send<'a>(&'a self, _: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
            let nth = self.asked.fetch_add(1, Ordering::Relaxed);
            let answer = if nth < self.failing { Err((self.error)()) } else { Ok(()) };
            async { answer }.boxed()
        }
    }

    fn guarded(
        failing: usize,
        error: fn() -> MailError,
    ) -> (Arc<ManualClock>, Arc<Server>, GuardedMailer) {
        let clock = Arc::new(ManualClock::starting_at(OffsetDateTime::UNIX_EPOCH));
        let server = Arc::new(Server { failing, error, asked: AtomicUsize::new(0) });
        let mailer = GuardedMailer::new(server.clone(), clock.clone());
        (clock, server, mailer)
    }

    fn mail() -> Mail {
        let text = String::new;
        Mail {
            id: text(),
            to_name: text(),
            to_address: text(),
            subject: text(),
            text: text(),
            html: text(),
            date: OffsetDateTime::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_not_asked_for_every_mail_and_found_again() {
        let (clock, server, mailer) = guarded(5, || MailError::Away("no route".into()));
        for _ in 0..20 {
            assert!(mailer.send(&mail()).await.is_err());
        }
        assert_eq!(server.asked.load(Ordering::Relaxed), 5);
        assert_eq!(mailer.closed_for(), Some(Duration::seconds(10)));
        clock.advance(Duration::seconds(10));
        assert_eq!(mailer.closed_for(), None);
        for _ in 0..20 {
            assert!(mailer.send(&mail()).await.is_ok());
        }
    }

    #[tokio::test]
    async fn a_server_that_refuses_mails_is_there() {
        for error in
            [|| MailError::Temporary("later".into()), || MailError::Permanent("never".into())]
        {
            let (_clock, server, mailer) = guarded(20, error);
            for _ in 0..20 {
                assert!(mailer.send(&mail()).await.is_err());
            }
            assert_eq!(server.asked.load(Ordering::Relaxed), 20);
        }
    }
}
