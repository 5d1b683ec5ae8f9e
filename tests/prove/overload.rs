//! An open-model generator of load: requests come when they come, whether or not those before are answered.
//!
//! `overload capacity URL SECONDS` prints how many arrivals a second the service does at most. `overload run URL CAPACITY
//! CYCLES LOAD…` sends so many times the capacity for some seconds, each load in turn and all of them CYCLES times, in an
//! order that is drawn, and prints one line about each load; on stderr what failed, the uncounted included. So all loads
//! are seen in the same minutes, whatever else the machine has to do in them. It asserts nothing;
//! `tests/prove/overload.sh` calls it.
//! A latency is measured from the moment the request was due, so that a generator that comes late can't hide it.
//! Of 10 arrivals 1 is a checkout (an order, and then its payment), 6 read the catalogue and 3 are of the low class.
#![expect(
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement stops the moment something is not as it says"
)]

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

/// A client waits so long for one answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a load lasts before the next one, and how long nothing is counted of it, as the one before still ends.
const SLICE: Duration = Duration::from_secs(6);
const UNCOUNTED: Duration = Duration::from_secs(2);
/// Connections to the service, as a balancer has them; who finds none free waits for one as long as for an answer.
const CONNECTIONS: usize = 1_000;
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
    address: String,
    idle: Mutex<Vec<TcpStream>>,
    places: Semaphore,
    customers: Vec<String>,
    admin: String,
    products: Vec<String>,
    keys: AtomicUsize,
    run: String,
    /// Failures by what they were.
    failures: Mutex<BTreeMap<String, usize>>,
}

/// One arrival, drawn.
struct Arrival {
    class: Class,
    which: usize,
    product: String,
}

impl Shop {
    async fn open(url: &str) -> Self {
        let began = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let mut shop = Self {
            address: url.trim_start_matches("http://").to_owned(),
            idle: Mutex::default(),
            places: Semaphore::new(CONNECTIONS),
            customers: Vec::new(),
            admin: String::new(),
            products: Vec::new(),
            keys: AtomicUsize::new(0),
            run: began.as_micros().to_string(),
            failures: Mutex::default(),
        };
        shop.admin = shop.sign_in("admin@example.com").await;
        for number in 0..CUSTOMERS {
            let email = format!("load-{number}@example.com");
            let account = json!({ "email": email, "password": PASSWORD, "name": "Load" });
            // From the second run on the account is there.
            shop.ask("POST", "/v1/users", "", &account).await;
            let token = shop.sign_in(&email).await;
            shop.customers.push(token);
        }
        let listed = shop.ask("GET", "/v1/products?limit=100", "", &Value::Null).await.1;
        let products = listed["data"].as_array().unwrap().iter();
        let sold = products.filter(|product| product["currency"] == "MYR");
        shop.products = sold.map(|product| product["id"].as_str().unwrap().to_owned()).collect();
        assert!(shop.products.len() > 10, "the demo's catalogue is not there: {listed}");
        shop
    }

    async fn sign_in(&self, email: &str) -> String {
        let credentials = json!({ "email": email, "password": PASSWORD });
        let body = self.ask("POST", "/v1/auth/token", "", &credentials).await.1;
        body["accessToken"].as_str().unwrap().to_owned()
    }

    /// Asks over a connection of its own for so long; one whose answer did not come is closed.
    async fn ask(&self, method: &str, path: &str, headers: &str, body: &Value) -> (End, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: till\r\n{headers}content-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let deadline = Instant::now() + PATIENCE;
        let Ok(Ok(_place)) = timeout_at(deadline, self.places.acquire()).await else {
            return (self.failed(method, path, "no connection"), Value::Null);
        };
        let asked = timeout_at(deadline, self.exchange(request.as_bytes())).await;
        let Ok(Some((status, body))) = asked else {
            return (self.failed(method, path, "no answer"), Value::Null);
        };
        let wanted = (200..300).contains(&status) && status != 202;
        let shed = status == 503 && contains(&body, b"\"overloaded\"");
        match (wanted, shed) {
            (true, _) if method == "GET" && !path.ends_with("limit=100") => {
                (End::Answered, Value::Null)
            }
            (true, _) => (End::Answered, serde_json::from_slice(&body).unwrap()),
            (false, true) => (End::Refused, Value::Null),
            (false, false) => {
                let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
                let code = problem["code"].as_str().unwrap_or_default();
                (self.failed(method, path, &format!("{status} {code}")), Value::Null)
            }
        }
    }

    fn failed(&self, method: &str, path: &str, what: &str) -> End {
        // Ids are no part of it.
        let route: Vec<&str> = path.split(['/', '?']).take(3).collect();
        let failure = format!("{method} {}: {what}", route.join("/"));
        *self.failures.lock().unwrap().entry(failure).or_default() += 1;
        End::Failed
    }

    /// One that is open still: what idles for long the service closes.
    fn idle_connection(&self) -> Option<TcpStream> {
        let mut idle = self.idle.lock().unwrap();
        loop {
            let stream = idle.pop()?;
            let read = stream.try_read(&mut [0]);
            if read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {
                return Some(stream);
            }
        }
    }

