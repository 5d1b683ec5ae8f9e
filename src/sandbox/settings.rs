//! What the provider is started with; reads no environment and checks nothing against the outside.

use std::{path::PathBuf, sync::Arc, time::Duration};

use secrecy::{SecretSlice, SecretString};

use super::clock::{Clock, SystemClock};

/// Everything [`Gateway::open`](super::Gateway::open) needs.
pub struct Settings {
    /// Folder of the record, `gateway.log`; made when absent. One running provider per folder.
    pub data_dir: PathBuf,
    /// What clients send as `Authorization: Bearer …`.
    pub api_key: SecretString,
    /// Key of the HMAC over call-backs, as raw bytes (not base64).
    pub signing_secret: SecretSlice<u8>,
    /// How long the slow payment methods take.
    pub delays: Delays,
    /// How call-backs are delivered.
    pub callbacks: CallbackPolicy,
    /// Seeds injected failures and jitter; the same seed and order of calls give the same failures. Ids do not follow it.
    pub seed: u64,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Settings {
    /// Settings with the default delays, call-back policy and the machine's clock.
    #[must_use]
    pub fn new(data_dir: PathBuf, api_key: SecretString, signing_secret: SecretSlice<u8>) -> Self {
        Self {
            data_dir,
            api_key,
            signing_secret,
            delays: Delays::default(),
            callbacks: CallbackPolicy::default(),
            seed: 0,
            clock: Arc::new(SystemClock),
        }
    }
}

/// How long the slow payment methods and an injected hang take.
#[derive(Debug, Clone, Copy)]
pub struct Delays {
    /// `pm_slow` answers after this (3 s).
    pub slow_answer: Duration,
    /// `pm_timeout` and an injected hang close the connection, unanswered, after this (60 s).
    pub hang: Duration,
    /// `pm_async` settles by itself this long after it was charged (10 s).
    pub async_settle_after: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            slow_answer: Duration::from_secs(3),
            hang: Duration::from_secs(60),
            async_settle_after: Duration::from_secs(10),
        }
    }
}

/// How call-backs are delivered and repeated.
#[derive(Debug, Clone, Copy)]
pub struct CallbackPolicy {
    /// Deliveries tried before the provider gives up (10).
    pub attempts: u32,
    /// Wait before the second try (500 ms); doubles from there, with jitter of half.
    pub first_wait: Duration,
    /// The longest wait between two tries (60 s).
    pub longest_wait: Duration,
    /// Time limit of one delivery (10 s).
    pub timeout: Duration,
    /// Deliveries under way at once (16).
    pub at_once: usize,
    /// Call-backs waiting at most (100 000); beyond it a new one is given up at once, and said in the log.
    pub waiting: usize,
    /// With `shuffleCallbacks` each waits a random part of this (500 ms).
    pub shuffle_within: Duration,
}

impl Default for CallbackPolicy {
    fn default() -> Self {
        Self {
            attempts: 10,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            timeout: Duration::from_secs(10),
            at_once: 16,
            waiting: 100_000,
            shuffle_within: Duration::from_millis(500),
        }
    }
}
