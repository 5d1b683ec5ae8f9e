//! The least that axum can do: one route that answers with the bytes of a file, to measure Till's own routes against; no test.
//!
//! `bare ADDRESS FILE` serves `GET /` until it is killed.
#![expect(
    clippy::unwrap_used,
    reason = "a measurement stops the moment something is not as it says"
)]

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() {
    let mut line = std::env::args().skip(1);
    let (address, file) = (line.next().unwrap(), line.next().unwrap());
    let bytes = Bytes::from(std::fs::read(file).unwrap());
    let answer = move || async move { ([(CONTENT_TYPE, "application/json")], bytes) };
    let listener = TcpListener::bind(address).await.unwrap();
    axum::serve(listener, Router::new().route("/", get(answer))).await.unwrap();
}
