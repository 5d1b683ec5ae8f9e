//! Call-backs in every order that there is: the end is the same.

use serde_json::{Value, json};
use till::domain::clock::{Clock, SystemClock};

use super::assert_right;
use crate::api::gateway::callbacks::Message;
use crate::api::shop::{Shop, all_of};

/// Every order of so many things.
fn permutations(things: usize) -> Vec<Vec<usize>> {
    if things == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(things - 1);
    let with_last = |order: &Vec<usize>| {
        let order = order.clone();
        (0..things).map(move |place| {
            let mut longer = order.clone();
            longer.insert(place, things - 1);
            longer
        })
    };
    shorter.iter().flat_map(with_last).collect()
}

fn signed(id: &str, kind: &str, charge: &Value) -> Message {
    let body = json!({ "type": kind, "data": { "charge": charge } }).to_string();
    Message::signed(id, SystemClock.now().unix_timestamp(), body)
}

#[tokio::test]
async fn in_every_order_that_call_backs_may_come_the_payment_ends_the_same() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let orders = permutations(4);
    assert_eq!(orders.len(), 24);
    let goods = shop.product("MUG", 100).await;
    for (number, sequence) in orders.iter().enumerate() {
        let wish = json!({ "items": [{ "productId": goods.id.to_string(), "quantity": 1 }] });
        let order = ada.post("/v1/orders", &format!("o{number}"), &wish).await.json();
        let open = ada.pay(&format!("k{number}"), &all_of(&order, "pm_async")).await;
        assert_eq!(open.status, 202, "{}", open.text);
        let early = shop.sandbox.record().await.pop().unwrap();
        let settle = format!("/sandbox/charges/{}/settle", early["id"].as_str().unwrap());
        let captured = json!({ "outcome": "captured" });
        let settled = shop.sandbox.post(&settle, &format!("s{number}"), captured).await.body;
        let mut other = settled.clone();
        other["amount"] = json!(1);
        let messages = [
            signed(&format!("early-{number}"), "charge.authorized", &early),
            signed(&format!("captured-{number}"), "charge.captured", &settled),
            signed(&format!("declined-{number}"), "charge.declined", &settled),
            signed(&format!("other-{number}"), "charge.captured", &other),
        ];
        for &message in sequence {
            let answered = messages[message].send(&shop).await;
            assert_eq!(answered.status, 204, "{sequence:?}: {}", answered.text);
        }
        let place = format!("/v1/orders/{}", order["id"].as_str().unwrap());
        let order = ada.get(&place).await.json();
        assert_eq!(
            (&order["status"], &order["paidAmount"], &order["refundedAmount"]),
            (&json!("paid"), &json!(1990), &json!(0)),
            "{sequence:?}"
        );
    }
    let all = i64::try_from(orders.len()).unwrap();
    assert_eq!(shop.count("SELECT count(*) FROM journal_entries").await, all);
    let told = "SELECT count(*) FROM outbox WHERE topic = 'payment.succeeded'";
    assert_eq!(shop.count(told).await, all);
    assert_eq!(shop.count("SELECT count(*) FROM quarantined_callbacks").await, all);
    assert_right(&shop).await;
}
