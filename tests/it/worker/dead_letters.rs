//! `till dead-letters` as an operator types it: what consumers gave up is seen, given back to them alone, or dropped.

use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::{BoxFuture, FutureExt};
use serde_json::json;
use sqlx::PgPool;
use till::domain::ambient::Ambient;
use till::domain::clock::{Clock, SystemClock};
use till::domain::ids::MessageId;
use till::domain::message::Message;
use till::service::dead_letters::{DeadLetter, keep};
use till::worker::Worker;
use till::worker::consumers::Consume;
use till::worker::delivery::Failure;
use time::Duration;

use super::{forget_that_it_was_sent, register};
use crate::support::db::url_of;
use crate::support::program::{output_of, till};
use crate::support::smtp::{Ending, SmtpSink};
use crate::support::worker::{dead_letters, left_over, parts, run_worker_until_idle};
use crate::support::{TestServices, services};

/// What the command did.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    pub said: Vec<String>,
    pub errors: Vec<String>,
}

/// Runs `till dead-letters …` on this database.
pub async fn till_dead_letters(pool: &PgPool, arguments: &[&str]) -> Done {
    let url = url_of(pool);
    let settings = [("DATABASE_URL", url.as_str()), ("RUST_LOG", "error")];
    let arguments = [&["dead-letters"], arguments].concat();
    let (Output { status, stdout, .. }, errors) = output_of(till(&arguments, &settings)).await;
    let said = String::from_utf8(stdout).unwrap().lines().map(str::to_owned).collect();
    Done { code: status.code(), said, errors }
}

/// The command lives in the present; messages that it writes are due then.
pub fn come_to_the_present(test: &TestServices) {
    test.clock.advance(SystemClock.now() - test.services.ambient.now() + Duration::MINUTE);
}

/// A message that this consumer gave up for this reason.
async fn given_up(test: &TestServices, consumer: &str, reason: &str) -> MessageId {
    let message = Message {
        id: test.services.ambient.id(),
        topic: "user.created".to_owned(),
        payload: json!({ "type": "user.created", "data": { "name": "Ada\u{9b}2J\n" } }),
        request_id: "req-7".to_owned(),
        trace_parent: None,
    };
    let letter = DeadLetter { consumer, message: &message, reason, tries: 3 };
    assert!(keep(&test.services, letter).await.unwrap());
    message.id
}

#[tokio::test]
async fn list_shows_the_newest_first_a_line_each_and_steers_no_terminal() {
    let test = services().await;
    let old = given_up(&test, "welcome_mail", "550 no\u{1b}[2J\nsuch mailbox").await.to_string();
    test.clock.advance(Duration::HOUR);
    let new = given_up(&test, "long_jobs", &"very ".repeat(100)).await.to_string();
    let all = till_dead_letters(&test.services.pool, &["list"]).await;
    assert_eq!((all.code, all.said.len()), (Some(0), 2), "{all:?}");
    let reason = format!("{}…", "very ".repeat(16));
    let newest = format!("{new}  long_jobs  user.created  3  2026-03-02T13:00:00Z  {reason}");
    assert_eq!(all.said[0], newest);
    let reason = r"550 no\u001b[2J\u000asuch mailbox";
    let oldest = format!("{old}  welcome_mail  user.created  3  2026-03-02T12:00:00Z  {reason}");
    assert_eq!(all.said[1], oldest);
    let one = till_dead_letters(&test.services.pool, &["list", "--limit", "1"]).await;
    assert_eq!((one.said[0].as_str(), one.said.len()), (newest.as_str(), 2), "{one:?}");
    let theirs = ["list", "--consumer", "welcome_mail"];
    assert_eq!(till_dead_letters(&test.services.pool, &theirs).await.said, [oldest]);
}

#[tokio::test]
async fn show_tells_everything_about_the_message_of_each_consumer() {
    let test = services().await;
    let id = given_up(&test, "welcome_mail", "550 no\nsuch mailbox").await.to_string();
    sqlx::query(
        "INSERT INTO dead_letters SELECT message_id, 'other', topic, payload, request_id, '00-ab-cd-01', reason, tries,
                                         died_at FROM dead_letters",
    )
    .execute(&*test.services.pool)
    .await
    .unwrap();
    let shown =
        till_dead_letters(&test.services.pool, &["show", &id, "--consumer", "welcome_mail"]).await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let expected = [
        &format!("message       {id}"),
        "consumer      welcome_mail",
        "topic         user.created",
        "request       req-7",
        "trace parent  none",
        "tries         3",
        "died at       2026-03-02T12:00:00Z",
        r"reason        550 no\u000asuch mailbox",
        "payload",
        "  {",
        r#"    "data": {"#,
        r#"      "name": "Ada\u009b2J\n""#,
        "    },",
        r#"    "type": "user.created""#,
        "  }",
    ];
    assert_eq!(shown.said, expected);
    let both = till_dead_letters(&test.services.pool, &["show", &id]).await;
    assert_eq!(both.said.len(), 2 * expected.len());
    assert!(both.said.contains(&"trace parent  00-ab-cd-01".to_owned()), "{both:?}");
}

