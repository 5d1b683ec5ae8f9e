//! `POST /v1/products/import`: a list that is received as it comes and read in row by row, each whole or not at all.

use std::fmt::Write;

use axum::body::{Body, Bytes};
use axum::http::Request;
use futures_util::stream;
use serde_json::{Value, json};
use till::service::imports::MAX_BYTES;
use till::service::jobs::{self, End};
use time::Duration;
use tokio_util::sync::CancellationToken;

use crate::api::reports::{jobs, work, worker_with};
use crate::api::shop::{Actor, Shop};
use crate::api::support::{Answered, send};

const HEAD: &str = "sku,name,category,unitAmount,currency,description\n";

async fn import(actor: &Actor, headers: &[(&str, &str)], body: Body, shop: &Shop) -> Answered {
    let mut request = Request::post("/v1/products/import")
        .header("authorization", format!("Bearer {}", actor.token));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(&shop.router, request.body(body).unwrap()).await
}

async fn send_list(shop: &Shop, actor: &Actor, list: &str) -> String {
    let csv = [("content-type", "text/csv; charset=utf-8")];
    let answered = import(actor, &csv, Body::from(list.to_owned()), shop).await;
    assert_eq!(answered.status, 202, "{}", answered.text);
    let id = answered.json()["jobId"].as_str().unwrap().to_owned();
    assert_eq!(answered.header("location"), format!("/v1/products/imports/{id}/status"));
    id
}

async fn status(actor: &Actor, id: &str) -> Answered {
    actor.get(&format!("/v1/products/imports/{id}/status")).await
}

async fn read_in(shop: &Shop, actor: &Actor, list: &str) -> Value {
    let id = send_list(shop, actor, list).await;
    work(shop).await;
    status(actor, &id).await.json()
}

/// Created, updated, unchanged, refused.
fn counts(body: &Value) -> [i64; 4] {
    ["created", "updated", "unchanged", "refused"].map(|name| body[name].as_i64().unwrap())
}

#[tokio::test]
async fn new_products_are_created_known_ones_updated_and_wrong_rows_told_by_line() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let mug = shop.product("MUG", 7).await;
    let list = format!(
        "{HEAD}TEA-1,Oolong,tea,4200,MYR,\"leaves, rolled\"\n\
         MUG,Large mug,kitchen,2500,MYR,350 ml\n\
         TEA-2,Sencha,tea,42.00,myr,\n\
         TEA 3,Matcha,tea,100,JPY,\n\
         TEA-4,too,few\n\
         TEA-1,Oolong,tea,4200,MYR,\"leaves, rolled\"\n"
    );
    let body = read_in(&shop, &admin, &list).await;
    assert_eq!((&body["status"], &body["progress"]), (&json!("complete"), &json!(100)), "{body}");
    assert_eq!((counts(&body), body["rows"].as_i64()), ([1, 1, 1, 3], Some(6)), "{body}");
    let errors: Vec<_> = body["rowErrors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| json!([error["line"], error["column"], error["code"]]))
        .collect();
    let expected = [
        json!([4, "unitAmount", "invalid_type"]),
        json!([4, "currency", "unknown_currency"]),
        json!([5, "sku", "invalid_format"]),
        json!([6, null, "wrong_number_of_values"]),
    ];
    assert_eq!(errors, expected);
    let updated = admin.get(&format!("/v1/products/{}", mug.id)).await.json();
    assert_eq!((&updated["name"], &updated["unitAmount"]), (&json!("Large mug"), &json!(2500)));
    let stock = admin.get(&format!("/v1/products/{}/inventory", mug.id)).await.json();
    assert_eq!(stock["available"], 7);
    let found = admin.get("/v1/products?q=TEA-1").await.json();
    assert_eq!(found["data"][0]["description"], "leaves, rolled");
    // The list itself is of no more use.
    assert_eq!(shop.test.files.found(), []);
}

