//! An open-model generator of load: requests come when they come, whether or not those before are answered.
//!
//! `overload capacity URL SECONDS` prints how many arrivals a second the service does at most; `overload run URL RATE SECONDS`
//! sends that many for so long and prints one line about them. It asserts nothing; `tests/prove/overload.sh` calls it.
//! A latency is measured from the moment the request was due, so that a generator that comes late can't hide it.
//! Of 10 arrivals 1 is a checkout (an order, and then its payment), 6 read the catalogue and 3 are of the low class.
#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement stops the moment something is not as it says"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// A client waits so long for one answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Nothing is counted of what comes earlier.
const WARM_UP: Duration = Duration::from_secs(5);
/// More open requests than these are not sent: each has a connection.
const MOST_OPEN: usize = 8_000;
const CUSTOMERS: usize = 16;
const PASSWORD: &str = "till-demo-password";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Checkout,
    Normal,
    Low,
}

/// What became of one arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Answered,
    Refused,
    Failed,
}

#[derive(Debug, Default, Clone)]
struct Tally {
    offered: usize,
    refused: usize,
    failed: usize,
    /// Of the answered ones, in milliseconds.
    took: Vec<f64>,
}

impl Tally {
    fn quantile(&mut self, share: f64) -> f64 {
        self.took.sort_by(f64::total_cmp);
        let last = self.took.len().saturating_sub(1);
        let rank = (f64::from(u32::try_from(last).unwrap()) * share).round();
        self.took.get(index(rank)).copied().unwrap_or(f64::NAN)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank in a list is not negative"
)]
fn index(rank: f64) -> usize {
    rank as usize
}

/// A generator of Knuth's constants; chances need no better one.
struct Dice(u64);

impl Dice {
    /// Between 0 and 1, neither of them.
    fn roll(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (f64::from(u32::try_from(self.0 >> 32).unwrap()) + 0.5) / (f64::from(u32::MAX) + 1.0)
    }

    fn below(&mut self, bound: usize) -> usize {
        index(self.roll() * f64::from(u32::try_from(bound).unwrap()))
    }
}

/// The shop and who calls there.
struct Shop {
    url: String,
    http: Client,
    customers: Vec<String>,
    admin: String,
    products: Vec<String>,
    open: AtomicUsize,
    keys: AtomicUsize,
    run: String,
}

/// One arrival, drawn.
struct Arrival {
    class: Class,
    which: usize,
    product: String,
}

impl Shop {
    async fn open(url: &str) -> Self {
        let http =
            Client::builder().no_proxy().timeout(PATIENCE).tcp_nodelay(true).build().unwrap();
        let began = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let mut shop = Self {
            url: url.to_owned(),
            http,
            customers: Vec::new(),
            admin: String::new(),
            products: Vec::new(),
            open: AtomicUsize::new(0),
            keys: AtomicUsize::new(0),
            run: began.as_micros().to_string(),
        };
        shop.admin = shop.sign_in("admin@example.com").await;
        for number in 0..CUSTOMERS {
            let email = format!("load-{number}@example.com");
            let account = json!({ "email": email, "password": PASSWORD, "name": "Load" });
            // From the second run on the account is there.
            shop.post("/v1/users").json(&account).send().await.unwrap();
            let token = shop.sign_in(&email).await;
            shop.customers.push(token);
        }
        let listed = shop.get("/v1/products?limit=100").send().await.unwrap();
        let listed: Value = listed.json().await.unwrap();
        let products = listed["data"].as_array().unwrap().iter();
        let sold = products.filter(|product| product["currency"] == "MYR");
        shop.products = sold.map(|product| product["id"].as_str().unwrap().to_owned()).collect();
        assert!(shop.products.len() > 10, "the demo's catalogue is not there: {listed}");
        shop
    }

    async fn sign_in(&self, email: &str) -> String {
        let credentials = json!({ "email": email, "password": PASSWORD });
        let answer = self.post("/v1/auth/token").json(&credentials).send().await.unwrap();
        let body: Value = answer.json().await.unwrap();
        body["accessToken"].as_str().unwrap().to_owned()
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url))
    }

    fn draw(&self, dice: &mut Dice) -> Arrival {
        let (roll, which) = (dice.roll(), dice.below(1_000));
        let class = if roll < 0.1 {
            Class::Checkout
        } else if roll < 0.7 {
            Class::Normal
        } else {
            Class::Low
        };
        let product = self.products[dice.below(self.products.len())].clone();
        Arrival { class, which, product }
    }

    async fn serve(&self, arrival: Arrival) -> End {
        let Arrival { class, which, product } = arrival;
        let path = match (class, which % 4) {
            (Class::Checkout, _) => return self.check_out(which, &product).await,
            (Class::Normal, 0) => "/v1/products?limit=20".to_owned(),
            (Class::Normal, _) => format!("/v1/products/{product}"),
            (Class::Low, 0) => "/v1/reports?limit=20".to_owned(),
            (Class::Low, _) => format!("/v1/products/{product}/recommendations"),
        };
        end_of(self.get(&path).bearer_auth(&self.admin)).await.0
    }

    /// An order, and once it is placed its payment.
    async fn check_out(&self, which: usize, product: &str) -> End {
        let token = &self.customers[which % CUSTOMERS];
        let order = json!({ "items": [{ "productId": product, "quantity": 1 }] });
        let (end, order) = self.pay_or_order("/v1/orders", token, &order).await;
        if end != End::Answered {
            return end;
        }
        let payment = json!({
            "orderId": order["id"], "amount": order["totalAmount"], "currency": order["currency"],
            "paymentMethod": "pm_ok",
        });
        self.pay_or_order("/v1/payments", token, &payment).await.0
    }

    async fn pay_or_order(&self, path: &str, token: &str, body: &Value) -> (End, Value) {
        let key = format!("{}-{}", self.run, self.keys.fetch_add(1, Ordering::Relaxed));
        end_of(self.post(path).bearer_auth(token).header("idempotency-key", key).json(body)).await
    }
}

