//! A provider on a free port with a folder of its own, a client for it, and a receiver of its call-backs.

use std::{
    collections::VecDeque,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use reqwest::Method;
use serde_json::{Value, json};
use till::sandbox::{Gateway, ServeError, Settings, serve};
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub const API_KEY: &str = "sk_test";
pub const SIGNING_SECRET: &[u8] = b"a secret of thirty-two bytes ...";

/// A folder that goes away with its test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("gateway-{}-{number}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn settings(&self) -> Settings {
        let mut settings =
            Settings::new(self.0.clone(), API_KEY.into(), SIGNING_SECRET.to_vec().into());
        settings.delays.slow_answer = Duration::from_millis(1);
        settings.delays.hang = Duration::from_millis(1);
        settings.delays.async_settle_after = Duration::from_secs(3_600);
        settings.callbacks.first_wait = Duration::from_millis(1);
        settings
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn log(&self) -> PathBuf {
        self.0.join("gateway.log")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A running provider.
pub struct Sandbox {
    pub address: SocketAddr,
    pub folder: Folder,
    http: reqwest::Client,
    stop: CancellationToken,
    served: JoinHandle<Result<(), ServeError>>,
}

/// Status and JSON body of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    pub fn id(&self) -> &str {
        self.body["id"].as_str().unwrap()
    }
}

impl Sandbox {
    pub async fn start() -> Self {
        let folder = Folder::new();
        let settings = folder.settings();
        Self::start_with(folder, settings).await
    }

    pub async fn start_with(folder: Folder, settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let gateway = Gateway::open(settings).unwrap();
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve(listener, gateway, stop.clone().cancelled_owned()));
        let http =
            reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        Self { address, folder, http, stop, served }
    }

    /// Stops it in order and gives its folder back.
    pub async fn stop(self) -> Folder {
        self.stop.cancel();
        self.served.await.unwrap().unwrap();
        self.folder
    }

    /// Stops it and starts it anew on the same record.
    pub async fn restart(self) -> Self {
        let folder = self.stop().await;
        let settings = folder.settings();
        Self::start_with(folder, settings).await
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address)).bearer_auth(API_KEY)
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await.unwrap()
    }

    pub async fn try_post(&self, path: &str, key: &str, body: &Value) -> reqwest::Result<Answer> {
        answer(self.request(Method::POST, path).header("idempotency-key", key).json(body)).await
    }

    pub async fn post(&self, path: &str, key: &str, body: Value) -> Answer {
        self.try_post(path, key, &body).await.unwrap()
    }

    pub async fn charge(&self, key: &str, method: &str) -> Answer {
        self.post("/v1/charges", key, order(method)).await
    }

    pub async fn authorize(&self, key: &str) -> Answer {
        self.post("/v1/charges", key, with(order("pm_ok"), "capture", json!(false))).await
    }

    pub async fn put_faults(&self, faults: Value) -> Answer {
        answer(self.request(Method::PUT, "/sandbox/faults").json(&faults)).await.unwrap()
    }

    /// Every charge on record.
    pub async fn record(&self) -> Vec<Value> {
        let page = self.get("/sandbox/charges?limit=1000").await;
        page.body["data"].as_array().unwrap().clone()
    }
}

/// A captured charge of 10.00 EUR.
pub fn order(method: &str) -> Value {
    json!({ "amount": 1_000, "currency": "EUR", "paymentMethod": method, "capture": true })
}

/// The same object with one member changed.
pub fn with(mut object: Value, member: &str, value: Value) -> Value {
    object[member] = value;
    object
}

pub async fn answer(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let body = response.bytes().await?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Ok(Answer { status, body })
}

/// A call-back as it arrived.
#[derive(Debug)]
pub struct Callback {
    pub headers: HeaderMap,
    pub body: String,
}

impl Callback {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Takes call-backs; answers 200 once the planned answers are used up.
pub struct Receiver {
    pub url: String,
    arrived: mpsc::UnboundedReceiver<Callback>,
}

#[derive(Clone)]
struct Inbox {
    planned: Arc<Mutex<VecDeque<StatusCode>>>,
    arrived: mpsc::UnboundedSender<Callback>,
}

impl Receiver {
    pub async fn start(planned: &[StatusCode]) -> Self {
        let (sender, arrived) = mpsc::unbounded_channel();
        let planned = Arc::new(Mutex::new(planned.iter().copied().collect()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callbacks", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/callbacks", post(take).get(moved))
            .with_state(Inbox { planned, arrived: sender });
        drop(tokio::spawn(async move { axum::serve(listener, router).await }));
        Self { url, arrived }
    }

    /// The next one; fails the test if none comes.
    pub async fn next(&mut self) -> Callback {
        let next = tokio::time::timeout(Duration::from_secs(20), self.arrived.recv()).await;
        next.unwrap().unwrap()
    }

    pub fn nothing_more(&mut self) -> bool {
        self.arrived.try_recv().is_err()
    }

    pub fn order(&self, method: &str) -> Value {
        with(order(method), "callbackUrl", json!(self.url))
    }
}

async fn take(
    State(inbox): State<Inbox>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, [(&'static str, &'static str); 1]) {
    inbox.arrived.send(Callback { headers, body }).unwrap();
    let status = inbox.planned.lock().unwrap().pop_front().unwrap_or(StatusCode::OK);
    (status, [("location", "/callbacks")])
}

/// A redirected `POST` would arrive here.
async fn moved(State(inbox): State<Inbox>, headers: HeaderMap) {
    inbox.arrived.send(Callback { headers, body: "followed a redirect".into() }).unwrap();
}