#[tokio::test]
async fn the_same_list_again_changes_nothing() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let list = format!("{HEAD}A,One,tea,100,MYR,\nB,Two,tea,200,MYR,\n");
    assert_eq!(counts(&read_in(&shop, &admin, &list).await), [2, 0, 0, 0]);
    assert_eq!(counts(&read_in(&shop, &admin, &list).await), [0, 0, 2, 0]);
    assert_eq!(shop.count("SELECT sum(version)::bigint FROM products").await, 2);
}

#[tokio::test]
async fn a_list_whose_head_is_none_fails_as_a_whole_with_the_reason() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    for (list, detail) in [
        ("", "the list is empty: its first line names the columns"),
        ("sku,name,category,currency\n", "the columns unitAmount are missing"),
        (
            "sku,name,category,unitAmount,currency,price\n",
            "there is no column \"price\"; known are \
            sku, name, category, unitAmount, currency, description",
        ),
    ] {
        let body = read_in(&shop, &admin, list).await;
        assert_eq!(body["status"], "failed");
        assert_eq!(body["error"], json!({ "code": "list_unreadable", "detail": detail }));
    }
    work(&shop).await;
    assert_eq!(shop.test.files.found(), []);
}

#[tokio::test]
async fn a_list_under_a_key_is_read_in_once_and_another_list_is_refused() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let keyed = [("content-type", "text/csv"), ("idempotency-key", "k")];
    let list = format!("{HEAD}A,One,tea,100,MYR,\n");
    // In other pieces, it is the same list.
    let first = import(&admin, &keyed, Body::from(list.clone()), &shop).await;
    let pieces: Vec<_> =
        list.bytes().map(|byte| Ok::<_, std::io::Error>(Bytes::from(vec![byte]))).collect();
    let again = import(&admin, &keyed, Body::from_stream(stream::iter(pieces)), &shop).await;
    assert_eq!((first.status.as_u16(), &first.text), (202, &again.text));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(shop.test.files.found().len(), 1, "the second copy is not kept");
    let other = import(&admin, &keyed, Body::from(list.replace("One", "Two")), &shop).await;
    other.problem(422, "idempotency_key_reused");
    assert_eq!(shop.test.files.found().len(), 1);
    assert_eq!(shop.count("SELECT count(*) FROM jobs").await, 1);
    work(&shop).await;
    let told = admin.get("/v1/idempotency-keys/k").await.json();
    assert_eq!(
        (&told["status"], &told["location"]),
        (&json!(202), &json!(first.header("location")))
    );
}

#[tokio::test]
async fn what_is_no_csv_or_too_long_is_refused_and_nothing_is_kept() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    for headers in [
        &[][..],
        &[("content-type", "application/json")],
        &[("content-type", "text/csv"), ("content-encoding", "gzip")],
    ] {
        let refused = import(&admin, headers, Body::from(HEAD), &shop).await;
        refused.problem(415, "unsupported_media_type");
    }
    let declared = (MAX_BYTES + 1).to_string();
    let long = [("content-type", "text/csv"), ("content-length", declared.as_str())];
    import(&admin, &long, Body::from(HEAD), &shop).await.problem(413, "payload_too_large");
    // Without a word on how long it is: a MiB at a time, and no end.
    let piece = Bytes::from(vec![b'x'; 1 << 20]);
    let endless = stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
    let csv = [("content-type", "text/csv")];
    let refused = import(&admin, &csv, Body::from_stream(endless), &shop).await;
    let problem = refused.problem(413, "payload_too_large");
    assert_eq!(problem["detail"], format!("The list may have at most {MAX_BYTES} bytes."));
    let broken = stream::iter([Ok(Bytes::from_static(b"sku")), Err(std::io::Error::other("gone"))]);
    let refused = import(&admin, &csv, Body::from_stream(broken), &shop).await;
    refused.problem(400, "malformed_request");
    assert_eq!(shop.test.files.found(), []);
    assert_eq!(shop.count("SELECT count(*) FROM jobs").await, 0);
}