#[tokio::test]
async fn what_is_no_dead_letter_is_said_to_be_none_with_exit_1() {
    let test = services().await;
    let kept = given_up(&test, "welcome_mail", "550").await.to_string();
    let unknown = Ambient::system().uuid().to_string();
    for action in ["show", "replay", "drop"] {
        for arguments in [&[action, &unknown][..], &[action, &kept, "--consumer", "long_jobs"]] {
            let done = till_dead_letters(&test.services.pool, arguments).await;
            assert_eq!(done.code, Some(1), "{done:?}");
            assert_eq!(done.said, ["There is no such dead letter."]);
        }
    }
    assert_eq!(dead_letters(&test).await.len(), 1);
}

#[tokio::test]
async fn what_can_not_be_done_is_told_in_one_line_with_exit_2() {
    let test = services().await;
    sqlx::query("DROP TABLE dead_letters").execute(&*test.services.pool).await.unwrap();
    for arguments in [&["list"][..], &["replay", "--all"], &["drop", "--all", "--yes"]] {
        let done = till_dead_letters(&test.services.pool, arguments).await;
        assert_eq!((done.code, done.errors.len()), (Some(2), 1), "{done:?}");
        assert!(done.errors[0].contains("does not exist"), "{done:?}");
    }
}

#[tokio::test]
async fn a_dead_letter_replayed_twice_has_its_effect_once() {
    let test = services().await;
    let sink = SmtpSink::start().await;
    let worker = Worker::in_process(parts(&test, &sink));
    register(&test, "ada").await;
    sink.plan(&[Ending::Refuse("550 no such mailbox")]);
    run_worker_until_idle(&worker, &test).await;
    let (id, payload): (uuid::Uuid, serde_json::Value) =
        sqlx::query_as("SELECT message_id, payload FROM dead_letters")
            .fetch_one(&*test.services.pool)
            .await
            .unwrap();
    let replay = ["replay", &id.to_string()].map(str::to_owned);
    let replay = replay.each_ref().map(String::as_str);
    let first = till_dead_letters(&test.services.pool, &replay).await;
    assert_eq!(first.code, Some(0), "{first:?}");
    assert_eq!(first.said, [format!("{id} goes back to welcome_mail")]);
    let none = till_dead_letters(&test.services.pool, &replay).await;
    assert_eq!(none.code, Some(1), "it is on its way: {none:?}");
    come_to_the_present(&test);
    run_worker_until_idle(&worker, &test).await;
    assert_eq!(sink.arrived().len(), 1);
    // A worker that was slower gives the same message up after all.
    let message = Message {
        id: id.into(),
        topic: "user.created".to_owned(),
        payload,
        request_id: String::new(),
        trace_parent: None,
    };
    let late =
        DeadLetter { consumer: "welcome_mail", message: &message, reason: "late", tries: 16 };
    assert!(keep(&test.services, late).await.unwrap());
    let second = till_dead_letters(&test.services.pool, &replay).await;
    assert_eq!(second.code, Some(0), "{second:?}");
    come_to_the_present(&test);
    run_worker_until_idle(&worker, &test).await;
    // And the relay died before it noted any of them.
    forget_that_it_was_sent(&test).await;
    run_worker_until_idle(&worker, &test).await;
    assert_eq!((sink.arrived().len(), dead_letters(&test).await.len()), (1, 0));
}

/// Counts what it handles; fails while it is told to.
#[derive(Debug)]
struct Counting {
    name: &'static str,
    failure: fn() -> Failure,
    fails: AtomicBool,
    handled: AtomicUsize,
    tried: AtomicUsize,
}

impl Counting {
    fn failing(name: &'static str, failure: fn() -> Failure) -> Arc<Self> {
        let (handled, tried) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { name, failure, fails: AtomicBool::new(true), handled, tried })
    }

    /// How often it tried, and how often it succeeded.
    fn seen(&self) -> (usize, usize) {
        (self.tried.load(Ordering::SeqCst), self.handled.load(Ordering::SeqCst))
    }
}

