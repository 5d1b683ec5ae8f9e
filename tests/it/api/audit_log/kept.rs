//! The log only grows: the database itself refuses whoever would change it, and lets go what is old by one way alone.

use std::time::Duration as StdDuration;

use sqlx::AssertSqlSafe;
use till::service::housekeeping::purge_audit_log;
use time::Duration;

use super::size;
use crate::api::shop::Shop;

const YEAR: StdDuration = StdDuration::from_secs(365 * 24 * 3_600);

#[tokio::test]
async fn nobody_changes_or_removes_an_entry_with_whatever_statement() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    let before = size(&shop).await;
    assert!(before >= 2);
    for statement in [
        "UPDATE audit_log SET action = 'user.erase'",
        "UPDATE audit_log SET details = '{}' WHERE false",
        "DELETE FROM audit_log",
        "DELETE FROM audit_log WHERE id = (SELECT min(id::text)::uuid FROM audit_log)",
        "TRUNCATE audit_log CASCADE",
        "UPDATE audit_origins SET address = '192.0.2.1'",
        "INSERT INTO audit_log SELECT * FROM audit_log ON CONFLICT (id) DO UPDATE SET action = 'x'",
    ] {
        let refused =
            sqlx::query(AssertSqlSafe(statement)).execute(&*shop.test.services.pool).await;
        let error = refused.unwrap_err();
        let constraint = error.as_database_error().and_then(|error| error.constraint());
        assert_eq!(constraint, Some("audit_log_append_only"), "{statement}: {error}");
    }
    assert_eq!(size(&shop).await, before);
}

#[tokio::test]
async fn what_was_kept_for_its_time_goes_a_batch_at_a_time_and_nothing_younger() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    shop.test.clock.advance(Duration::days(364));
    shop.customer("bob").await;
    let (services, clock) = (&shop.test.services, &shop.test.clock);
    assert_eq!(purge_audit_log(services, YEAR, 100).await.unwrap(), 0);
    assert_eq!(size(&shop).await, 4);
    clock.advance(Duration::days(1));
    assert_eq!(purge_audit_log(services, YEAR, 100).await.unwrap(), 0);
    clock.advance(Duration::MICROSECOND);
    assert_eq!(purge_audit_log(services, YEAR, 1).await.unwrap(), 1);
    assert_eq!(purge_audit_log(services, YEAR, 100).await.unwrap(), 1);
    assert_eq!(size(&shop).await, 2);
    // The way is shut again.
    let refused = sqlx::query("DELETE FROM audit_log").execute(&*services.pool).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn from_where_somebody_came_is_known_for_ninety_days() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let agent = [("user-agent", b"shop/1".as_slice())];
    let change = serde_json::json!({ "name": "Root" }).to_string();
    admin.send("PATCH".parse().unwrap(), "/v1/users/me", &agent, &change).await;
    let known = "SELECT count(*) FROM audit_origins";
    assert_eq!(shop.count(known).await, 1);
    shop.test.clock.advance(Duration::days(90));
    purge_audit_log(&shop.test.services, YEAR, 100).await.unwrap();
    assert_eq!(shop.count(known).await, 1);
    shop.test.clock.advance(Duration::MICROSECOND);
    purge_audit_log(&shop.test.services, YEAR, 100).await.unwrap();
    assert_eq!(shop.count(known).await, 0);
    assert!(size(&shop).await > 0);
}
