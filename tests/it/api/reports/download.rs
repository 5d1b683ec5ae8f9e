//! `GET /v1/reports/{jobId}/download`: the whole, a part, again, too early and too late.

use axum::http::Method;
use till::service::jobs::FILES_LIVE;

use super::{ask, download, made, status, work};
use crate::api::shop::{Actor, Shop};
use crate::api::support::Answered;

async fn with(actor: &Actor, id: &str, headers: &[(&str, &[u8])]) -> Answered {
    actor.send(Method::GET, &format!("/v1/reports/{id}/download"), headers, "").await
}

#[tokio::test]
async fn a_part_is_answered_with_206_and_parts_make_up_the_whole() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    ada.order(&shop.product("MUG", 5).await, 1).await;
    let id = ask(&ada, "orders", "csv").await;
    work(&shop).await;
    let whole = download(&ada, &id).await;
    let length = whole.text.len();
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert_eq!(whole.header("content-length"), length.to_string());
    let named = format!("attachment; filename=\"orders-2026-03-01-2026-03-04-{id}.csv\"");
    assert_eq!(whole.header("content-disposition"), named);
    assert_eq!(whole.header("cache-control"), "private, no-cache");
    let first = with(&ada, &id, &[("range", b"bytes=0-9")]).await;
    let rest = with(&ada, &id, &[("range", b"bytes=10-")]).await;
    assert_eq!((first.status.as_u16(), rest.status.as_u16()), (206, 206));
    assert_eq!(first.header("content-range"), format!("bytes 0-9/{length}"));
    assert_eq!(first.header("content-length"), "10");
    assert_eq!(format!("{}{}", first.text, rest.text), whole.text);
    let beyond = with(&ada, &id, &[("range", format!("bytes={length}-").as_bytes())]).await;
    beyond.problem(416, "range_not_satisfiable");
    assert_eq!(beyond.header("content-range"), format!("bytes */{length}"));
    let several = with(&ada, &id, &[("range", b"bytes=0-1,4-5")]).await;
    assert_eq!((several.status.as_u16(), &several.text), (200, &whole.text));
}

#[tokio::test]
async fn the_tag_is_the_files_digest_and_spares_what_is_there_already() {
    use sha2::{Digest, Sha256};
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let id = ask(&ada, "orders", "csv").await;
    work(&shop).await;
    let whole = download(&ada, &id).await;
    let digest: String =
        Sha256::digest(&whole.bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{digest}\"");
    assert_eq!(whole.header("etag"), tag);
    let shown = status(&ada, &id).await.json();
    assert_eq!((&shown["sha256"], &shown["bytes"]), (&digest.into(), &whole.bytes.len().into()));
    let spared = with(&ada, &id, &[("if-none-match", tag.as_bytes())]).await;
    assert_eq!((spared.status.as_u16(), spared.text.as_str()), (304, ""));
    let part = with(&ada, &id, &[("range", b"bytes=0-4"), ("if-range", tag.as_bytes())]).await;
    assert_eq!(part.status, 206);
    let other = with(&ada, &id, &[("range", b"bytes=0-4"), ("if-range", b"\"other\"")]).await;
    assert_eq!((other.status.as_u16(), &other.text), (200, &whole.text));
}

#[tokio::test]
async fn a_client_that_takes_csv_alone_gets_it() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let id = ask(&ada, "orders", "csv").await;
    work(&shop).await;
    assert_eq!(with(&ada, &id, &[("accept", b"text/csv")]).await.status, 200);
}

#[tokio::test]
async fn before_it_is_there_409_and_after_its_time_410() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let id = ask(&ada, "orders", "csv").await;
    let early = download(&ada, &id).await;
    assert_eq!(early.problem(409, "report_not_ready")["detail"], "The report is at 0 %.");
    assert_eq!(early.header("retry-after"), "1");
    assert_eq!(status(&ada, &id).await.header("retry-after"), "2");
    work(&shop).await;
    assert_eq!(shop.test.files.found().len(), 1);

    shop.test.clock.advance(FILES_LIVE - time::Duration::MICROSECOND);
    let ada = shop.sign_in(ada.id, "ada@example.com").await;
    assert_eq!(download(&ada, &id).await.status, 200);
    shop.test.clock.advance(time::Duration::MICROSECOND);
    download(&ada, &id).await.problem(410, "report_expired");
    work(&shop).await;
    assert_eq!(shop.test.files.found(), []);
    download(&ada, &id).await.problem(410, "report_expired");
    assert_eq!(status(&ada, &id).await.json()["status"], "complete");
    shop.test.clock.advance(time::Duration::days(31));
    work(&shop).await;
    assert_eq!(shop.count("SELECT count(*) FROM jobs").await, 0);
}

#[tokio::test]
async fn an_empty_time_is_a_file_with_a_head_alone() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    assert_eq!(made(&shop, &ada, "orders", "csv").await.text.lines().count(), 1);
    let empty = made(&shop, &ada, "orders", "ndjson").await;
    assert_eq!((empty.text.as_str(), empty.header("content-length")), ("", "0"));
}
