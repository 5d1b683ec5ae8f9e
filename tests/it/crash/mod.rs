//! The crash test: real processes, real clients, and somebody who kills, pauses and cuts off whatever he can reach.
//!
//! Three `api`, two `worker`, the gateway, and a Postgres, a Redis and a RabbitMQ of its own, durable as in production.
//! Sixteen clients buy, pay, capture, cancel and refund, and repeat under its key whatever has no certain answer. At the
//! end everything is restarted and drained, all answers are asked for once more, and every acknowledged order, payment
//! and refund must be there exactly once, in our database and on the gateway's own record.
//!
//! `make crash-test SECONDS=600 SEED=7` runs it, and `make test` a short form, both by itself: it takes the machine. The
//! seed draws what is done when, and what the clients buy; how the processes' threads interleave it does not draw.

mod blows;
mod clients;
pub mod house;
pub mod servers;
mod verdict;

use std::time::Duration;

use futures_util::future::join_all;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;
use till::domain::ambient::Ambient;
use tokio::time::{Instant, interval, timeout};
use tokio_util::sync::CancellationToken;

use self::blows::Vandal;
use self::clients::{Client, World};
use self::house::{ADMIN, House};
use self::verdict::judge;

const CLIENTS: usize = 16;
const PRODUCTS: usize = 6;

/// Longest wait until nothing is open any more: the longest pause between two looks at an attempt, and one call.
const DRAINED_WITHIN: Duration = Duration::from_secs(300);

/// A broker that is not well again by then stays as it is.
const BROKER_HEALS_WITHIN: Duration = Duration::from_secs(60);

/// Longest until it says so once more: who sends tries again after a lease of a minute at the latest.
const BROKER_SPEAKS_WITHIN: Duration = Duration::from_secs(70);

/// A number from the environment of the test.
#[expect(clippy::disallowed_methods, reason = "the test binary has no config")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Products with more pieces than anybody can buy.
async fn stock_up(world: &mut World, dice: &mut StdRng) {
    let token = world.token(dice, ADMIN).await;
    let mut products = Vec::new();
    for number in 0..PRODUCTS {
        let product = json!({
            "sku": format!("MUG-{number}"), "name": "Mug", "category": "tea", "unitAmount": 1990,
            "currency": "MYR",
        });
        let url = format!("http://{}/v1/products", world.apis[0]);
        let made = world.http.post(&url).bearer_auth(&token).json(&product).send().await.unwrap();
        let made: serde_json::Value = made.json().await.unwrap();
        let id = made["id"].as_str().unwrap().to_owned();
        let delivery = json!({ "delta": 1_000_000, "reason": "first delivery" });
        let put = world.http.post(format!("{url}/{id}/inventory")).bearer_auth(&token);
        assert_eq!(put.json(&delivery).send().await.unwrap().status(), 200);
        products.push(id);
    }
    world.products = products.into();
}

/// Waits until every attempt is settled and every message is sent; says whether the broker had to be replaced.
///
/// RabbitMQ 3.10 may come back from SIGKILL with queues that it can't open: it answers every try with 541, which AMQP
/// keeps for a broker's own faults. An operator then puts a new one in its place and gives it all messages once more;
/// the inbox knows those that had come through.
async fn drained(house: &mut House) -> bool {
    if drains(house, BROKER_HEALS_WITHIN).await {
        return false;
    }
    // Once might be our own fault to stay with it; whoever tries again and again hears it again and again.
    let length = house.rabbit.log_length();
    if drains(house, BROKER_SPEAKS_WITHIN).await {
        return false;
    }
    let broken = house.rabbit.logged("internal_error", length);
    if broken {
        house.rabbit.replace().await;
        let again = "UPDATE outbox SET sent_at = NULL";
        sqlx::query(again).execute(&house.pool).await.unwrap();
    }
    assert!(drains(house, DRAINED_WITHIN).await, "something stays open");
    broken
}

async fn drains(house: &House, within: Duration) -> bool {
    let open = "SELECT (SELECT count(*) FROM payment_attempts WHERE state = 'live')
                     + (SELECT count(*) FROM outbox WHERE sent_at IS NULL)";
    let looks = async {
        let mut looks = interval(Duration::from_millis(200));
        while !matches!(sqlx::query_scalar(open).fetch_one(&house.pool).await, Ok(0_i64)) {
            looks.tick().await;
        }
    };
    timeout(within, looks).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it kills servers for a while: `make crash-test`"]
async fn whatever_is_killed_what_was_acknowledged_is_there_exactly_once() {
    let seed = number("TILL_TEST_CRASH_SEED")
        .unwrap_or_else(|| u64::from(u16::from_le_bytes(Ambient::system().bytes())));
    let seconds = number("TILL_TEST_CRASH_SECONDS").unwrap_or(20);
    println!("crash test, seed {seed}, {seconds} s: it begins");
    let mut house = House::build(seed).await;
    let closing = CancellationToken::new();
    let apis = house.apis.iter().map(|api| api.address).collect();
    let (mut world, mut dice) = (World::new(apis, closing.clone()), StdRng::seed_from_u64(seed));
    stock_up(&mut world, &mut dice).await;
    let made = (0..CLIENTS).map(|number| Client::new(world.clone(), number, seed));
    let clients: Vec<_> =
        join_all(made).await.into_iter().map(|client| tokio::spawn(client.trade())).collect();

    let tally = Vandal::new(seed).rage(&mut house, Duration::from_secs(seconds)).await;
    closing.cancel();
    let mut clients: Vec<Client> =
        join_all(clients).await.into_iter().map(Result::unwrap).collect();
    let until = Instant::now() + DRAINED_WITHIN;
    let settled = join_all(clients.iter_mut().map(|client| client.settle(until))).await;
    assert!(settled.iter().all(|all| *all), "somebody never learned how it ended");
    let replaced = drained(&mut house).await;
    let until = Instant::now() + DRAINED_WITHIN;
    join_all(clients.iter_mut().map(|client| client.replay(until))).await;

    let mut verdict = judge(&house, &clients, tally, seed).await;
    verdict.seconds = seconds;
    verdict.broker_replaced = replaced;
    println!("{verdict}");
    assert_eq!((verdict.doubled, verdict.lost), (0, 0), "{verdict}");
    assert_eq!(verdict.offences, Vec::<String>::new(), "{verdict}");
    assert!(
        verdict.tally.all_kills() > 0 && verdict.orders > 0 && verdict.payments > 0,
        "{verdict}"
    );
    assert!(house.run_till(&["check"]).await.contains("ok"), "{verdict}");
}