impl Consume for Counting {
    fn name(&self) -> &'static str {
        self.name
    }

    fn topics(&self) -> &'static [&'static str] {
        &["user.created"]
    }

    fn consume<'a>(&'a self, _message: &'a Message) -> BoxFuture<'a, Result<(), Failure>> {
        self.tried.fetch_add(1, Ordering::SeqCst);
        if self.fails.load(Ordering::SeqCst) {
            return std::future::ready(Err((self.failure)())).boxed();
        }
        self.handled.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(())).boxed()
    }
}

#[tokio::test]
async fn a_replay_reaches_only_the_consumer_that_gave_up_and_takes_nothing_from_another() {
    let test = services().await;
    let sink = SmtpSink::start().await;
    let mail = Counting::failing("welcome_mail", || Failure::Permanent("never".into()));
    let other = Counting::failing("other", || Failure::Temporary("later".into()));
    let consumers: Vec<Arc<dyn Consume>> = vec![mail.clone(), other.clone()];
    let worker = Worker::in_process_with(parts(&test, &sink), consumers);
    come_to_the_present(&test);
    register(&test, "ada").await;
    worker.run_until_idle().await.unwrap();
    // The message itself still waits, for the other one.
    assert_eq!((mail.seen(), other.seen(), left_over(&test).await.len()), ((1, 0), (1, 0), 1));
    sqlx::query("UPDATE outbox SET due_at = due_at + interval '1 day'")
        .execute(&*test.services.pool)
        .await
        .unwrap();
    mail.fails.store(false, Ordering::SeqCst);
    let done = till_dead_letters(&test.services.pool, &["replay", "--all"]).await;
    assert_eq!((done.code, done.said.len()), (Some(0), 1), "{done:?}");
    test.clock.advance(Duration::HOUR);
    worker.run_until_idle().await.unwrap();
    assert_eq!((mail.seen(), other.seen(), left_over(&test).await.len()), ((2, 1), (1, 0), 1));
    other.fails.store(false, Ordering::SeqCst);
    test.clock.advance(Duration::days(2));
    run_worker_until_idle(&worker, &test).await;
    assert_eq!(other.seen(), (2, 1));
}

#[tokio::test]
async fn what_a_consumer_gave_up_that_is_gone_stays_and_is_refused() {
    let test = services().await;
    let orphan = given_up(&test, "fax", "no paper").await.to_string();
    let mail = given_up(&test, "welcome_mail", "550").await.to_string();
    let one = till_dead_letters(&test.services.pool, &["replay", &orphan]).await;
    assert_eq!((one.code, one.said.len(), one.errors.len()), (Some(2), 0, 1), "{one:?}");
    assert!(one.errors[0].contains("there is no consumer fax any more"), "{one:?}");
    let all = till_dead_letters(&test.services.pool, &["replay", "--all"]).await;
    assert_eq!((all.code, all.errors.len()), (Some(2), 1), "{all:?}");
    assert_eq!(all.said, [format!("{mail} goes back to welcome_mail")]);
    assert_eq!(dead_letters(&test).await, [("fax".to_owned(), "no paper".to_owned())]);
}

#[tokio::test]
async fn drop_removes_for_good_and_says_so_and_all_of_them_only_after_a_yes() {
    let test = services().await;
    let first = given_up(&test, "welcome_mail", "550").await.to_string();
    for _more in 0..3 {
        given_up(&test, "fax", "no paper").await;
    }
    let one = till_dead_letters(&test.services.pool, &["drop", &first]).await;
    assert_eq!((one.code, one.errors.len()), (Some(0), 0), "{one:?}");
    assert_eq!(one.said, [format!("{first} of welcome_mail is gone for good")]);
    let hasty = till_dead_letters(&test.services.pool, &["drop", "--all"]).await;
    assert_eq!(hasty.code, Some(2));
    assert!(hasty.errors.concat().contains("--yes"), "{hasty:?}");
    assert_eq!(dead_letters(&test).await.len(), 3);
    let all = till_dead_letters(&test.services.pool, &["drop", "--all", "--yes"]).await;
    assert_eq!((all.code, all.said.len()), (Some(0), 3), "{all:?}");
    assert_eq!(dead_letters(&test).await, []);
    assert_eq!(left_over(&test).await, Vec::<String>::new(), "nothing went back");
}
