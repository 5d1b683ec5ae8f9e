//! A receiver of webhooks that takes everything, unless it was told how to answer.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// How one request is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    Status(u16),
    /// With one header field.
    With(u16, &'static str, String),
    /// Not until it is released.
    Hang,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The running receiver.
#[derive(Debug, Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    state: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    came: Mutex<Vec<Request>>,
    planned: Mutex<VecDeque<Reply>>,
    otherwise: Mutex<Option<Reply>>,
    changed: Notify,
    released: Notify,
    /// What hung is answered so.
    released_with: AtomicU16,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Inner::default());
        let router = Router::new().fallback(receive).with_state(Arc::clone(&state));
        drop(tokio::spawn(async move { axum::serve(listener, router).await }));
        Self { address, state }
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// The next requests are answered so, one after the other.
    pub fn plan(&self, replies: &[Reply]) {
        self.state.planned.lock().unwrap().extend(replies.iter().cloned());
    }

    /// Every request that isn't planned is answered so from now on.
    pub fn always(&self, reply: Option<Reply>) {
        *self.state.otherwise.lock().unwrap() = reply;
    }

    /// What came so far.
    pub fn came(&self) -> Vec<Request> {
        self.state.came.lock().unwrap().clone()
    }

    /// What came, which must be one request.
    pub fn only(&self) -> Request {
        let came = self.came();
        assert_eq!(came.len(), 1, "{came:#?}");
        came.into_iter().next().unwrap()
    }

    /// Waits until at least so many have come.
    pub async fn wait_for(&self, requests: usize) -> Vec<Request> {
        loop {
            let changed = self.state.changed.notified();
            let came = self.came();
            if came.len() >= requests {
                return came;
            }
            changed.await;
        }
    }

    /// Answers whatever hangs.
    pub fn release(&self) {
        self.release_with(204);
    }

    pub fn release_with(&self, status: u16) {
        self.state.released_with.store(status, Ordering::Relaxed);
        self.state.released.notify_waiters();
    }

    /// The most requests that were open at once.
    pub fn most_open(&self) -> usize {
        self.state.most_open.load(Ordering::Relaxed)
    }
}

async fn receive(
    State(state): State<Arc<Inner>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let released = state.released.notified();
    let open = state.open.fetch_add(1, Ordering::Relaxed) + 1;
    state.most_open.fetch_max(open, Ordering::Relaxed);
    state.came.lock().unwrap().push(Request { path: uri.path().to_owned(), headers, body });
    state.changed.notify_waiters();
    let planned = state.planned.lock().unwrap().pop_front();
    let reply = planned.or_else(|| state.otherwise.lock().unwrap().clone());
    let status = |status| StatusCode::from_u16(status).unwrap();
    let response = match reply.unwrap_or(Reply::Status(204)) {
        Reply::Status(code) => status(code).into_response(),
        Reply::With(code, name, value) => (status(code), [(name, value)]).into_response(),
        Reply::Hang => {
            released.await;
            status(state.released_with.load(Ordering::Relaxed)).into_response()
        }
    };
    state.open.fetch_sub(1, Ordering::Relaxed);
    response
}
