//! Two thousand people register while the broker, or the workers, are killed: each gets their welcome mail.
//!
//! The processes, servers and keys are those of the crash test. It takes minutes: `make prove ONLY=mails` runs it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use crate::crash::house::{House, PASSWORD};

const PEOPLE: usize = 2_000;
const CLIENTS: usize = 16;

/// Mails that one worker sends at a time: what its queue of welcome mails hands it unacknowledged.
const AT_A_TIME: usize = 16;

/// Longest wait for the last mail; what a dead worker held is somebody else's after a minute at the most.
const DRAINED_WITHIN: Duration = Duration::from_secs(600);

/// How many have registered so far, and how many may.
#[derive(Debug, Clone, Default)]
struct Registered(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    registered: AtomicUsize,
    admitted: AtomicUsize,
}

impl Registered {
    /// From now on so many may, so that somebody always comes while something is killed.
    fn admit(&self, people: usize) {
        self.0.admitted.store(people, Ordering::Relaxed);
    }

    async fn reach(&self, people: usize) {
        wait_until(|| self.0.registered.load(Ordering::Relaxed) >= people).await;
    }

    async fn wait_for(&self, number: usize) {
        wait_until(|| self.0.admitted.load(Ordering::Relaxed) > number).await;
    }
}

async fn wait_until(holds: impl Fn() -> bool) {
    let mut looks = interval(Duration::from_millis(20));
    while !holds() {
        looks.tick().await;
    }
}

/// Everybody registers once, at one instance after the other.
fn register_all(house: &House) -> (Registered, JoinSet<()>) {
    let (registered, mut clients) = (Registered::default(), JoinSet::new());
    let apis: Vec<_> = house.apis.iter().map(|api| api.address).collect();
    let http =
        reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
    for client in 0..CLIENTS {
        let (apis, http, registered) = (apis.clone(), http.clone(), registered.clone());
        clients.spawn(async move {
            for number in (client..PEOPLE).step_by(CLIENTS) {
                registered.wait_for(number).await;
                let account = json!({
                    "email": format!("person-{number}@example.com"), "password": PASSWORD, "name": "Person",
                });
                let url = format!("http://{}/v1/users", apis[number % apis.len()]);
                let answer = http.post(&url).json(&account).send().await.unwrap();
                assert_eq!(answer.status(), 201);
                registered.0.registered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    (registered, clients)
}

/// Waits until each message is handled, and counts: mails, and different ones of them.
async fn mails_of(house: &House) -> (usize, usize) {
    let open = "SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NULL)
                     + $1 - (SELECT count(*) FROM inbox WHERE consumer = 'welcome_mail')";
    let people = i64::try_from(PEOPLE).unwrap() + 1;
    let looks = async {
        let mut looks = interval(Duration::from_millis(200));
        while !matches!(
            sqlx::query_scalar(open).bind(people).fetch_one(&house.pool).await,
            Ok(0_i64)
        ) {
            looks.tick().await;
        }
    };
    assert!(timeout(DRAINED_WITHIN, looks).await.is_ok(), "a mail is never sent");
    let mut arrived = house.mail.arrived();
    arrived.retain(|mail| mail.to.starts_with("person-"));
    let people: BTreeSet<&str> = arrived.iter().map(|mail| mail.to.as_str()).collect();
    let ids: BTreeSet<&str> = arrived.iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!(people.len(), PEOPLE, "somebody got none");
    (arrived.len(), ids.len())
}

/// The house with all its programs at work.
async fn house(seed: u64) -> House {
    let house = House::build(seed).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut looks = interval(Duration::from_millis(50));
    for api in &house.apis {
        let url = format!("http://{}/readyz", api.address);
        while !http.get(&url).send().await.is_ok_and(|answer| answer.status() == 200) {
            looks.tick().await;
        }
    }
    house
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes minutes: `make prove ONLY=mails`"]
async fn a_broker_that_is_restarted_five_times_loses_and_doubles_no_mail_of_two_thousand() {
    const RESTARTS: usize = 5;
    let mut house = house(21).await;
    let (registered, clients) = register_all(&house);
    for restart in 1..=RESTARTS {
        registered.admit(restart * PEOPLE / RESTARTS);
        registered.reach((2 * restart - 1) * PEOPLE / (2 * RESTARTS)).await;
        house.rabbit.kill().await;
        let before = house.mail.arrived().len();
        house.rabbit.start();
        house.rabbit.ready().await;
        // It works again before it is killed again.
        let back = timeout(DRAINED_WITHIN, house.mail.wait_for(before + CLIENTS)).await;
        assert!(back.is_ok(), "the broker does not come back");
    }
    clients.join_all().await;
    let (mails, different) = mails_of(&house).await;
    println!(
        "mails, the broker restarted {RESTARTS} times: {PEOPLE} registrations; {mails} mails; {} copies",
        mails - different
    );
    assert_eq!((mails, different), (PEOPLE, PEOPLE));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes minutes: `make prove ONLY=mails`"]
async fn workers_that_are_killed_ten_times_lose_no_mail_of_two_thousand_and_copy_few() {
    const KILLS: usize = 10;
    let mut house = house(22).await;
    let (registered, clients) = register_all(&house);
    registered.admit(PEOPLE);
    for kill in 1..=KILLS {
        registered.reach(kill * PEOPLE / (KILLS + 1)).await;
        let worker = &mut house.workers[kill % 2];
        worker.kill().await;
        worker.start();
    }
    clients.join_all().await;
    let (mails, different) = mails_of(&house).await;
    let copies = mails - different;
    println!(
        "mails, workers killed {KILLS} times: {PEOPLE} registrations; {different} mails; {copies} copies"
    );
    assert_eq!(different, PEOPLE, "a copy bears the id of the first");
    assert!(copies <= KILLS * AT_A_TIME, "{copies}");
}
