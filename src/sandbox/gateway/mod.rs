//! The provider itself: opens the record, takes calls against it one at a time, and starts and stops what runs beside;
//! knows no HTTP.

mod calls;
mod replay;
mod running;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool};

use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;
use tokio::{
    sync::{Notify, futures::Notified},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    book::Book,
    callbacks::{Copies, Outbox, Plan, Sender},
    clock::Clock,
    faults::{Dice, FaultBoard},
    flaky::FlakyKeys,
    log::{AppendLog, LogError, OpenLogError, Position},
    settings::{CallbackPolicy, Delays, Settings},
};

use replay::Replayed;

pub use calls::{CallError, Done, When};

const LOG_NAME: &str = "gateway.log";

/// An open provider; clones are the same one.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    log: AppendLog,
    ledger: Mutex<Ledger>,
    outbox: Outbox,
    sender: Sender,
    pending_changed: Notify,
    faults: FaultBoard,
    dice: Dice,
    flaky: FlakyKeys,
    api_key: SecretString,
    delays: Delays,
    callbacks: CallbackPolicy,
    clock: Arc<dyn Clock>,
    started: AtomicBool,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

/// The index and how much of the log it stands on.
struct Ledger {
    book: Book,
    last: Position,
}

/// Why the provider could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The record.
    #[error(transparent)]
    Record(#[from] OpenLogError),
    /// A call-back that was not sent yet cannot be written.
    #[error("a call-back on record cannot be rendered")]
    Callback(#[source] serde_json::Error),
    /// The client that sends call-backs.
    #[error("the client for call-backs cannot be set up")]
    Client(#[source] reqwest::Error),
    /// A key that guards nothing.
    #[error("the API key and the signing secret must not be empty")]
    EmptySecret,
}

impl Gateway {
    /// Opens the record in `settings.data_dir` and reads it back. Nothing runs until [`serve`](super::serve).
    /// Blocks while it reads.
    ///
    /// # Errors
    /// [`GatewayError`]: a record in use, damaged or unreadable; empty secrets; no HTTP client.
    pub fn open(settings: Settings) -> Result<Self, GatewayError> {
        let (log, replayed) = replay::replay(&settings.data_dir.join(LOG_NAME))?;
        Self::assemble(settings, log, replayed)
    }

    fn assemble(
        settings: Settings,
        log: AppendLog,
        mut replayed: Replayed,
    ) -> Result<Self, GatewayError> {
        let Settings { api_key, signing_secret, delays, callbacks, seed, clock, .. } = settings;
        if api_key.expose_secret().is_empty() || signing_secret.expose_secret().is_empty() {
            return Err(GatewayError::EmptySecret);
        }
        let sender =
            Sender::new(signing_secret, callbacks.timeout).map_err(GatewayError::Client)?;
        let outbox = Outbox::default();
        let plan = Plan { due: Instant::now(), copies: Copies::One };
        for message in replayed.unended().map_err(GatewayError::Callback)? {
            outbox.queue(message, plan);
        }
        Ok(Self(Arc::new(Inner {
            log,
            ledger: Mutex::new(Ledger { book: replayed.book, last: Position::default() }),
            outbox,
            sender,
            pending_changed: Notify::new(),
            faults: FaultBoard::default(),
            dice: Dice::seeded(seed),
            flaky: FlakyKeys::default(),
            api_key,
            delays,
            callbacks,
            clock,
            started: AtomicBool::new(false),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })))
    }

    pub(in crate::sandbox) fn stopping(&self) -> CancellationToken {
        self.0.stopping.clone()
    }

    pub(in crate::sandbox) fn pending_changed(&self) -> Notified<'_> {
        self.0.pending_changed.notified()
    }

    pub(in crate::sandbox) fn outbox(&self) -> &Outbox {
        &self.0.outbox
    }

    pub(in crate::sandbox) fn sender(&self) -> &Sender {
        &self.0.sender
    }

    pub(in crate::sandbox) fn callback_policy(&self) -> CallbackPolicy {
        self.0.callbacks
    }

    pub(in crate::sandbox) fn faults(&self) -> &FaultBoard {
        &self.0.faults
    }

    pub(in crate::sandbox) fn dice(&self) -> &Dice {
        &self.0.dice
    }

    pub(in crate::sandbox) fn flaky(&self) -> &FlakyKeys {
        &self.0.flaky
    }

    pub(in crate::sandbox) fn api_key(&self) -> &SecretString {
        &self.0.api_key
    }

    pub(in crate::sandbox) fn delays(&self) -> Delays {
        self.0.delays
    }

    pub(in crate::sandbox) fn now(&self) -> OffsetDateTime {
        self.0.clock.now()
    }

    pub(in crate::sandbox) async fn durable(&self, position: Position) -> Result<(), LogError> {
        self.0.log.durable(position).await
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs::OpenOptions, path::PathBuf};

    use iso_currency::Currency;

    use super::{AppendLog, CallError, Gateway, LogError, Replayed};
    use crate::sandbox::{
        Settings,
        charge::Opening,
        decide,
        ids::Key,
        terms::{Amount, CaptureMode, Terms},
    };

    fn on_a_full_disk() -> Gateway {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let settings = Settings::new(PathBuf::new(), "key".into(), b"secret".to_vec().into());
        Gateway::assemble(settings, AppendLog::over(full).unwrap(), Replayed::default()).unwrap()
    }

    #[tokio::test]
    async fn a_charge_that_is_not_on_disk_is_neither_confirmed_nor_shown() {
        let gateway = on_a_full_disk();
        let key = Key::try_from("k".to_owned()).unwrap();
        let terms = Terms {
            amount: Amount::try_from(1).unwrap(),
            currency: Currency::EUR,
            payment_method: "pm_ok".into(),
            capture: CaptureMode::AtOnce,
            callback_url: None,
            metadata: BTreeMap::new(),
        };
        let charged = gateway
            .transact(|book, now| decide::charge(book, key.clone(), terms, Opening::Succeeds, now))
            .await;
        assert!(matches!(charged, Err(CallError::Record(LogError::Failed))));
        let seen = gateway.read(|book| book.operation(&key).is_some()).await;
        assert_eq!(seen, Err(LogError::Failed));
    }
}
