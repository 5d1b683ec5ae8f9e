//! What was answered survives; what was torn goes.

use std::{fs, io::Write};

use futures_util::future::join_all;
use serde_json::json;
use till::sandbox::Gateway;

use super::support::{Folder, Sandbox};

#[tokio::test]
async fn a_restart_keeps_charges_refunds_and_keys() {
    let sandbox = Sandbox::start().await;
    let charge = sandbox.authorize("k").await;
    let path = format!("/v1/charges/{}", charge.id());
    sandbox.post(&format!("{path}/capture"), "c", json!({ "amount": 700 })).await;
    let refund = sandbox.post(&format!("{path}/refunds"), "r", json!({ "amount": 200 })).await;
    sandbox.charge("declined", "pm_declined").await;
    let before = sandbox.record().await;

    let sandbox = sandbox.restart().await;
    assert_eq!(sandbox.record().await, before);
    let again = sandbox.post(&format!("{path}/refunds"), "r", json!({ "amount": 200 })).await;
    assert_eq!((again.status, again.body), (200, refund.body));
    let too_much = sandbox.post(&format!("{path}/refunds"), "r2", json!({ "amount": 501 })).await;
    assert_eq!(too_much.code(), "refund_exceeds_charge");
}

#[tokio::test]
async fn what_is_answered_is_in_the_log() {
    let sandbox = Sandbox::start().await;
    let answers = (0..50).map(|number| {
        let sandbox = &sandbox;
        async move {
            let charge = sandbox.charge(&format!("k{number}"), "pm_ok").await;
            let log = fs::read_to_string(sandbox.folder.log()).unwrap();
            assert!(log.lines().any(|line| line.contains(charge.id())));
        }
    });
    join_all(answers).await;
}

#[tokio::test]
async fn a_torn_last_line_is_cut_off_and_the_rest_kept() {
    let sandbox = Sandbox::start().await;
    sandbox.charge("a", "pm_ok").await;
    sandbox.charge("b", "pm_ok").await;
    let before = sandbox.record().await;
    let folder = sandbox.stop().await;
    let whole = fs::read(folder.log()).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    fs::write(folder.log(), &whole[..whole.len() - 9]).unwrap();

    let settings = folder.settings();
    let sandbox = Sandbox::start_with(folder, settings).await;
    assert_eq!(sandbox.record().await, before[..1]);
    assert_eq!(fs::read(sandbox.folder.log()).unwrap(), whole[..last]);
    assert_eq!(sandbox.charge("b", "pm_ok").await.status, 201);
    let sandbox = sandbox.restart().await;
    assert_eq!(sandbox.record().await.len(), 2);
}

#[tokio::test]
async fn a_damaged_line_before_whole_ones_stops_the_start() {
    let sandbox = Sandbox::start().await;
    sandbox.charge("a", "pm_ok").await;
    sandbox.charge("b", "pm_ok").await;
    let folder = sandbox.stop().await;
    let mut bytes = fs::read(folder.log()).unwrap();
    bytes[20] ^= 1;
    fs::write(folder.log(), &bytes).unwrap();
    let refused = Gateway::open(folder.settings()).err().unwrap().to_string();
    assert!(refused.contains("damaged at byte 0"), "{refused}");
    assert_eq!(fs::read(folder.log()).unwrap(), bytes, "nothing is cut");
}

#[tokio::test]
async fn two_providers_cannot_share_a_record() {
    let sandbox = Sandbox::start().await;
    let refused = Gateway::open(sandbox.folder.settings()).err().unwrap().to_string();
    assert!(refused.contains("in use by another running gateway"), "{refused}");
    let sandbox = sandbox.restart().await;
    assert_eq!(sandbox.charge("k", "pm_ok").await.status, 201);
}

#[test]
fn a_line_of_an_unknown_kind_stops_the_start() {
    let folder = Folder::new();
    let mut log = fs::File::create(folder.log()).unwrap();
    // CRC-32 of the JSON that follows.
    log.write_all(b"3d856dfe {\"entry\":\"unheard\"}\n").unwrap();
    let refused = Gateway::open(folder.settings()).err().unwrap().to_string();
    assert!(refused.contains("not an entry this version knows"), "{refused}");
}
