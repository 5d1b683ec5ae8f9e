//! What the worker makes of messages: poison, panics and hangs hurt nobody else, and a stop loses nothing.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use serde_json::json;
use till::domain::message::Message;
use till::service::outbox::{self, measure_lag};
use till::worker::Worker;
use till::worker::consumers::Consume;
use till::worker::delivery::{Failure, MOST_TRIES};
use time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::register;
use crate::support::factories::{customer, order_of, product};
use crate::support::smtp::SmtpSink;
use crate::support::worker::{dead_letters, left_over, parts, run_worker_until_idle};
use crate::support::{TestServices, services};

/// Does with a message what the test says.
#[derive(Debug)]
struct Scripted {
    name: &'static str,
    act: fn(&Message) -> BoxFuture<'_, Result<(), Failure>>,
    heard: mpsc::UnboundedSender<String>,
}

impl Consume for Scripted {
    fn name(&self) -> &'static str {
        self.name
    }

    fn topics(&self) -> &'static [&'static str] {
        &["user.created"]
    }

    fn consume<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            (self.act)(message).await?;
            self.heard.send(message.id.to_string()).unwrap();
            Ok(())
        }
        .boxed()
    }
}

struct Scene {
    test: TestServices,
    worker: Worker,
    heard: mpsc::UnboundedReceiver<String>,
}

/// Two consumers of `user.created`: one that acts so, and `calm`, which only notes the message.
async fn scene(act: fn(&Message) -> BoxFuture<'_, Result<(), Failure>>) -> Scene {
    let test = services().await;
    let sink = SmtpSink::start().await;
    let (sender, heard) = mpsc::unbounded_channel();
    let calm = |_: &Message| std::future::ready(Ok(())).boxed();
    let scripted =
        |name, act| -> Arc<dyn Consume> { Arc::new(Scripted { name, act, heard: sender.clone() }) };
    let consumers = vec![scripted("wild", act), scripted("calm", calm)];
    let worker = Worker::in_process_with(parts(&test, &sink), consumers);
    Scene { test, worker, heard }
}

async fn write_message(test: &TestServices, topic: &str, payload: serde_json::Value) {
    sqlx::query(
        "INSERT INTO outbox (id, topic, payload, request_id, created_at, due_at)
         VALUES ($1, $2, $3, 'poison', $4, $4)",
    )
    .bind(test.services.ambient.uuid())
    .bind(topic)
    .bind(payload)
    .bind(test.services.ambient.now())
    .execute(&*test.services.pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn poison_is_given_up_with_its_reason_while_others_go_on() {
    let test = services().await;
    let sink = SmtpSink::start().await;
    let worker = Worker::in_process(parts(&test, &sink));
    write_message(&test, "user.created", json!({ "type": "user.exploded", "data": {} })).await;
    write_message(&test, "user.created", json!("no event at all")).await;
    register(&test, "ada").await;
    run_worker_until_idle(&worker, &test).await;
    assert_eq!(sink.arrived().len(), 1);
    // Each of the two by each consumer of the topic.
    let dead = dead_letters(&test).await;
    let of = |consumer: &str| dead.iter().filter(|(by, _)| by == consumer).count();
    assert_eq!((dead.len(), of("welcome_mail"), of("events")), (4, 2, 2));
    assert!(dead.iter().any(|(_, reason)| reason.contains("user.exploded")), "{dead:?}");
}

#[tokio::test]
async fn members_that_an_event_has_besides_are_passed_over() {
    let test = services().await;
    let sink = SmtpSink::start().await;
    let worker = Worker::in_process(parts(&test, &sink));
    let ada = customer(&test).await;
    sqlx::query("DELETE FROM outbox").execute(&*test.services.pool).await.unwrap();
    let event = json!({
        "type": "user.created", "version": 2, "data": { "userId": ada.to_string(), "tier": "gold" },
    });
    write_message(&test, "user.created", event).await;
    run_worker_until_idle(&worker, &test).await;
    assert_eq!((sink.arrived().len(), dead_letters(&test).await.len()), (1, 0));
}

#[tokio::test]
async fn messages_that_nobody_takes_are_done() {
    let test = services().await;
    let sink = SmtpSink::start().await;
    let worker = Worker::in_process(parts(&test, &sink));
    write_message(&test, "nobody.cares", json!({})).await;
    run_worker_until_idle(&worker, &test).await;
    assert_eq!(dead_letters(&test).await, []);
}

#[tokio::test]
async fn a_consumer_that_panics_has_failed_and_nothing_more() {
    let mut scene = scene(|_| async { unreachable!("on purpose") }.boxed()).await;
    register(&scene.test, "ada").await;
    for _try in 0..MOST_TRIES {
        scene.worker.run_until_idle().await.unwrap();
        scene.test.clock.advance(Duration::minutes(18));
    }
    assert_eq!(left_over(&scene.test).await, Vec::<String>::new());
    let dead = dead_letters(&scene.test).await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].0, "wild");
    assert!(dead[0].1.contains("on purpose"), "{dead:?}");
    // The other consumer is not reached by that; without a memory of its own it hears of every try.
    assert!(scene.heard.try_recv().is_ok());
}

