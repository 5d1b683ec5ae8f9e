//! What one connection may do: how long it may be silent, how many there may be, and how it ends at a stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use till::app::serve::{Served, spawn};
use till::config::Connections;
use till::shutdown::{Bounds, Shutdown, Stopped};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: till\r\n\r\n";
/// Short, so that the tests that wait for it are; whatever they assert holds for any value.
pub const SHORT: Duration = Duration::from_millis(50);
/// Shorter than what closes a connection whose pings are not answered.
const PATIENCE: Duration = Duration::from_secs(15);
const NEVER: Duration = Duration::from_secs(300);

pub struct Server {
    address: SocketAddr,
    shutdown: Shutdown,
    /// Lets `/slow` answer.
    finish: Arc<Notify>,
    /// Told when `/slow` was asked.
    begun: Arc<Notify>,
}

pub async fn serve(bounds: Connections) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::new(Bounds { delay: Duration::ZERO, grace: Duration::from_secs(60) });
    let (finish, begun) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (may_finish, has_begun) = (Arc::clone(&finish), Arc::clone(&begun));
    let slow = move || async move {
        has_begun.notify_one();
        may_finish.notified().await;
        "late"
    };
    let router = Router::new()
        .route("/", get(async || "here"))
        .route("/slow", get(slow))
        .route("/refused", post(async || StatusCode::PAYLOAD_TOO_LARGE))
        // More than the buffers of a socket hold.
        .route("/large", get(async || "large".repeat(8 << 20)));
    spawn(Served { name: "test", listener, router, bounds }, &shutdown);
    Server { address, shutdown, finish, begun }
}

impl Server {
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// All that the server says until it closes; a connection that it leaves open hangs the test.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    // A reset is a close, too.
    drop(stream.read_to_end(&mut said).await);
    String::from_utf8(said).unwrap()
}

/// Reads until the answer's body is there.
pub async fn answer(stream: &mut TcpStream, body: &str) {
    let mut said = String::new();
    while !said.ends_with(body) {
        let mut bytes = [0; 512];
        let read = stream.read(&mut bytes).await.unwrap();
        assert!(read > 0, "closed after {said:?}");
        said.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
    }
}

#[tokio::test]
async fn a_peer_that_sends_no_whole_head_is_closed_whatever_it_sent() {
    let server = serve(Connections { max: 100, header_deadline: SHORT }).await;
    // Nothing; half a preface of HTTP/2, which could still be either version; half a head.
    for begun in [&b""[..], b"PRI * HT", b"GET / HTTP/1.1\r\nx-slow: "] {
        let mut stream = server.connect().await;
        stream.write_all(begun).await.unwrap();
        let said = until_closed(&mut stream).await;
        assert!(!said.contains("200 OK"), "{said}");
    }
}

#[tokio::test]
async fn a_peer_that_drips_a_head_byte_by_byte_is_closed() {
    let server = serve(Connections { max: 100, header_deadline: SHORT }).await;
    let (mut read, mut write) = server.connect().await.into_split();
    let dripping = tokio::spawn(async move {
        let mut tick = tokio::time::interval(SHORT / 5);
        while write.write_all(b"G").await.is_ok() {
            tick.tick().await;
        }
    });
    let mut said = Vec::new();
    drop(read.read_to_end(&mut said).await);
    dripping.await.unwrap();
    assert!(!String::from_utf8(said).unwrap().contains("200 OK"));
}

