//! Clients that buy, pay, take back and never give up: whatever has no certain answer is asked again under its key, at
//! whichever instance answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::house::{ADMIN, PASSWORD};

/// Longest wait for one answer.
const DEADLINE: Duration = Duration::from_secs(12);

/// After this a client goes on with something else, and comes back at the end.
const PATIENCE: Duration = Duration::from_secs(15);

/// How those who pay behave; the ordinary one is the most frequent.
const METHODS: [&str; 16] = [
    "pm_ok",
    "pm_ok",
    "pm_ok",
    "pm_ok",
    "pm_ok",
    "pm_ok",
    "pm_ok",
    "pm_ok",
    "pm_declined",
    "pm_insufficient_funds",
    "pm_flaky",
    "pm_flaky",
    "pm_error_after",
    "pm_async",
    "pm_timeout",
    "pm_slow",
];

/// In whose name something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    Own,
    Staff,
}

/// A certain answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

/// Something that was asked for under a key.
#[derive(Debug, Clone)]
pub struct Deed {
    pub name: Name,
    pub path: String,
    pub key: String,
    pub body: Value,
    /// `None` while it is in doubt.
    pub answer: Option<Answer>,
    /// Whether an answer was lost, or came without saying how it ended.
    pub doubted: bool,
}

/// What all clients know.
#[derive(Clone)]
pub struct World {
    pub apis: Arc<[SocketAddr]>,
    pub products: Arc<[String]>,
    pub http: reqwest::Client,
    pub closing: CancellationToken,
}

pub struct Client {
    pub email: String,
    pub deeds: Vec<Deed>,
    /// Requests beyond the first for one deed, and answers that said that they are replayed.
    pub repeats: u64,
    pub replays: u64,
    number: usize,
    world: World,
    dice: StdRng,
    tokens: [String; 2],
}

/// What one request came to.
enum Heard {
    Certain(Answer),
    Uncertain,
    SignInAnew,
}

impl World {
    pub fn new(apis: Vec<SocketAddr>, closing: CancellationToken) -> Self {
        let http =
            reqwest::Client::builder().no_proxy().timeout(DEADLINE).connect_timeout(PATIENCE / 15);
        Self { apis: apis.into(), products: Arc::new([]), http: http.build().unwrap(), closing }
    }

    fn url(&self, dice: &mut StdRng, path: &str) -> String {
        format!("http://{}{path}", self.apis.choose(dice).unwrap())
    }