#[tokio::test]
async fn a_list_longer_than_any_json_body_is_read_in_whole_with_the_first_faults_told() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let mut list = HEAD.to_owned();
    for number in 0..1_200 {
        let price = if number % 4 == 0 { 0 } else { 100 + number };
        let text = "x".repeat(400);
        writeln!(list, "SKU-{number},Product {number},tea,{price},MYR,{text}").unwrap();
    }
    assert!(list.len() > 400_000);
    let body = read_in(&shop, &admin, &list).await;
    assert_eq!(counts(&body), [900, 0, 0, 300]);
    assert_eq!(body["rowErrors"].as_array().unwrap().len(), 100);
    assert_eq!(shop.count("SELECT count(*) FROM products").await, 900);
    assert_eq!(shop.count("SELECT count(*) FROM stock").await, 900);
}

#[tokio::test]
async fn a_worker_that_takes_over_goes_on_behind_the_last_batch_and_no_row_counts_twice() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let mut list = HEAD.to_owned();
    for number in 0..250 {
        writeln!(list, "SKU-{number},Product,tea,{},MYR,", number % 50).unwrap();
    }
    let id = send_list(&shop, &admin, &list).await;
    let dead = jobs(&shop);
    let leased = jobs::claim_due(&dead).await.unwrap().unwrap();
    // As a worker leaves it that died after a hundred rows: it did them, and then wrote down nothing more.
    let never = CancellationToken::new();
    assert_eq!(jobs::run(&dead, &leased, &never).await.unwrap(), End::Complete);
    let whole = status(&admin, &id).await.json();
    assert_eq!(counts(&whole), [245, 0, 0, 5]);
    let again = send_list(&shop, &admin, &list.replace("Product", "Other")).await;
    let leased = jobs::claim_due(&dead).await.unwrap().unwrap();
    let result = json!({ "created": 0, "updated": 98, "unchanged": 0, "refused": 2, "faults": [] });
    sqlx::query("UPDATE jobs SET rows_done = 100, result = $1 WHERE status = 'processing'")
        .bind(result)
        .execute(&*shop.test.services.pool)
        .await
        .unwrap();
    shop.test.clock.advance(Duration::seconds(61));
    work(&shop).await;
    let body = status(&admin, &again).await.json();
    assert_eq!((counts(&body), body["rows"].as_i64()), ([0, 245, 0, 5], Some(250)), "{body}");
    let others = "SELECT count(*) FROM products WHERE name = 'Other'";
    assert_eq!(shop.count(others).await, 147, "the rows before were the dead worker's");
    // It wakes, and what it would do is somebody else's by now.
    assert_eq!(jobs::run(&dead, &leased, &never).await.unwrap(), End::Left);
    assert_eq!(shop.count(others).await, 147);
}

#[tokio::test]
async fn two_lists_with_the_same_products_at_once_are_both_read_in() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let list = |name: &str| {
        let rows = (0..150).map(|number| format!("SKU-{number},{name},tea,100,MYR,\n"));
        format!("{HEAD}{}", rows.collect::<String>())
    };
    let ids = [
        send_list(&shop, &admin, &list("One")).await,
        send_list(&shop, &admin, &list("Two")).await,
    ];
    let (one, other) =
        (worker_with(&shop, jobs(&shop)).await, worker_with(&shop, jobs(&shop)).await);
    let (first, second) = tokio::join!(one.run_until_idle(), other.run_until_idle());
    first.unwrap();
    second.unwrap();
    let mut created = 0;
    for id in ids {
        let body = status(&admin, &id).await.json();
        assert_eq!((&body["status"], counts(&body)[3]), (&json!("complete"), 0), "{body}");
        created += counts(&body)[0];
    }
    assert_eq!((created, shop.count("SELECT count(*) FROM products").await), (150, 150));
}

#[tokio::test]
async fn only_who_may_change_the_catalogue_may_import() {
    let shop = Shop::open().await;
    let (admin, support) = (shop.staff("admin").await, shop.staff("support").await);
    let csv = [("content-type", "text/csv")];
    let refused = import(&support, &csv, Body::from(HEAD), &shop).await;
    refused.problem(403, "insufficient_scope");
    let id = send_list(&shop, &admin, HEAD).await;
    status(&support, &id).await.problem(403, "insufficient_scope");
    // A report's address knows no imports.
    admin.get(&format!("/v1/reports/{id}/status")).await.problem(404, "not_found");
    work(&shop).await;
}