async fn end_of(request: RequestBuilder) -> (End, Value) {
    let Ok(answer) = request.send().await else { return (End::Failed, Value::Null) };
    let status = answer.status();
    let Ok(body) = answer.json::<Value>().await else { return (End::Failed, Value::Null) };
    if status.is_success() && status != 202 {
        return (End::Answered, body);
    }
    let shed = status == 503 && body["code"] == "overloaded";
    (if shed { End::Refused } else { End::Failed }, Value::Null)
}

/// Clients that ask again as soon as they are answered, more and more of them, until more do no more.
async fn capacity(shop: &Arc<Shop>, seconds: u64) -> f64 {
    let mut most: f64 = 0.0;
    for clients in [1, 2, 4, 8, 16, 32] {
        let until = Instant::now() + Duration::from_secs(seconds);
        let mut running = JoinSet::new();
        for client in 0..clients {
            let shop = Arc::clone(shop);
            running.spawn(async move {
                let (mut dice, mut answered) = (Dice(client + 1), 0_u32);
                while Instant::now() < until {
                    let arrival = shop.draw(&mut dice);
                    answered += u32::from(shop.serve(arrival).await == End::Answered);
                }
                answered
            });
        }
        let answered: u32 = running.join_all().await.into_iter().sum();
        most = most.max(f64::from(answered) / f64::from(u32::try_from(seconds).unwrap()));
    }
    most
}

async fn run(shop: &Arc<Shop>, rate: f64, length: Duration) -> [Tally; 3] {
    let tallies: Arc<Mutex<[Tally; 3]>> = Arc::default();
    let (mut dice, mut running) = (Dice(7), JoinSet::new());
    let begun = Instant::now();
    let mut due = begun;
    while due < begun + WARM_UP + length {
        due += Duration::from_secs_f64(-dice.roll().ln() / rate);
        sleep_until(due).await;
        let (arrival, counted) = (shop.draw(&mut dice), due >= begun + WARM_UP);
        let class = arrival.class as usize;
        if counted {
            tallies.lock().unwrap()[class].offered += 1;
        }
        let (shop, tallies) = (Arc::clone(shop), Arc::clone(&tallies));
        running.spawn(async move {
            let open = shop.open.fetch_add(1, Ordering::Relaxed);
            let end = if open < MOST_OPEN { shop.serve(arrival).await } else { End::Failed };
            shop.open.fetch_sub(1, Ordering::Relaxed);
            if counted {
                let tally = &mut tallies.lock().unwrap()[class];
                match end {
                    End::Answered => tally.took.push(due.elapsed().as_secs_f64() * 1_000.0),
                    End::Refused => tally.refused += 1,
                    End::Failed => tally.failed += 1,
                }
            }
        });
        while running.try_join_next().is_some() {}
    }
    running.join_all().await;
    let tallies = tallies.lock().unwrap();
    tallies.clone()
}

/// Of each class: offered, answered, refused and failed a second, then median and p99 of the answered in milliseconds.
fn print(tallies: [Tally; 3], seconds: f64) {
    let mut columns = Vec::new();
    for mut tally in tallies {
        let counts = [tally.offered, tally.took.len(), tally.refused, tally.failed];
        columns.extend(counts.map(|count| f64::from(u32::try_from(count).unwrap()) / seconds));
        columns.extend([tally.quantile(0.5), tally.quantile(0.99)]);
    }
    let columns: Vec<String> = columns.iter().map(|column| format!("{column:.2}")).collect();
    println!("{}", columns.join(" "));
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let line: Vec<String> = std::env::args().skip(1).collect();
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    match line[..] {
        ["capacity", url, seconds] => {
            let shop = Arc::new(Shop::open(url).await);
            println!("{:.0}", capacity(&shop, seconds.parse().unwrap()).await);
        }
        ["run", url, rate, seconds] => {
            let shop = Arc::new(Shop::open(url).await);
            let seconds: f64 = seconds.parse().unwrap();
            let length = Duration::from_secs_f64(seconds);
            print(run(&shop, rate.parse().unwrap(), length).await, seconds);
        }
        _ => println!("overload capacity URL SECONDS | overload run URL RATE SECONDS"),
    }
}