    /// Asks without a token until it is answered so.
    async fn insist(&self, dice: &mut StdRng, path: &str, body: &Value, wanted: &[u16]) -> Value {
        loop {
            let answer = self.http.post(self.url(dice, path)).json(body).send().await;
            if let Ok(answer) = answer
                && wanted.contains(&answer.status().as_u16())
                && let Ok(body) = answer.json().await
            {
                return body;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    pub async fn token(&self, dice: &mut StdRng, email: &str) -> String {
        let credentials = json!({ "email": email, "password": PASSWORD });
        let body = self.insist(dice, "/v1/auth/token", &credentials, &[200]).await;
        body["accessToken"].as_str().unwrap().to_owned()
    }
}

impl Client {
    /// Registers and signs in.
    pub async fn new(world: World, number: usize, seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed.wrapping_add(1 + u64::try_from(number).unwrap()));
        let email = format!("client-{number}@example.com");
        let account = json!({ "email": email, "password": PASSWORD, "name": "Ada" });
        // 409: an earlier try whose answer was lost.
        world.insist(&mut dice, "/v1/users", &account, &[201, 409]).await;
        let own = world.token(&mut dice, &email).await;
        let staff = world.token(&mut dice, ADMIN).await;
        let tokens = [own, staff];
        Self { email, deeds: Vec::new(), repeats: 0, replays: 0, number, world, dice, tokens }
    }

    /// Trades until the shop closes.
    pub async fn trade(mut self) -> Self {
        while !self.world.closing.is_cancelled() {
            self.buy_something().await;
        }
        self
    }

    async fn buy_something(&mut self) {
        let lines = self.dice.random_range(1..=3);
        let products: Vec<String> =
            self.world.products.sample(&mut self.dice, lines).cloned().collect();
        let items: Vec<Value> =
            products.iter().map(|id| json!({ "productId": id, "quantity": 1 })).collect();
        let Some(order) = self.ask(Name::Own, "/v1/orders", json!({ "items": items })).await else {
            return;
        };
        let order = order.json();
        let place = format!("/v1/orders/{}", order["id"].as_str().unwrap());
        if self.dice.random_range(0..10) == 0 {
            self.ask(Name::Own, &format!("{place}/cancel"), json!({})).await;
            return;
        }
        let manual = self.dice.random_range(0..4) == 0;
        let charge = json!({
            "orderId": order["id"], "amount": order["totalAmount"], "currency": order["currency"],
            "paymentMethod": METHODS.choose(&mut self.dice).unwrap(),
            "captureMethod": if manual { "manual" } else { "automatic" },
        });
        let Some(paid) = self.ask(Name::Own, "/v1/payments", charge).await else { return };
        if paid.status == 201 {
            self.go_on_with(&paid.json()).await;
        }
    }

    async fn go_on_with(&mut self, payment: &Value) {
        let place = format!("/v1/payments/{}", payment["id"].as_str().unwrap());
        if payment["status"] == "requires_capture" {
            if self.dice.random_range(0..3) == 0 {
                self.ask(Name::Own, &format!("{place}/cancel"), json!({})).await;
                return;
            }
            let taken = self.ask(Name::Own, &format!("{place}/capture"), json!({})).await;
            if taken.is_none() {
                return;
            }
        }
        for _ in 0..self.dice.random_range(0..3) {
            let part = json!({ "amount": self.dice.random_range(1..=900) });
            self.ask(Name::Staff, &format!("{place}/refunds"), part).await;
        }
    }

    /// Asks for something new; its answer, where there is a certain one in good time.
    async fn ask(&mut self, name: Name, path: &str, body: Value) -> Option<Answer> {
        let key = format!("client-{}-{}", self.number, self.deeds.len());
        let path = path.to_owned();
        let mut deed = Deed { name, path, key, body, answer: None, doubted: false };
        self.pursue(&mut deed, Instant::now() + PATIENCE).await;
        let answer = deed.answer.clone();
        self.deeds.push(deed);
        answer
    }

    /// Repeats it until its end is known or the time is over.
    async fn pursue(&mut self, deed: &mut Deed, until: Instant) {
        loop {
            match self.send(deed).await {
                Heard::Certain(answer) => {
                    deed.answer = Some(answer);
                    return;
                }
                Heard::SignInAnew => {
                    self.tokens[0] = self.world.token(&mut self.dice, &self.email).await;
                    self.tokens[1] = self.world.token(&mut self.dice, ADMIN).await;
                }
                Heard::Uncertain => deed.doubted = true,
            }
            if Instant::now() >= until {
                return;
            }
            self.repeats += 1;
            sleep(Duration::from_millis(self.dice.random_range(20..300))).await;
        }
    }

    async fn send(&mut self, deed: &Deed) -> Heard {
        let token = &self.tokens[usize::from(deed.name == Name::Staff)];
        let request = self.world.http.post(self.world.url(&mut self.dice, &deed.path));
        let request = request.bearer_auth(token).header("idempotency-key", &deed.key);
        let Ok(answer) = request.json(&deed.body).send().await else { return Heard::Uncertain };
        let status = answer.status().as_u16();
        let replayed = answer.headers().contains_key("idempotency-replayed");
        let Ok(text) = answer.text().await else { return Heard::Uncertain };
        match status {
            401 => Heard::SignInAnew,
            409 if text.contains("\"idempotency_key_in_use\"") => Heard::Uncertain,
            200 | 201 | 402 | 409 => {
                self.replays += u64::from(replayed);
                Heard::Certain(Answer { status, text })
            }
            202 | 429 | 500.. => Heard::Uncertain,
            _ => unreachable!("{}: {status} {text}", deed.path),
        }
    }

    /// Comes back to whatever is in doubt; `false` where something still is.
    pub async fn settle(&mut self, until: Instant) -> bool {
        let mut deeds = std::mem::take(&mut self.deeds);
        for deed in deeds.iter_mut().filter(|deed| deed.answer.is_none()) {
            self.pursue(deed, until).await;
        }
        self.deeds = deeds;
        self.deeds.iter().all(|deed| deed.answer.is_some())
    }

    /// Asks for everything once more: the answers must be the same bytes.
    pub async fn replay(&mut self, until: Instant) {
        for deed in self.deeds.clone() {
            let mut again = Deed { answer: None, ..deed.clone() };
            self.pursue(&mut again, until).await;
            assert_eq!(again.answer, deed.answer, "{} {}", deed.path, deed.key);
        }
    }
}
