//! What stands in a report: exactly what stands in the database, in each format.

use std::io::{Cursor, Read};

use serde_json::{Value, json};
use till::domain::clock::{Clock, SystemClock};
use till::domain::utc::Utc;

use super::{ask, cells, download, jobs, made, paid, status, wish, work};
use crate::api::shop::{Actor, Shop};

/// What psql would print of a query, a line a row.
async fn lines(shop: &Shop, query: &'static str) -> Vec<String> {
    sqlx::query_scalar(query).fetch_all(&*shop.test.services.pool).await.unwrap()
}

/// Rows of the database, joined like the CSV's lines.
const ORDERS: &str = "SELECT concat_ws(',', id, customer_id, status, currency, total_amount, paid_amount,
        refunded_amount, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),
        to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'))
    FROM orders ORDER BY created_at, id";
const LEDGER: &str =
    "SELECT concat_ws(',', e.id, line, kind, payment_id, coalesce(refund_id::text, ''),
        coalesce(order_id::text, ''), account, currency, amount,
        to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'))
    FROM journal_entries e JOIN journal_lines ON entry_id = e.id ORDER BY recorded_at, e.id, line";
const PAYMENTS: &str = "SELECT concat_ws(',', id, coalesce(order_id::text, ''), customer_id, status, amount,
        amount_captured, amount_refunded, currency, payment_method, capture_method, coalesce(failure_code, ''),
        coalesce(failure_message, ''),
        to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),
        to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'))
    FROM payments ORDER BY created_at, id";

/// Orders of two customers, paid, given back in part, declined and waiting, on several days.
async fn traded() -> (Shop, Actor, Actor) {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let support = shop.staff("support").await;
    let mug = shop.product("MUG", 100).await;
    let tea = shop.product("TEA", 100).await;
    let order = ada.order(&mug, 2).await;
    let payment = paid(&ada, &order, "k1").await;
    let refunds = format!("/v1/payments/{}/refunds", payment["id"].as_str().unwrap());
    let back = support.post(&refunds, "r", &json!({ "amount": 500 })).await;
    assert_eq!(back.status, 201, "{}", back.text);
    shop.test.clock.advance(time::Duration::milliseconds(1_234));
    let other = eve.order(&tea, 3).await;
    paid(&eve, &other, "k2").await;
    let waiting = eve.order(&mug, 1).await;
    let declined = json!({ "orderId": waiting["id"], "amount": waiting["totalAmount"],
        "currency": "MYR", "paymentMethod": "pm_declined" });
    eve.pay("k3", &declined).await.problem(402, "card_declined");
    (shop, ada, support)
}

#[tokio::test]
async fn each_kind_has_exactly_the_rows_of_the_database() {
    let (shop, _, support) = traded().await;
    for (kind, query, head) in [
        ("orders", ORDERS, "orderId,customerId,status,currency,totalAmount,paidAmount,"),
        ("payments", PAYMENTS, "paymentId,orderId,customerId,status,amount,amountCaptured,"),
        ("ledger", LEDGER, "entryId,line,kind,paymentId,refundId,orderId,account,currency,amount,"),
    ] {
        let answered = made(&shop, &support, kind, "csv").await;
        assert_eq!(answered.header("content-type"), "text/csv; charset=utf-8; header=present");
        let mut written = answered.text.lines();
        assert!(written.next().unwrap().starts_with(head), "{kind}: {}", answered.text);
        let written: Vec<_> = written.collect();
        let expected = lines(&shop, query).await;
        assert!(expected.len() >= 3, "{kind}: {expected:?}");
        assert_eq!(written, expected, "{kind}");
    }
}

#[tokio::test]
async fn sales_are_summed_up_by_day_and_product() {
    let (shop, ada, support) = traded().await;
    let mug = lines(&shop, "SELECT id::text FROM products WHERE sku = 'MUG'").await.remove(0);
    let tea = lines(&shop, "SELECT id::text FROM products WHERE sku = 'TEA'").await.remove(0);
    let all = made(&shop, &support, "sales", "csv").await.text;
    let mugs = format!("2026-03-02,{mug},MUG,Product MUG,MYR,1,2,3980");
    let teas = format!("2026-03-02,{tea},TEA,Product TEA,MYR,1,3,5970");
    assert_eq!(all.lines().skip(1).collect::<Vec<_>>(), [&mugs, &teas]);
    let own = made(&shop, &ada, "sales", "csv").await.text;
    assert_eq!(own.lines().skip(1).collect::<Vec<_>>(), [&mugs]);
}

