//! One mail per message: under copies, two workers, a server that refuses, a worker that died, and replay.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use till::domain::ids::{Id, MessageId};
use till::service::dead_letters::{Key, replay};
use till::service::mails::KINDS;
use till::worker::Worker;
use till::worker::delivery::MOST_TRIES;
use time::Duration;
use uuid::Uuid;

use crate::support::smtp::{Arrived, Ending, SmtpSink};
use crate::support::worker::{dead_letters, left_over, parts, run_worker_until_idle};
use crate::support::{TestServices, services};
use crate::worker::{forget_that_it_was_sent, register};

struct Welcoming {
    test: TestServices,
    sink: SmtpSink,
    worker: Worker,
}

async fn welcoming() -> Welcoming {
    let test = services().await;
    let sink = SmtpSink::start().await;
    let worker = Worker::in_process(parts(&test, &sink));
    Welcoming { test, sink, worker }
}

impl Welcoming {
    async fn work(&self) {
        run_worker_until_idle(&self.worker, &self.test).await;
    }

    /// Does what is due, whatever stays behind.
    async fn work_as_far_as_possible(&self) {
        self.worker.run_until_idle().await.unwrap();
    }

    async fn message(&self) -> MessageId {
        let id: Uuid = sqlx::query_scalar("SELECT id FROM outbox WHERE topic = 'user.created'")
            .fetch_one(&*self.test.services.pool)
            .await
            .unwrap();
        MessageId::from_uuid(id)
    }
}

#[tokio::test]
async fn registering_sends_one_welcome_mail() {
    let shop = welcoming().await;
    register(&shop.test, "ada").await;
    shop.work().await;
    shop.work().await;
    let arrived = shop.sink.arrived();
    assert_eq!(arrived.len(), 1);
    let mail = &arrived[0];
    assert_eq!(mail.to, "ada@example.com");
    assert_eq!(mail.header("Subject"), "Welcome to Till, Ada Lovelace");
    assert_eq!(mail.header("From"), "Till <no-reply@till.test>");
    let id = format!("<welcome_mail.{}@till.test>", shop.message().await);
    assert_eq!(mail.header("Message-ID"), id);
    assert!(mail.letter.contains("Hello Ada Lovelace,"), "{}", mail.letter);
    assert!(mail.letter.contains("<p>Hello Ada Lovelace,</p>"), "{}", mail.letter);
}

#[tokio::test]
async fn a_worker_that_dies_between_publishing_and_marking_has_one_effect() {
    let shop = welcoming().await;
    register(&shop.test, "ada").await;
    shop.work().await;
    for _death in 0..3 {
        forget_that_it_was_sent(&shop.test).await;
        shop.work().await;
    }
    assert_eq!(shop.sink.arrived().len(), 1);
}

#[tokio::test]
async fn a_mail_is_sent_once_even_if_nobody_remembers_that_the_message_was_handled() {
    let shop = welcoming().await;
    register(&shop.test, "ada").await;
    shop.work().await;
    sqlx::query("DELETE FROM inbox").execute(&*shop.test.services.pool).await.unwrap();
    forget_that_it_was_sent(&shop.test).await;
    shop.work().await;
    assert_eq!(shop.sink.arrived().len(), 1);
}

#[tokio::test]
async fn two_workers_at_once_send_each_mail_once() {
    let shop = welcoming().await;
    let twin = shop.test.twin().await;
    let other = Worker::in_process(parts(&twin, &shop.sink));
    join_all((0..20).map(|number| {
        let test = &shop.test;
        async move { register(test, &format!("customer-{number}")).await }
    }))
    .await;
    let (one, two) = tokio::join!(shop.worker.run_until_idle(), other.run_until_idle());
    one.unwrap();
    two.unwrap();
    assert_eq!(left_over(&shop.test).await, Vec::<String>::new());
    let arrived = shop.sink.arrived();
    let people: BTreeSet<&str> = arrived.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!((arrived.len(), people.len()), (20, 20));
}

#[tokio::test]
async fn a_mail_that_is_refused_for_a_while_is_sent_once_in_the_end() {
    let shop = welcoming().await;
    register(&shop.test, "ada").await;
    shop.sink.plan(&[Ending::Refuse("451 later"), Ending::Refuse("421 closing")]);
    for waited in [Duration::SECOND, Duration::seconds(4)] {
        shop.work_as_far_as_possible().await;
        let left = left_over(&shop.test).await;
        assert_eq!(left.len(), 2, "{left:?}");
        assert_eq!(shop.sink.arrived().len(), 0);
        shop.test.clock.advance(waited);
    }
    shop.work().await;
    assert_eq!(shop.sink.arrived().len(), 1);
    assert_eq!(dead_letters(&shop.test).await, []);
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_given_up_with_the_servers_words() {
    let shop = welcoming().await;
    register(&shop.test, "ada").await;
    shop.sink.plan(&[Ending::Refuse("550 no such mailbox")]);
    register(&shop.test, "bob").await;
    shop.work().await;
    let dead = dead_letters(&shop.test).await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].0, "welcome_mail");
    assert!(dead[0].1.contains("no such mailbox"), "{dead:?}");
    assert_eq!(shop.sink.arrived().len(), 1, "the other one is not held up");
}