    /// The status and the body; `None` where the connection broke.
    async fn exchange(&self, request: &[u8]) -> Option<(u16, Vec<u8>)> {
        let mut stream = match self.idle_connection() {
            Some(stream) => stream,
            None => TcpStream::connect(&self.address).await.ok()?,
        };
        stream.set_nodelay(true).ok()?;
        stream.write_all(request).await.ok()?;
        let mut answer = Vec::with_capacity(4_096);
        loop {
            if stream.read_buf(&mut answer).await.ok()? == 0 {
                return None;
            }
            if let Some((head, length)) = head_of(&answer)
                && answer.len() >= head + length
            {
                let status = std::str::from_utf8(&answer[9..12]).ok()?.parse().ok()?;
                self.idle.lock().unwrap().push(stream);
                return Some((status, answer.split_off(head)));
            }
        }
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
        let caller = format!("authorization: Bearer {}\r\n", self.admin);
        self.ask("GET", &path, &caller, &Value::Null).await.0
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
        let key = self.keys.fetch_add(1, Ordering::Relaxed);
        let headers =
            format!("authorization: Bearer {token}\r\nidempotency-key: {}-{key}\r\n", self.run);
        self.ask("POST", path, &headers, body).await
    }
}

/// Where the body begins and how long it is, once the head is there.
fn head_of(answer: &[u8]) -> Option<(usize, usize)> {
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).unwrap();
    let length = text.split("content-length: ").nth(1)?.split('\r').next()?.parse().ok()?;
    Some((head, length))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|bytes| bytes == part)
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

/// Of each load, what became of its arrivals, class by class. One cycle more comes first and is not counted: in it the
/// service gets warm and learns how much it can do.
async fn run(shop: &Arc<Shop>, rates: &[f64], cycles: usize) -> Vec<[Tally; 3]> {
    let tallies: Arc<Mutex<Vec<[Tally; 3]>>> =
        Arc::new(Mutex::new(vec![<_>::default(); rates.len()]));
    let (mut dice, mut running) = (Dice(7), JoinSet::new());
    let (mut begun, mut due) = (Instant::now(), Instant::now());
    for cycle in 0..=cycles {
        for load in shuffled(rates.len(), &mut dice) {
            loop {
                due += Duration::from_secs_f64(-dice.roll().ln() / rates[load]);
                if due >= begun + SLICE {
                    break;
                }
                sleep_until(due).await;
                let arrival = shop.draw(&mut dice);
                let counted = (cycle > 0 && due >= begun + UNCOUNTED).then_some(load);
                running.spawn(serve(Arc::clone(shop), Arc::clone(&tallies), arrival, due, counted));
                while running.try_join_next().is_some() {}
            }
            begun += SLICE;
            due = begun;
        }
    }
    running.join_all().await;
    let tallies = tallies.lock().unwrap();
    tallies.clone()
}

/// One arrival, counted with those of its load.
async fn serve(
    shop: Arc<Shop>,
    tallies: Arc<Mutex<Vec<[Tally; 3]>>>,
    arrival: Arrival,
    due: Instant,
    counted: Option<usize>,
) {
    let class = arrival.class as usize;
    let end = shop.serve(arrival).await;
    let Some(load) = counted else { return };
    let tally = &mut tallies.lock().unwrap()[load][class];
    tally.offered += 1;
    match end {
        End::Answered => tally.took.push(due.elapsed().as_secs_f64() * 1_000.0),
        End::Refused => tally.refused += 1,
        End::Failed => tally.failed += 1,
    }
}

fn shuffled(length: usize, dice: &mut Dice) -> Vec<usize> {
    let mut places: Vec<usize> = (0..length).collect();
    for last in (1..length).rev() {
        places.swap(last, dice.below(last + 1));
    }
    places
}

/// Of each class: offered, answered, refused and failed a second, then median and p99 of the answered in milliseconds.
fn print(load: &str, tallies: [Tally; 3], seconds: f64) {
    let mut columns = Vec::new();
    for mut tally in tallies {
        let counts = [tally.offered, tally.took.len(), tally.refused, tally.failed];
        columns.extend(counts.map(|count| f64::from(u32::try_from(count).unwrap()) / seconds));
        columns.extend([tally.quantile(0.5), tally.quantile(0.99)]);
    }
    let columns: Vec<String> = columns.iter().map(|column| format!("{column:.2}")).collect();
    println!("{load} {}", columns.join(" "));
}

/// Keeps the generator's core from going to sleep: to wake it would be work of the service's core with each answer, which it is
/// not where clients are machines of their own.
async fn stay_awake() {
    loop {
        tokio::task::yield_now().await;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    drop(tokio::spawn(stay_awake()));
    let line: Vec<String> = std::env::args().skip(1).collect();
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    match line[..] {
        ["capacity", url, seconds] => {
            let shop = Arc::new(Shop::open(url).await);
            println!("{:.0}", capacity(&shop, seconds.parse().unwrap()).await);
        }
        ["run", url, capacity, cycles, ref loads @ ..] => {
            let shop = Arc::new(Shop::open(url).await);
            let (capacity, cycles): (f64, u32) =
                (capacity.parse().unwrap(), cycles.parse().unwrap());
            let rates: Vec<f64> =
                loads.iter().map(|load| load.parse::<f64>().unwrap() * capacity).collect();
            let tallies = run(&shop, &rates, usize::try_from(cycles).unwrap()).await;
            let seconds = ((SLICE - UNCOUNTED) * cycles).as_secs_f64();
            for (load, tallies) in loads.iter().zip(tallies) {
                print(load, tallies, seconds);
            }
            for (failure, times) in &*shop.failures.lock().unwrap() {
                eprintln!("{times} times {failure}");
            }
        }
        _ => println!("overload capacity URL SECONDS | overload run URL CAPACITY CYCLES LOAD…"),
    }
}
