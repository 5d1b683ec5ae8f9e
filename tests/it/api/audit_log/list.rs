//! `GET /v1/audit-log`: for administrators alone, by cursor, by whom, what, to what and when.

use serde_json::json;
use time::Duration;

use super::{LOG, log, open};
use crate::api::shop::call;

#[tokio::test]
async fn only_administrators_read_it() {
    let shop = open().await;
    let (ada, support) = (shop.customer("ada").await, shop.staff("support").await);
    for actor in [&ada, &support] {
        actor.get(LOG).await.problem(403, "insufficient_scope");
    }
}

#[tokio::test]
async fn it_is_filtered_by_actor_action_target_and_time_and_by_all_at_once() {
    let shop = open().await;
    let (ada, bob) = (shop.customer("ada").await, shop.customer("bob").await);
    let admin = shop.staff("admin").await;
    shop.test.clock.advance(Duration::minutes(1));
    for (user, role) in [(&ada, "support"), (&bob, "support"), (&ada, "customer")] {
        let change = json!({ "role": role });
        assert_eq!(admin.patch(&format!("/v1/users/{}", user.id), &change).await.status, 200);
        shop.test.clock.advance(Duration::minutes(1));
    }
    let of = async |query: &str| log(&admin, query).await.len();
    let (ada, bob, own) = (ada.id, bob.id, admin.id);
    assert_eq!(of(&format!("?actor={own}&action=user.change_access")).await, 3);
    assert_eq!(of(&format!("?actor={own}&target={ada}")).await, 2);
    assert_eq!(of(&format!("?target={bob}&action=user.change_access")).await, 1);
    assert_eq!(of("?createdAfter=2026-03-02T12:02:00Z").await, 2);
    assert_eq!(
        of("?createdAfter=2026-03-02T12:02:00Z&createdBefore=2026-03-02T12:03:00Z").await,
        1
    );
    let all = format!(
        "?actor={own}&action=user.change_access&target={ada}&createdAfter=2026-03-02T12:01:30Z&createdBefore=2026-03-02T13:00:00Z"
    );
    assert_eq!(of(&all).await, 1);
    assert_eq!(of("?action=signing_key.rotate").await, 0);
    for (query, pointer) in [
        ("actor=ada", "/actor"),
        ("action=user.fly", "/action"),
        ("target=", "/target"),
        ("target=a%20b", "/target"),
        ("createdAfter=yesterday", "/createdAfter"),
    ] {
        let problem = admin.get(&format!("{LOG}?{query}")).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
}

#[tokio::test]
async fn following_the_cursor_shows_every_entry_once_however_many_come_meanwhile() {
    let shop = open().await;
    let admin = shop.staff("admin").await;
    for name in ["ada", "bob", "eve", "fay"] {
        shop.customer(name).await;
    }
    let all = log(&admin, "?limit=100").await;
    assert!(all.len() >= 11, "{}", all.len());
    let (mut seen, mut path) = (Vec::new(), format!("{LOG}?limit=3"));
    loop {
        let page = admin.get(&path).await.json();
        seen.extend(page["data"].as_array().unwrap().clone());
        let wrong = json!({ "email": "ada@example.com", "password": "correct horse battery" });
        call(&shop.router, "/v1/auth/token", &wrong).await;
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("{LOG}?limit=3&cursor={cursor}");
    }
    assert_eq!(seen, all);
    let foreign = path.replace("limit=3", "action=user.erase");
    admin.get(&foreign).await.problem(400, "invalid_cursor");
}
