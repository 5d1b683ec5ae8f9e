//! The least that axum can do, to measure Till's own routes against, and who asks both; no test.
//!
//! `bare serve ADDRESS FILE` answers `GET /` with the bytes of the file until it is killed.
//!
//! `bare ask ADDRESS PATH CLIENTS SECONDS [FIELD]` asks as that many clients, each again as soon as it is answered, and prints the
//! answers a second. Every answer must be the first one over again but for its head. It never sleeps: to wake a client on the
//! same machine is work of whoever answers it, and the more the slower that is, which is not so where clients are far away.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement stops the moment something is not as it says"
)]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::net::TcpListener;

/// More than any answer is long.
const ROOM: usize = 64 * 1024;

fn main() {
    let line: Vec<String> = std::env::args().skip(1).collect();
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    match line[..] {
        ["serve", address, file] => serve(address, file),
        ["ask", address, path, clients, seconds] => ask(address, path, clients, seconds, ""),
        ["ask", address, path, clients, seconds, field] => {
            ask(address, path, clients, seconds, &format!("{field}\r\n"));
        }
        _ => println!("bare serve ADDRESS FILE | bare ask ADDRESS PATH CLIENTS SECONDS [FIELD]"),
    }
}

#[tokio::main]
async fn serve(address: &str, file: &str) {
    let bytes = Bytes::from(std::fs::read(file).unwrap());
    let answer = move || async move { ([(CONTENT_TYPE, "application/json")], bytes) };
    let listener = TcpListener::bind(address).await.unwrap();
    axum::serve(listener, Router::new().route("/", get(answer))).await.unwrap();
}

fn ask(address: &str, path: &str, clients: &str, seconds: &str, field: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{field}\r\n");
    let answer = first_answer(address, request.as_bytes());
    let mut clients: Vec<Client> =
        (0..clients.parse().unwrap()).map(|_| Client::connect(address)).collect();
    let (begun, length) = (Instant::now(), Duration::from_secs(seconds.parse().unwrap()));
    let mut answered = 0_u32;
    for client in &mut clients {
        client.send(request.as_bytes());
    }
    while begun.elapsed() < length {
        for client in &mut clients {
            if client.is_answered(&answer) {
                answered += 1;
                client.send(request.as_bytes());
            }
        }
    }
    println!("{:.0}", f64::from(answered) / begun.elapsed().as_secs_f64());
}

/// What all answers have in common.
struct Answer {
    /// `HTTP/1.1 200`
    status: Vec<u8>,
    /// The end of the head, and the body.
    end: Vec<u8>,
}

/// Asks once and waits for silence, so that its body is known to be whole.
fn first_answer(address: &str, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    let silence = stream.read_to_end(&mut answer).unwrap_err();
    assert_eq!(silence.kind(), ErrorKind::WouldBlock);
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    Answer { status: answer[..12].to_vec(), end: answer[head..].to_vec() }
}

struct Client {
    stream: TcpStream,
    read: Vec<u8>,
    length: usize,
}

impl Client {
    fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_nonblocking(true).unwrap();
        Self { stream, read: vec![0; ROOM], length: 0 }
    }

    fn send(&mut self, request: &[u8]) {
        self.length = 0;
        assert_eq!(self.stream.write(request).unwrap(), request.len());
    }

    /// Reads what has come; whether that is an answer by now.
    fn is_answered(&mut self, answer: &Answer) -> bool {
        match self.stream.read(&mut self.read[self.length..]) {
            Ok(0) => panic!("the connection was closed"),
            Ok(more) => self.length += more,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(error) => panic!("{error}"),
        }
        let read = &self.read[..self.length];
        if !read.ends_with(&answer.end) {
            return false;
        }
        assert!(read.starts_with(&answer.status), "{}", String::from_utf8_lossy(read));
        true
    }
}
