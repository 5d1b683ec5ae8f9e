//! The worker: every message has its effect once, whatever happens on the way, and timers do what is due.

mod dead_letters;
mod jobs;
mod mails;
mod memory_alarm;
mod messages;
mod rabbitmq;

use till::domain::access::Role;
use till::domain::user::{Email, PersonName, User};
use till::service::auth::passwords::Password;
use till::service::users::register::{self, Register};

use crate::support::TestServices;

/// A customer who has just registered; the message about it waits in the outbox.
async fn register(test: &TestServices, name: &str) -> User {
    let command = Register {
        email: Email::parse(&format!("{name}@example.com")).unwrap(),
        name: PersonName::parse("Ada Lovelace").unwrap(),
        password: Password::parse("correct horse battery").unwrap(),
        role: Role::Customer,
    };
    register::register(&test.services, &test.cause(), command).await.unwrap()
}

/// The worker died after the message was handled and before that was written down.
pub async fn forget_that_it_was_sent(test: &TestServices) {
    sqlx::query("UPDATE outbox SET sent_at = NULL, due_at = created_at")
        .execute(&test.services.pool)
        .await
        .unwrap();
}