#[tokio::test]
async fn a_consumer_that_hangs_holds_up_no_other_message_and_a_stop_gives_its_message_back() {
    let mut scene = scene(|message| {
        let hangs = message.request_id == "hang";
        async move { if hangs { std::future::pending().await } else { Ok(()) } }.boxed()
    })
    .await;
    register(&scene.test, "hung").await;
    sqlx::query("UPDATE outbox SET request_id = 'hang'")
        .execute(&*scene.test.services.pool)
        .await
        .unwrap();
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    scene.worker.spawn(&tasks, &stop);
    // The calm consumer's word of the first, then both words of the second.
    let first = scene.heard.recv().await.unwrap();
    register(&scene.test, "quick").await;
    let (one, two) = (scene.heard.recv().await.unwrap(), scene.heard.recv().await.unwrap());
    assert_eq!(one, two);
    assert_ne!(first, one);
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    let held: Vec<(String, Option<uuid::Uuid>, i32)> = sqlx::query_as(
        "SELECT request_id, lease_token, tries FROM outbox WHERE sent_at IS NULL AND due_at <= $1",
    )
    .bind(scene.test.services.ambient.now())
    .fetch_all(&*scene.test.services.pool)
    .await
    .unwrap();
    assert_eq!(held, [("hang".to_owned(), None, 0)]);
}

#[tokio::test]
async fn a_message_of_another_lease_is_not_marked_by_a_late_holder() {
    use till::domain::ids::{Id, MessageId};
    use till::service::outbox::{lease_due, mark_sent};
    let test = services().await;
    register(&test, "ada").await;
    let late = lease_due(&test.services, 10).await.unwrap();
    assert_eq!(lease_due(&test.services, 10).await.unwrap().messages.len(), 0);
    test.clock.advance(Duration::MINUTE);
    let present = lease_due(&test.services, 10).await.unwrap();
    let ids: Vec<MessageId> = present.messages.iter().map(|leased| leased.message.id).collect();
    assert_eq!((ids.len(), present.messages[0].tries), (1, 2));
    mark_sent(&test.services, late.token, &ids).await.unwrap();
    assert_eq!(left_over(&test).await.len(), 1);
    mark_sent(&test.services, present.token, &ids).await.unwrap();
    assert_eq!(left_over(&test).await.len(), 0);
    assert_ne!(late.token.as_uuid(), present.token.as_uuid());
}

#[tokio::test]
async fn no_more_messages_are_leased_than_there_are_places_for_whatever_plan_is_chosen() {
    let test = services().await;
    let pool = &*test.services.pool;
    sqlx::query(
        "INSERT INTO outbox (id, topic, payload, request_id, created_at, due_at)
         SELECT gen_random_uuid(), 'order.paid', '{}', 'test', $1, $1 FROM generate_series(1, 500)",
    )
    .bind(test.services.ambient.now())
    .execute(pool)
    .await
    .unwrap();
    // Statistics that are wrong lead the planner to ask again for each row; here it is made to.
    for method in ["hashjoin", "mergejoin", "hashagg", "sort", "material"] {
        let statement = format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET enable_{method} = off', current_database()); END $$"
        );
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(pool).await.unwrap();
    }
    let twin = test.twin().await;
    for _look in 0..3 {
        let leased = outbox::lease_due(&twin.services, 100).await.unwrap();
        assert_eq!(leased.messages.len(), 100);
    }
}

#[tokio::test]
async fn the_lag_is_the_number_and_the_age_of_what_is_not_sent() {
    let test = services().await;
    let buyer = customer(&test).await;
    let goods = product(&test, "TEA", 5, buyer).await;
    till::service::orders::place(
        &test.services,
        None,
        &test.cause(),
        &order_of(buyer, &[(goods.id, 1)]),
    )
    .await
    .unwrap();
    let before = measure_lag(&test.services).await.unwrap();
    test.clock.advance(Duration::minutes(5));
    let after = measure_lag(&test.services).await.unwrap();
    assert!(before.unsent >= 1);
    assert_eq!((after.unsent, after.oldest - before.oldest), (before.unsent, Duration::minutes(5)));
    let sink = SmtpSink::start().await;
    run_worker_until_idle(&Worker::in_process(parts(&test, &sink)), &test).await;
    let none = measure_lag(&test.services).await.unwrap();
    assert_eq!((none.unsent, none.oldest), (0, Duration::ZERO));
}
