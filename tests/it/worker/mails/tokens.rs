//! What the tokens of mails are good for: once, for a while, and for nothing else.

use serde_json::{Value, json};
use time::Duration;

use super::{Mailed, mailed};
use crate::api::api_keys::{make, orders};
use crate::api::shop::{PASSWORD, call};
use crate::api::support::Answered;
use crate::support::smtp::Letter;

const NEW: &str = "a quite new password";

/// The token in a mail's text.
pub fn token_in(letter: &Letter, prefix: &str) -> String {
    let token = letter.text.split_whitespace().find(|word| word.starts_with(prefix));
    let token = token.unwrap().to_owned();
    assert_eq!(token.len(), prefix.len() + 43, "{token}");
    token
}

impl Mailed {
    /// The token of the last mail of this kind.
    fn last_token(&self, kind: &str, prefix: &str) -> String {
        token_in(&self.to_ada(kind).pop().unwrap().read(), prefix)
    }

    /// Ada forgot her password and has the mail.
    async fn reset_token(&self) -> String {
        self.forget_password("ada").await;
        self.work().await;
        self.last_token("password_reset", "tillpr_")
    }

    async fn verify(&self, token: &str) -> Answered {
        call(&self.shop.router, "/v1/auth/verify-email", &json!({ "token": token })).await
    }

    async fn choose(&self, token: &str, password: &str) -> Answered {
        let body = json!({ "token": token, "password": password });
        call(&self.shop.router, "/v1/auth/password-reset/confirm", &body).await
    }

    async fn signs_in(&self, password: &str) -> bool {
        let who = json!({ "email": "ada@example.com", "password": password });
        call(&self.shop.router, "/v1/auth/token", &who).await.status == 200
    }