#[tokio::test]
async fn a_mail_that_never_gets_through_is_given_up_after_bounded_tries() {
    let shop = welcoming().await;
    register(&shop.test, "ada").await;
    shop.sink.always(Some(Ending::Refuse("451 later")));
    let mut rounds = 0;
    while dead_letters(&shop.test).await.is_empty() {
        shop.work_as_far_as_possible().await;
        shop.test.clock.advance(Duration::minutes(18));
        rounds += 1;
        assert!(rounds <= MOST_TRIES, "it is tried for ever");
    }
    assert_eq!(rounds, MOST_TRIES);
    let (_, reason) = &dead_letters(&shop.test).await[0];
    assert!(reason.starts_with("given up after 16 tries: "), "{reason}");
    assert_eq!(left_over(&shop.test).await, Vec::<String>::new());
}

fn key_of(message: MessageId) -> Key {
    Key { message, consumer: "welcome_mail".to_owned() }
}

#[tokio::test]
async fn a_dead_letter_that_is_replayed_twice_has_one_effect() {
    let shop = welcoming().await;
    register(&shop.test, "ada").await;
    shop.sink.plan(&[Ending::Refuse("550 no such mailbox")]);
    shop.work().await;
    let message = shop.message().await;
    for again in [true, false] {
        let replayed = replay(&shop.test.services, crate::support::author(), &[key_of(message)])
            .await
            .unwrap();
        assert_eq!(!replayed.is_empty(), again);
        shop.work().await;
    }
    assert_eq!(shop.sink.arrived().len(), 1);
    assert_eq!(dead_letters(&shop.test).await, []);
}

#[tokio::test]
async fn a_replay_whose_message_was_forgotten_is_sent_nevertheless() {
    let shop = welcoming().await;
    register(&shop.test, "ada").await;
    shop.sink.plan(&[Ending::Refuse("550 no such mailbox")]);
    shop.work().await;
    let message = shop.message().await;
    sqlx::query("DELETE FROM outbox").execute(&*shop.test.services.pool).await.unwrap();
    assert_eq!(
        replay(&shop.test.services, crate::support::author(), &[key_of(message)])
            .await
            .unwrap()
            .len(),
        1
    );
    shop.work().await;
    assert_eq!(shop.sink.arrived().len(), 1);
}

#[tokio::test]
async fn a_second_copy_bears_the_same_message_id() {
    let shop = welcoming().await;
    register(&shop.test, "ada").await;
    // The server has the mail, and nobody on our side will ever know.
    shop.sink.plan(&[Ending::TakeAndHangUp]);
    shop.work_as_far_as_possible().await;
    shop.test.clock.advance(Duration::MINUTE);
    shop.work().await;
    let arrived = shop.sink.arrived();
    assert_eq!(arrived.len(), 2);
    assert_eq!(arrived[0].header("Message-ID"), arrived[1].header("Message-ID"));
}

#[tokio::test]
async fn a_mail_that_a_dead_worker_had_claimed_is_sent_when_its_lease_is_over() {
    let shop = welcoming().await;
    let ada = register(&shop.test, "ada").await;
    let now = shop.test.services.ambient.now();
    sqlx::query(
        "INSERT INTO mail_deliveries (message_id, kind, user_id, lease_token, leased_until, created_at)
         VALUES ($1, 'welcome_mail', $2, $3, $4, $5)",
    )
    .bind(shop.message().await.as_uuid())
    .bind(ada.id.as_uuid())
    .bind(shop.test.services.ambient.uuid())
    .bind(now + Duration::seconds(30))
    .bind(now)
    .execute(&*shop.test.services.pool)
    .await
    .unwrap();
    shop.work_as_far_as_possible().await;
    assert_eq!(shop.sink.arrived().len(), 0, "it may still be on its way");
    shop.test.clock.advance(Duration::seconds(30));
    shop.work().await;
    assert_eq!(shop.sink.arrived().len(), 1);
}

#[tokio::test]
async fn nobody_is_welcomed_to_an_account_that_is_gone() {
    let shop = welcoming().await;
    let ada = register(&shop.test, "ada").await;
    sqlx::query("UPDATE users SET status = 'disabled' WHERE id = $1")
        .bind(ada.id.as_uuid())
        .execute(&*shop.test.services.pool)
        .await
        .unwrap();
    shop.work().await;
    assert_eq!(shop.sink.arrived().len(), 0);
}

#[tokio::test]
async fn every_kind_of_mail_is_sent_once_however_often_its_message_comes() {
    let scene = super::mailed().await;
    let ada = scene.shop.customer("ada").await;
    scene.everything(&ada).await;
    scene.work().await;
    for kind in KINDS {
        assert_eq!(scene.to_ada(kind.name).len(), 1, "{}", kind.name);
    }
    let arrived = scene.sink.arrived().len();
    forget_that_it_was_sent(&scene.shop.test).await;
    scene.work().await;
    assert_eq!(scene.sink.arrived().len(), arrived);
    scene.execute("DELETE FROM inbox").await;
    forget_that_it_was_sent(&scene.shop.test).await;
    scene.work().await;
    assert_eq!(scene.sink.arrived().len(), arrived);
}

#[tokio::test]
async fn a_second_copy_of_any_kind_bears_the_same_message_id_and_the_same_words() {
    let scene = super::mailed().await;
    let ada = scene.shop.customer("ada").await;
    scene.everything(&ada).await;
    // The server has each mail, and nobody on our side will ever know.
    scene.sink.always(Some(Ending::TakeAndHangUp));
    scene.worker.run_until_idle().await.unwrap();
    scene.sink.always(None);
    scene.shop.test.clock.advance(Duration::MINUTE);
    scene.work().await;
    for kind in KINDS {
        let [first, second] = <[Arrived; 2]>::try_from(scene.to_ada(kind.name)).unwrap();
        assert_eq!(first.header("Message-ID"), second.header("Message-ID"));
        assert_eq!(first.read().text, second.read().text);
    }
}
