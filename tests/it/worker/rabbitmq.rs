//! The worker over a real RabbitMQ: a broker that is away loses and doubles nothing, and what it can't route stays ours.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use lapin::BasicProperties;
use lapin::options::{
    BasicGetOptions, BasicNackOptions, BasicPublishOptions, QueueBindOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use serde_json::json;
use till::clients::broker::{Audience, Broker, NotPublished, Subscription};
use till::domain::ambient::Ambient;
use till::domain::message::Message;
use till::worker::Worker;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::dead_letters::{come_to_the_present, till_dead_letters};
use super::{forget_that_it_was_sent, register};
use crate::support::rabbit::Rabbit;
use crate::support::smtp::{Ending, SmtpSink};
use crate::support::worker::{dead_letters, left_over, parts};
use crate::support::{TestServices, services};

struct Running {
    test: TestServices,
    sink: SmtpSink,
    rabbit: Rabbit,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Running {
    async fn over(rabbit: Rabbit) -> Self {
        let test = services().await;
        let sink = SmtpSink::start().await;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let running = Self { test, sink, rabbit, tasks, stop };
        running.another_worker();
        running
    }

    fn another_worker(&self) {
        let parts = parts(&self.test, &self.sink);
        Worker::over_rabbitmq(parts, |wishes| self.rabbit.broker(wishes))
            .spawn(&self.tasks, &self.stop);
    }

    /// Waits until nothing is left in the outbox and no mail is on its way.
    async fn settle(&self) {
        let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
        while !left_over(&self.test).await.is_empty() {
            looks.tick().await;
        }
    }

    async fn dead_letters(&self, wanted: usize) -> Vec<(String, String)> {
        let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
        loop {
            let dead = dead_letters(&self.test).await;
            if dead.len() >= wanted {
                return dead;
            }
            looks.tick().await;
        }
    }

    async fn finish(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

#[tokio::test]
async fn a_registration_goes_through_the_broker_and_sends_one_mail() {
    let shop = Running::over(Rabbit::reached().await).await;
    register(&shop.test, "ada").await;
    shop.sink.wait_for(1).await;
    shop.settle().await;
    // A copy, as a relay that died before the mark would publish it.
    forget_that_it_was_sent(&shop.test).await;
    shop.settle().await;
    register(&shop.test, "bob").await;
    let arrived = shop.sink.wait_for(2).await;
    shop.settle().await;
    assert_eq!(arrived.len(), 2);
    shop.finish().await;
}

#[tokio::test]
async fn messages_wait_for_a_broker_that_is_away_at_the_start() {
    let shop = Running::over(Rabbit::away().await).await;
    register(&shop.test, "ada").await;
    assert_eq!(left_over(&shop.test).await.len(), 1);
    shop.rabbit.line.open().await;
    shop.sink.wait_for(1).await;
    shop.settle().await;
    assert_eq!(shop.sink.arrived().len(), 1);
    shop.finish().await;
}

#[tokio::test]
async fn a_broker_that_goes_away_again_and_again_loses_and_doubles_no_mail() {
    let shop = Running::over(Rabbit::reached().await).await;
    shop.another_worker();
    for round in 0..4 {
        join_all((0..8).map(|number| {
            let name = format!("customer-{round}-{number}");
            let test = &shop.test;
            async move { register(test, &name).await }
        }))
        .await;
        // Somewhere on the way of the last ones.
        shop.sink.wait_for(round * 8 + 1).await;
        shop.rabbit.line.cut().await;
        shop.rabbit.line.open().await;
    }
    shop.sink.wait_for(32).await;
    shop.settle().await;
    let arrived = shop.sink.arrived();
    let people: BTreeSet<&str> = arrived.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!((arrived.len(), people.len()), (32, 32));
    assert_eq!(dead_letters(&shop.test).await, []);
    shop.finish().await;
}

#[tokio::test]
async fn a_mail_that_is_refused_for_now_comes_back_by_a_delay_queue() {
    let shop = Running::over(Rabbit::reached().await).await;
    shop.sink.plan(&[Ending::Refuse("451 later"), Ending::Refuse("451 later")]);
    register(&shop.test, "ada").await;
    shop.sink.wait_for(1).await;
    shop.settle().await;
    assert_eq!(shop.sink.arrived().len(), 1);
    shop.finish().await;
}

#[tokio::test]
async fn a_mail_that_never_gets_through_the_broker_is_given_up_after_bounded_tries() {
    let shop = Running::over(Rabbit::reached().await).await;
    shop.sink.always(Some(Ending::Refuse("451 later")));
    register(&shop.test, "ada").await;
    let dead = shop.dead_letters(1).await;
    assert!(dead[0].1.starts_with("given up after 16 tries: "), "{dead:?}");
    shop.finish().await;
}

#[tokio::test]
async fn a_replay_over_the_broker_goes_to_the_queue_of_its_consumer_alone() {
    let shop = Running::over(Rabbit::reached().await).await;
    // Up to the first mail, so that everything is declared.
    register(&shop.test, "first").await;
    shop.sink.wait_for(1).await;
    let (_connection, channel) = shop.rabbit.channel().await;
    let (other, events) =
        (format!("{}.other", shop.rabbit.prefix), format!("{}.events", shop.rabbit.prefix));
    let (other, events) = (other.as_str(), events.as_str());
    let none = FieldTable::default;
    let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(other.into(), options, none()).await.unwrap();
    let options = QueueBindOptions::default();
    let topic = "user.created".into();
    channel.queue_bind(other.into(), events.into(), topic, options, none()).await.unwrap();
    shop.sink.plan(&[Ending::Refuse("550 no such mailbox")]);
    register(&shop.test, "ada").await;
    shop.dead_letters(1).await;
    shop.settle().await;
    let done = till_dead_letters(&shop.test.services.pool, &["replay", "--all"]).await;
    assert_eq!((done.code, done.said.len()), (Some(0), 1), "{done:?}");
    come_to_the_present(&shop.test);
    let arrived = shop.sink.wait_for(2).await;
    shop.settle().await;
    assert_eq!(arrived[1].to, "ada@example.com");
    assert_eq!(dead_letters(&shop.test).await, []);
    // The message as it was published first, and nothing more.
    let take = || channel.basic_get(other.into(), BasicGetOptions { no_ack: true });
    assert!(take().await.unwrap().is_some());
    assert!(take().await.unwrap().is_none());
    shop.finish().await;
}

#[tokio::test]
async fn what_can_not_be_read_is_given_up_with_its_reason_while_others_go_on() {
    let shop = Running::over(Rabbit::reached().await).await;
    register(&shop.test, "first").await;
    shop.sink.wait_for(1).await;
    let (_connection, channel) = shop.rabbit.channel().await;
    let version = |version| {
        let mut headers = FieldTable::default();
        headers.insert("x-till-version".into(), AMQPValue::LongInt(version));
        let id = Ambient::system().uuid().to_string();
        let properties = BasicProperties::default().with_headers(headers);
        properties.with_message_id(id.into()).with_type("user.created".into())
    };
    let poison: [(&[u8], BasicProperties); 6] = [
        (b"{\"type\":", version(1)),
        (b"\xff\x00", version(1)),
        (br#"{"type":"user.created","data":{"\u0000":["\u0000"]}}"#, version(1)),
        (b"{}", version(99).with_type("user\0".into())),
        (b"{}", version(99)),
        (b"{}", BasicProperties::default()),
    ];
    let queue = format!("{}.welcome_mail", shop.rabbit.prefix);
    for (body, properties) in poison {
        let options = BasicPublishOptions::default();
        let key = queue.as_str().into();
        channel.basic_publish("".into(), key, options, body, properties).await.unwrap();
    }
    register(&shop.test, "second").await;
    shop.sink.wait_for(2).await;
    let reasons: BTreeSet<String> =
        shop.dead_letters(6).await.into_iter().map(|(_, reason)| reason).collect();
    assert!(reasons.contains("its version is 99, this program knows 1"), "{reasons:?}");
    assert!(reasons.contains("it has no version"), "{reasons:?}");
    assert!(reasons.contains("it has a NUL, which is no text"), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.starts_with("it is not JSON: ")), "{reasons:?}");
    shop.finish().await;
}

#[tokio::test]
async fn a_message_that_kills_every_worker_it_meets_is_given_up_by_the_broker() {
    let rabbit = Rabbit::reached().await;
    // Declared by one that only publishes.
    let broker = Arc::new(rabbit.broker(vec![SUBSCRIPTION]));
    let stop = CancellationToken::new();
    let publishing = tokio::spawn(Arc::clone(&broker).keep_publishing(stop.clone()));
    broker.ready().await;
    broker.publish(&message("user.created"), Audience::Everybody, 1).await.unwrap();
    let (_connection, channel) = rabbit.channel().await;
    let queue = format!("{}.welcome_mail", rabbit.prefix);
    let mut deliveries = 0;
    while let Some(got) =
        channel.basic_get(queue.as_str().into(), BasicGetOptions::default()).await.unwrap()
    {
        deliveries += 1;
        got.nack(BasicNackOptions { requeue: true, multiple: false }).await.unwrap();
    }
    assert_eq!(deliveries, 21, "the first one and twenty more");
    stop.cancel();
    publishing.await.unwrap();
    let shop = Running::over(rabbit).await;
    let dead = shop.dead_letters(1).await;
    let reason = "the broker gave it up: delivery_limit".to_owned();
    assert_eq!(dead, [("welcome_mail".to_owned(), reason)]);
    shop.finish().await;
}

const SUBSCRIPTION: Subscription =
    Subscription { queue: "welcome_mail", topics: &["user.created"] };

fn message(topic: &str) -> Message {
    Message {
        id: Ambient::system().id(),
        topic: topic.to_owned(),
        payload: json!({}),
        request_id: "test".to_owned(),
        trace_parent: None,
    }
}

#[tokio::test]
async fn what_no_queue_takes_is_never_counted_as_sent_however_much_else_is_under_way() {
    let rabbit = Rabbit::reached().await;
    let lost = Subscription { queue: "lost", topics: &["order.paid"] };
    let broker = Arc::new(rabbit.broker(vec![SUBSCRIPTION, lost]));
    let stop = CancellationToken::new();
    let publishing = tokio::spawn(Arc::clone(&broker).keep_publishing(stop.clone()));
    broker.ready().await;
    let (_connection, channel) = rabbit.channel().await;
    let queue = format!("{}.lost", rabbit.prefix);
    channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    let messages: Vec<Message> = (0..400)
        .map(|number| {
            message(match number % 3 {
                0 => "order.paid",
                1 => "user.created",
                _ => "nobody.cares",
            })
        })
        .collect();
    let publish = |message| broker.publish(message, Audience::Everybody, 1);
    let published = join_all(messages.iter().map(publish)).await;
    for (message, published) in messages.iter().zip(published) {
        let expected = match message.topic.as_str() {
            "order.paid" => Err(NotPublished::Refused("no queue takes it".to_owned())),
            _ => Ok(()),
        };
        assert_eq!(published, expected, "{}", message.topic);
    }
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let queue = format!("{}.welcome_mail", rabbit.prefix);
    let declared = channel.queue_declare(queue.as_str().into(), options, FieldTable::default());
    assert_eq!(declared.await.unwrap().message_count(), 133);
    stop.cancel();
    publishing.await.unwrap();
}

#[tokio::test]
async fn what_the_broker_refuses_stays_in_the_outbox_until_it_takes_it() {
    let rabbit = Rabbit::reached().await;
    let (_connection, channel) = rabbit.channel().await;
    let shop = Running::over(rabbit).await;
    register(&shop.test, "ada").await;
    shop.sink.wait_for(1).await;
    shop.settle().await;
    // A queue that is full refuses a message (basic.nack) for all queues that it would go to.
    let (full, exchange) =
        (format!("{}.full", shop.rabbit.prefix), format!("{}.events", shop.rabbit.prefix));
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(1));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(full.as_str().into(), options, arguments).await.unwrap();
    let (queue, exchange) = (full.as_str().into(), exchange.as_str().into());
    let bind = QueueBindOptions::default();
    channel
        .queue_bind(queue, exchange, "user.created".into(), bind, FieldTable::default())
        .await
        .unwrap();
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
    let refused = "message user.created: no queue could store it".to_owned();
    let mut people = 1;
    // The first of them may still find room.
    while !left_over(&shop.test).await.contains(&refused) {
        register(&shop.test, &format!("person-{people}")).await;
        people += 1;
        looks.tick().await;
    }
    channel.queue_delete(full.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    while !left_over(&shop.test).await.is_empty() {
        // Its next try is due by the clock.
        shop.test.clock.advance(time::Duration::SECOND);
        looks.tick().await;
    }
    let arrived = shop.sink.wait_for(people).await;
    let reached: BTreeSet<&str> = arrived.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!(reached.len(), people);
    shop.finish().await;
}