#[tokio::test]
async fn a_connection_that_idles_after_an_answer_is_closed() {
    let server = serve(Connections { max: 100, header_deadline: SHORT }).await;
    let mut stream = server.connect().await;
    stream.write_all(REQUEST).await.unwrap();
    let said = until_closed(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 200 OK") && said.ends_with("here"), "{said}");
}

#[tokio::test]
async fn a_connection_of_http_2_that_idles_after_an_answer_is_closed() {
    let server = serve(Connections { max: 100, header_deadline: SHORT }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let (settings, headers, end) = (4, 1, 0x5);
    stream.write_all(&frame(settings, 0, 0, b"")).await.unwrap();
    // HPACK's static table: GET, http, /.
    stream.write_all(&frame(headers, end, 1, &[0x82, 0x86, 0x84])).await.unwrap();
    let mut said = Vec::new();
    drop(stream.read_to_end(&mut said).await);
    assert!(said.windows(4).any(|four| four == b"here"), "{said:?}");
}

#[tokio::test]
async fn a_peer_of_http_2_that_opens_no_window_gives_its_place_back() {
    let server = serve(Connections { max: 1, header_deadline: SHORT }).await;
    let mut deaf = server.connect().await;
    deaf.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let (settings, headers, end) = (4, 1, 0x5);
    // SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 §6.5.2) is 0.
    deaf.write_all(&frame(settings, 0, 0, &[0, 4, 0, 0, 0, 0])).await.unwrap();
    deaf.write_all(&frame(headers, end, 1, &[0x82, 0x86, 0x84])).await.unwrap();
    let mut next = server.connect().await;
    next.write_all(REQUEST).await.unwrap();
    let answered = tokio::time::timeout(PATIENCE, answer(&mut next, "here"));
    answered.await.expect("the place of one who takes nothing is free again");
    drop(deaf);
}

/// A frame of HTTP/2 (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

#[tokio::test]
async fn a_peer_that_takes_no_answer_gives_its_place_back() {
    let server = serve(Connections { max: 1, header_deadline: SHORT }).await;
    let mut deaf = server.connect().await;
    deaf.write_all(b"GET /large HTTP/1.1\r\nhost: till\r\n\r\n").await.unwrap();
    // It waits for the place of the first one, which reads nothing and stays.
    let mut next = server.connect().await;
    next.write_all(REQUEST).await.unwrap();
    answer(&mut next, "here").await;
    drop(deaf);
}

#[tokio::test]
async fn a_request_that_takes_longer_than_the_header_deadline_is_answered() {
    let server = serve(Connections { max: 100, header_deadline: SHORT }).await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET /slow HTTP/1.1\r\nhost: till\r\n\r\n").await.unwrap();
    server.begun.notified().await;
    // Another connection is closed by the deadline: it has passed for the first one, too.
    until_closed(&mut server.connect().await).await;
    server.finish.notify_one();
    answer(&mut slow, "late").await;
}

#[tokio::test]
async fn who_sends_a_body_that_nobody_reads_can_still_read_the_answer() {
    let server = serve(Connections { max: 100, header_deadline: NEVER }).await;
    let mut sender = server.connect().await;
    // More than the buffers of two sockets hold: it is still being sent when the answer is there.
    let body = vec![b'x'; 6 << 20];
    let head = format!(
        "POST /refused HTTP/1.1\r\nhost: till\r\ncontent-length: {}\r\n\r\n",
        2 * body.len()
    );
    sender.write_all(head.as_bytes()).await.unwrap();
    sender.write_all(&body).await.unwrap();
    let mut said = String::new();
    // A reset is no end here.
    sender.read_to_string(&mut said).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
}

#[tokio::test]
async fn who_was_interrupted_and_neither_goes_on_nor_away_gives_the_connection_back() {
    let server = serve(Connections { max: 1, header_deadline: NEVER }).await;
    let mut sender = server.connect().await;
    let head = "POST /refused HTTP/1.1\r\nhost: till\r\ncontent-length: 1000\r\n\r\nbut";
    sender.write_all(head.as_bytes()).await.unwrap();
    let mut second = server.connect().await;
    second.write_all(REQUEST).await.unwrap();
    answer(&mut second, "here").await;
    drop(sender);
}

#[tokio::test]
async fn a_connection_beyond_the_most_waits_until_one_ends() {
    let server = serve(Connections { max: 1, header_deadline: NEVER }).await;
    let mut first = server.connect().await;
    first.write_all(REQUEST).await.unwrap();
    answer(&mut first, "here").await;

    let mut second = server.connect().await;
    second.write_all(REQUEST).await.unwrap();
    first.write_all(REQUEST).await.unwrap();
    answer(&mut first, "here").await;
    assert!(
        matches!(second.try_read(&mut [0; 1]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock),
        "the second one was served beside the first"
    );
    drop(first);
    answer(&mut second, "here").await;
}

#[tokio::test]
async fn a_stop_finishes_what_runs_and_closes_what_idles() {
    let server = serve(Connections { max: 100, header_deadline: NEVER }).await;
    let mut idle = server.connect().await;
    idle.write_all(REQUEST).await.unwrap();
    answer(&mut idle, "here").await;
    let mut silent = server.connect().await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nhost: till\r\n\r\n").await.unwrap();
    server.begun.notified().await;

    server.shutdown.ask();
    let shutdown = server.shutdown.clone();
    let stopping = tokio::spawn(async move { shutdown.run(|| ()).await });
    assert_eq!(until_closed(&mut idle).await, "");
    assert_eq!(until_closed(&mut silent).await, "");
    server.finish.notify_one();
    let said = until_closed(&mut busy).await;
    assert!(said.contains("connection: close") && said.ends_with("late"), "{said}");
    assert_eq!(stopping.await.unwrap(), Stopped::Clean);
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody accepts any more");
}