    async fn verified_at(&self) -> Option<time::OffsetDateTime> {
        sqlx::query_scalar("SELECT email_verified_at FROM users WHERE email = 'ada@example.com'")
            .fetch_one(&*self.shop.test.services.pool)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn the_token_of_the_welcome_mail_verifies_the_address_and_a_second_click_changes_nothing() {
    let scene = mailed().await;
    scene.shop.customer("ada").await;
    scene.work().await;
    let token = scene.last_token("welcome_mail", "tillev_");
    assert_eq!(scene.verified_at().await, None);
    for _ in 0..2 {
        let verified = scene.verify(&token).await;
        assert_eq!((verified.status.as_u16(), verified.text.as_str()), (204, ""));
        assert_eq!(scene.verified_at().await, Some(time::macros::datetime!(2026-03-02 12:00 UTC)));
        scene.shop.test.clock.advance(Duration::HOUR);
    }
    let version: i64 = scene.shop.count("SELECT version FROM users").await;
    assert_eq!(version, 2);
}

#[tokio::test]
async fn a_token_is_good_for_one_purpose_and_for_its_time() {
    let scene = mailed().await;
    scene.shop.customer("ada").await;
    let reset = scene.reset_token().await;
    let verification = scene.last_token("welcome_mail", "tillev_");
    let unknown = format!("tillev_{}", "A".repeat(43));
    for wrong in ["", "tillev_", &reset, &unknown, &reset.replace("tillpr_", "tillev_")] {
        scene.verify(wrong).await.problem(401, "token_invalid");
    }
    let unknown = format!("tillpr_{}", "A".repeat(43));
    for wrong in ["", &verification, &unknown, &verification.replace("tillev_", "tillpr_")] {
        scene.choose(wrong, NEW).await.problem(401, "token_invalid");
    }
    scene.shop.test.clock.advance(Duration::HOUR);
    scene.choose(&reset, NEW).await.problem(401, "token_expired");
    scene.shop.test.clock.advance(Duration::days(7) - Duration::HOUR);
    scene.verify(&verification).await.problem(401, "token_expired");
    assert!(scene.signs_in(PASSWORD).await);
    assert_eq!(scene.verified_at().await, None);
    scene.shop.test.clock.advance(Duration::DAY);
    scene.work().await;
    scene.verify(&verification).await.problem(401, "token_invalid");
    assert_eq!(scene.shop.count("SELECT count(*) FROM account_tokens").await, 0);
}

#[tokio::test]
async fn tokens_are_kept_as_hashes_alone() {
    let scene = mailed().await;
    scene.shop.customer("ada").await;
    let reset = scene.reset_token().await;
    let verification = scene.last_token("welcome_mail", "tillev_");
    for table in [
        "SELECT string_agg(row_to_json(t)::text, ' ') FROM account_tokens t",
        "SELECT string_agg(row_to_json(t)::text, ' ') FROM outbox t",
        "SELECT string_agg(row_to_json(t)::text, ' ') FROM mail_deliveries t",
    ] {
        let rows: String =
            sqlx::query_scalar(table).fetch_one(&*scene.shop.test.services.pool).await.unwrap();
        assert!(
            [&reset, &verification].iter().all(|token| !rows.contains(token.get(7..).unwrap())),
            "{rows}"
        );
    }
}

#[tokio::test]
async fn a7_a_password_reset_is_answered_alike_and_writes_alike_whether_there_is_an_account_or_not()
{
    let scene = mailed().await;
    scene.shop.customer("ada").await;
    scene.shop.customer("eve").await;
    scene.execute("UPDATE users SET status = 'disabled' WHERE email = 'eve@example.com'").await;
    scene.work().await;
    let before = scene.sink.arrived().len();
    let mut answers = Vec::new();
    for name in ["ada", "bob", "eve"] {
        let answered = scene.forget_password(name).await;
        let mut names: Vec<_> = answered.headers.keys().map(ToString::to_string).collect();
        names.sort();
        answers.push((answered.status, answered.text, names));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    // One row each, and of each the same members: what is done for one is done for all.
    let rows: Vec<Value> =
        sqlx::query_scalar("SELECT payload FROM outbox WHERE topic = 'password_reset.requested'")
            .fetch_all(&*scene.shop.test.services.pool)
            .await
            .unwrap();
    let mut asked: Vec<_> = rows.iter().map(|row| row["email"].as_str().unwrap()).collect();
    asked.sort_unstable();
    assert_eq!(asked, ["ada@example.com", "bob@example.com", "eve@example.com"]);
    assert!(rows.iter().all(|row| row.as_object().unwrap().len() == 1));
    assert_eq!(
        scene
            .shop
            .count("SELECT count(*) FROM account_tokens WHERE purpose = 'reset_password'")
            .await,
        0
    );
    scene.work().await;
    let arrived = scene.sink.arrived();
    let mailed: Vec<_> = arrived[before..].iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!(mailed, ["ada@example.com"]);
    let nonsense = json!({ "email": "no address" });
    call(&scene.shop.router, "/v1/auth/password-reset", &nonsense)
        .await
        .problem(422, "validation_failed");
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_once_and_every_session_ends_everywhere() {
    let scene = mailed().await;
    let ada = scene.shop.customer("ada").await;
    let elsewhere = ada.at(&scene.shop.twin().await);
    let key = make(&ada, &["orders:read"]).await;
    assert_eq!(elsewhere.get("/v1/users/me").await.status, 200);
    let token = scene.reset_token().await;
    let refused = scene.choose(&token, "too short").await.problem(422, "validation_failed");
    assert_eq!(refused["errors"][0]["pointer"], "/password");
    let chosen = scene.choose(&token, NEW).await;
    assert_eq!((chosen.status.as_u16(), chosen.text.as_str()), (204, ""));
    for actor in [&ada, &elsewhere] {
        actor.get("/v1/users/me").await.problem(401, "token_invalid");
    }
    let renewal = json!({ "refreshToken": ada.refresh_token });
    call(&scene.shop.router, "/v1/auth/refresh", &renewal).await.problem(401, "token_invalid");
    assert!(!scene.signs_in(PASSWORD).await);
    assert!(scene.signs_in(NEW).await);
    assert!(scene.verified_at().await.is_some(), "who read the mail has the address");
    scene.choose(&token, "another password yet").await.problem(401, "token_invalid");
    assert!(scene.signs_in(NEW).await);
    assert_eq!(orders(&key.program).await.status, 200);
}

#[tokio::test]
async fn of_two_who_use_one_token_at_once_one_chooses_the_password() {
    let scene = mailed().await;
    scene.shop.customer("ada").await;
    let token = scene.reset_token().await;
    let (one, other) =
        tokio::join!(scene.choose(&token, NEW), scene.choose(&token, "another password yet"));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    let first_won = one.status == 204;
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 401]);
    assert_eq!(scene.signs_in(NEW).await, first_won);
}

#[tokio::test]
async fn whoever_asks_again_and_again_is_sent_a_mail_a_minute_and_the_first_use_ends_all_of_them() {
    let scene = mailed().await;
    scene.shop.customer("ada").await;
    let first = scene.reset_token().await;
    scene.shop.test.clock.advance(Duration::seconds(59));
    assert_eq!(scene.reset_token().await, first);
    assert_eq!(scene.to_ada("password_reset").len(), 1);
    scene.shop.test.clock.advance(Duration::SECOND);
    let second = scene.reset_token().await;
    assert_ne!(second, first);
    assert_eq!(scene.to_ada("password_reset").len(), 2);
    assert_eq!(scene.choose(&second, NEW).await.status, 204);
    scene.choose(&first, "another password yet").await.problem(401, "token_invalid");
}

#[tokio::test]
async fn an_account_that_was_closed_meanwhile_gets_no_password() {
    let scene = mailed().await;
    scene.shop.customer("ada").await;
    let reset = scene.reset_token().await;
    let verification = scene.last_token("welcome_mail", "tillev_");
    scene.execute("UPDATE users SET status = 'disabled'").await;
    scene.choose(&reset, NEW).await.problem(401, "token_invalid");
    scene.verify(&verification).await.problem(401, "token_invalid");
    scene.execute("UPDATE users SET status = 'active'").await;
    assert!(scene.signs_in(PASSWORD).await);
    assert_eq!(scene.choose(&reset, NEW).await.status, 204);
}

#[tokio::test]
async fn a_reset_that_was_mailed_is_over_with_a_new_password_and_with_the_disabled_account() {
    let scene = mailed().await;
    let ada = scene.shop.customer("ada").await;
    let reset = scene.reset_token().await;
    let change = json!({ "currentPassword": PASSWORD, "password": "a third password of hers" });
    assert_eq!(ada.patch("/v1/users/me", &change).await.status, 200);
    scene.choose(&reset, NEW).await.problem(401, "token_invalid");

    scene.shop.test.clock.advance(Duration::HOUR);
    let reset = scene.reset_token().await;
    let root = scene.shop.staff("admin").await;
    for status in ["disabled", "active"] {
        let path = format!("/v1/users/{}", ada.id);
        assert_eq!(root.patch(&path, &json!({ "status": status })).await.status, 200);
    }
    scene.choose(&reset, NEW).await.problem(401, "token_invalid");
}

#[tokio::test]
async fn the_token_is_mailed_again_to_whoever_asks_until_the_address_is_verified() {
    let scene = mailed().await;
    let ada = scene.shop.customer("ada").await;
    scene.work().await;
    for mails in [1, 1, 2] {
        scene.ask_for_verification(&ada).await;
        scene.work().await;
        assert_eq!(scene.to_ada("email_verification").len(), mails);
        scene.shop.test.clock.advance(Duration::seconds(30));
    }
    let first = scene.last_token("welcome_mail", "tillev_");
    let last = scene.last_token("email_verification", "tillev_");
    assert_ne!(first, last);
    assert_eq!(scene.verify(&last).await.status, 204);
    scene.shop.test.clock.advance(Duration::MINUTE);
    scene.ask_for_verification(&ada).await;
    scene.work().await;
    assert_eq!(scene.to_ada("email_verification").len(), 2);
    assert_eq!(scene.verify(&first).await.status, 204);
}