#[tokio::test]
async fn a_customer_gets_what_is_theirs_and_staff_everything() {
    let (shop, ada, support) = traded().await;
    let own = made(&shop, &ada, "orders", "csv").await.text;
    let all = made(&shop, &support, "orders", "csv").await.text;
    assert_eq!((own.lines().count(), all.lines().count()), (2, 4));
    let owner = ada.id.to_string();
    assert!(own.lines().skip(1).all(|line| cells(line)[1] == owner), "{own}");
    let ledger = made(&shop, &ada, "ledger", "csv").await.text;
    assert_eq!(ledger.lines().count(), 5, "a capture and a refund of two lines each: {ledger}");
}

#[tokio::test]
async fn a_period_holds_its_first_moment_and_not_its_last() {
    let (shop, _, support) = traded().await;
    let mut body = wish("orders", "csv");
    body["from"] = json!("2026-03-02T12:00:00Z");
    body["to"] = json!("2026-03-02T12:00:01.234Z");
    let asked = support.post_with("/v1/reports/generate", &[], &body.to_string()).await.json();
    work(&shop).await;
    let written = download(&support, asked["jobId"].as_str().unwrap()).await.text;
    assert_eq!(written.lines().count(), 2, "{written}");
}

#[tokio::test]
async fn ndjson_says_the_same_with_numbers_as_numbers() {
    let (shop, _, support) = traded().await;
    let csv = made(&shop, &support, "payments", "csv").await.text;
    let answered = made(&shop, &support, "payments", "ndjson").await;
    assert_eq!(answered.header("content-type"), "application/x-ndjson");
    let head = cells(csv.lines().next().unwrap());
    let objects = answered.text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    for (object, line) in objects.zip(csv.lines().skip(1)) {
        assert!(object["amount"].is_i64());
        let keys: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys.len(), head.len());
        for (column, cell) in head.iter().zip(cells(line)) {
            let said = match &object[column] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(said, cell, "{column}");
        }
    }
    assert_eq!(answered.text.lines().count() + 1, csv.lines().count());
}

/// The first sheet as rows of (is a number, text).
fn sheet(bytes: &[u8]) -> Vec<Vec<(bool, String)>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut xml = String::new();
    archive.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut xml).unwrap();
    assert!(!xml.contains("<f>"), "a formula: {xml}");
    let rows = xml.split("<row ").skip(1);
    rows.map(|row| {
        let row = row.split("</row>").next().unwrap();
        row.split("<c ").skip(1).map(cell).collect()
    })
    .collect()
}

