//! The use cases over a database of their own and a clock that only the test moves.

use std::sync::Arc;

use till::config::RootKey;
use till::domain::ambient::Ambient;
use till::domain::clock::ManualClock;
use till::domain::entropy::SystemEntropy;
use till::service::auth::{Auth, AuthSettings, SIGNING_KEYS_LABEL};
use till::service::{Cause, Services};
use time::macros::datetime;

use super::db::database;

/// What a test of the service layer is given.
#[derive(Debug)]
pub struct TestServices {
    pub services: Services,
    pub clock: Arc<ManualClock>,
}

/// Services on a new database, at noon of an ordinary day.
pub async fn services() -> TestServices {
    let clock = Arc::new(ManualClock::starting_at(datetime!(2026-03-02 12:00 UTC)));
    let ambient = Ambient::new(clock.clone(), Arc::new(SystemEntropy));
    TestServices { services: Services { pool: database().await, ambient, auth: auth() }, clock }
}

/// The authentication of a process of its own.
pub fn auth() -> Auth {
    Auth::new(AuthSettings {
        issuer: "https://till.test".to_owned(),
        audience: "https://till.test".to_owned(),
        key_encryption_key: RootKey::new([7; 32]).derive(SIGNING_KEYS_LABEL),
    })
}

impl TestServices {
    /// The cause of an effect whose cause doesn't matter.
    pub fn cause(&self) -> Cause {
        Cause { request_id: "test".to_owned(), trace_parent: None }
    }
}
