//! Clients that are slow, endless, many or gone: what they can take is bounded, and what they leave is whole.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use axum::routing::post;
use futures_util::{FutureExt, StreamExt, stream};
use serde_json::json;
use till::api::middleware::{EdgeSettings, Routes, wrap};
use till::domain::ambient::Ambient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::api::pools::over_a_pool;
use crate::api::shop::Shop;
use crate::api::support::send;
use crate::connections::{SHORT, answer, serve};
use till::config::Connections;

/// A route that reads its whole body, within layers that have a short deadline.
fn reading() -> Router {
    let routes = Router::new().route("/v1/read", post(async |body: Bytes| body.len().to_string()));
    let settings = EdgeSettings { deadline: Duration::from_millis(100), ..EdgeSettings::default() };
    wrap(Routes::other(routes), None, settings, &Ambient::system())
}

#[tokio::test]
async fn l5_a_body_that_does_not_end_is_cut_off_by_its_size_or_its_time() {
    let chunk = || Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 1024]));
    let endless = Body::from_stream(stream::repeat_with(chunk));
    let answered = send(&reading(), Request::post("/v1/read").body(endless).unwrap()).await;
    answered.problem(413, "payload_too_large");
    let silent = stream::iter([chunk()]).chain(stream::pending());
    let silent = Request::post("/v1/read").body(Body::from_stream(silent)).unwrap();
    send(&reading(), silent).await.problem(503, "request_timeout");
}

#[tokio::test]
async fn l5_a_packed_body_is_refused_before_it_is_unpacked() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    for encoding in ["gzip", "br", "deflate", "zstd"] {
        let headers =
            [("content-encoding", encoding.as_bytes()), ("idempotency-key", b"k".as_slice())];
        let answered = ada.post_with("/v1/orders", &headers, "{}").await;
        answered.problem(415, "unsupported_media_type");
    }
}

#[tokio::test]
async fn l5_hundreds_of_peers_that_drip_are_closed_while_another_is_served() {
    let server = serve(Connections { max: 1_000, header_deadline: SHORT }).await;
    let mut dripping = Vec::new();
    for _ in 0..300 {
        let (mut read, mut write) = server.connect().await.into_split();
        let drip = tokio::spawn(async move {
            let mut tick = tokio::time::interval(SHORT / 5);
            while write.write_all(b"G").await.is_ok() {
                tick.tick().await;
            }
        });
        let closed = tokio::spawn(async move { drop(read.read_to_end(&mut Vec::new()).await) });
        dripping.push((drip, closed));
    }
    for _ in 0..10 {
        let mut stream = server.connect().await;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: till\r\n\r\n").await.unwrap();
        answer(&mut stream, "here").await;
    }
    for (drip, closed) in dripping {
        closed.await.unwrap();
        drip.await.unwrap();
    }
}

#[tokio::test]
async fn l7_a_client_that_goes_away_leaves_an_order_with_its_key_or_none_and_no_connection_taken() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let product = shop.product("TEA-1", 100).await;
    let (test, router) = over_a_pool(&shop, 4, Duration::from_secs(20)).await;
    let ada = ada.at(&router);
    let order = json!({ "items": [{ "productId": product.id.to_string(), "quantity": 1 }] });
    let mut blocker = shop.test.services.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE stock").execute(&mut *blocker).await.unwrap();
    for nth in 0..12 {
        let key = format!("gone-{nth}");
        // Further and further on its way, until it waits for the lock.
        let mut request = Box::pin(ada.post("/v1/orders", &key, &order));
        for _ in 0..=nth * 3 {
            assert!(request.as_mut().now_or_never().is_none());
            tokio::task::yield_now().await;
        }
    }
    blocker.rollback().await.unwrap();
    for nth in 0..12 {
        let key = format!("gone-{nth}");
        let mut placed = ada.post("/v1/orders", &key, &order).await;
        // The one that was left may still be on its way to its end.
        while placed.status == StatusCode::CONFLICT {
            placed = ada.post("/v1/orders", &key, &order).await;
        }
        assert_eq!(placed.status, 201, "{}", placed.text);
    }
    assert_eq!(shop.count("SELECT count(*) FROM orders").await, 12);
    assert_eq!(shop.count("SELECT available FROM stock").await, 88);
    // All four can be had at once: nobody holds one any more.
    let all = futures_util::future::join_all((0..4).map(|_| test.services.pool.acquire())).await;
    assert!(all.iter().all(Result::is_ok));
}