fn cell(xml: &str) -> (bool, String) {
    let number = !xml.contains("t=\"inlineStr\"");
    let (open, close) = if number { ("<v>", "</v>") } else { ("<t", "</t>") };
    let inner = xml.split_once(open).unwrap().1.split(close).next().unwrap();
    let text = if number { inner } else { inner.split_once('>').unwrap().1 };
    (number, text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

#[tokio::test]
async fn xlsx_says_the_same_with_numbers_as_numbers_and_no_formula() {
    let (shop, _, support) = traded().await;
    sqlx::query("UPDATE order_items SET name = '=1+1' WHERE sku = 'TEA'")
        .execute(&*shop.test.services.pool)
        .await
        .unwrap();
    let csv = made(&shop, &support, "sales", "csv").await.text;
    let answered = made(&shop, &support, "sales", "xlsx").await;
    assert!(answered.header("content-type").ends_with("spreadsheetml.sheet"));
    assert!(answered.header("content-disposition").contains(".xlsx\""));
    let rows = sheet(&answered.bytes);
    assert_eq!(rows.len(), csv.lines().count());
    for (row, line) in rows.iter().zip(csv.lines()).skip(1) {
        for ((number, text), (place, cell)) in row.iter().zip(cells(line).iter().enumerate()) {
            // A spreadsheet's texts need no apostrophe.
            assert_eq!(text, cell.strip_prefix('\'').unwrap_or(cell));
            assert_eq!(*number, place >= 5, "{text}");
        }
    }
    assert!(rows.iter().any(|row| row[3] == (false, "=1+1".to_owned())), "{rows:?}");
}

#[tokio::test]
async fn a_text_that_a_spreadsheet_would_calculate_is_neutralised_and_a_negative_number_is_not() {
    let (shop, _, support) = traded().await;
    for formula in ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1"] {
        let poison =
            sqlx::query("UPDATE order_items SET name = $1 WHERE sku = 'TEA'").bind(formula);
        poison.execute(&*shop.test.services.pool).await.unwrap();
        let csv = made(&shop, &support, "sales", "csv").await.text;
        let line = csv.lines().find(|line| line.contains(",TEA,")).unwrap();
        assert_eq!(cells(line)[3], format!("'{formula}"), "{line}");
    }
    let ledger = made(&shop, &support, "ledger", "csv").await.text;
    let negative = ledger.lines().filter(|line| cells(line)[8].starts_with('-')).count();
    assert_eq!(negative, 3, "every entry has a credit: {ledger}");
}

#[tokio::test]
async fn a_reconciliation_names_what_differs_between_the_journal_and_the_gateway() {
    let (shop, ada, support) = traded().await;
    ada.post_with("/v1/reports/generate", &[], &wish("reconciliation", "csv").to_string())
        .await
        .problem(403, "forbidden");
    let clean = made(&shop, &support, "reconciliation", "csv").await.text;
    let differences =
        |csv: &str| csv.lines().skip(1).map(|line| cells(line)[10].to_owned()).collect::<Vec<_>>();
    assert_eq!(differences(&clean), ["", "", ""], "{clean}");
    let first = clean.lines().nth(1).unwrap();
    assert!(first.contains(",MYR,succeeded,3980,3980,500,captured,3980,3980,500,,"), "{first}");

    let pool = &*shop.test.services.pool;
    let mut conn = pool.acquire().await.unwrap();
    // A fault of the disk or of a person: a line of the journal changed, a payment lost, another one made up.
    sqlx::raw_sql(
        "SET session_replication_role = replica;
         UPDATE journal_lines SET amount = amount * 2 WHERE account = 'gateway_receivable' AND amount = 3980;
         DELETE FROM payments WHERE status = 'failed';
         INSERT INTO payments (id, customer_id, status, amount, currency, payment_method, capture_method,
                               metadata, created_at, updated_at)
         SELECT '01890a5d-ac96-774b-bcce-b302099a8001', customer_id, 'requires_capture', 1, 'MYR', 'pm_ok',
                'manual', '{}', created_at, created_at FROM payments LIMIT 1;
         RESET session_replication_role",
    )
    .execute(&mut *conn)
    .await
    .unwrap();
    drop(conn);
    let id = ask(&support, "reconciliation", "csv").await;
    super::worker_with(&shop, jobs(&shop)).await.run_until_idle().await.unwrap();
    assert_eq!(status(&support, &id).await.json()["status"], "complete");
    let broken = download(&support, &id).await.text;
    let mut found = differences(&broken);
    found.sort();
    assert_eq!(found, ["", "captured", "missing_at_gateway"], "{broken}");
    // The gateway's clock is the world's: that is when it says it made the charge that is not ours.
    let now = SystemClock.now();
    let hour = |hours| Utc(now + time::Duration::hours(hours)).to_string();
    let mut body = wish("reconciliation", "csv");
    (body["from"], body["to"]) = (json!(hour(-1)), json!(hour(1)));
    let asked = support.post_with("/v1/reports/generate", &[], &body.to_string()).await.json();
    super::worker_with(&shop, jobs(&shop)).await.run_until_idle().await.unwrap();
    let strange = download(&support, asked["jobId"].as_str().unwrap()).await.text;
    assert_eq!(differences(&strange), ["missing_here"], "{strange}");
}
