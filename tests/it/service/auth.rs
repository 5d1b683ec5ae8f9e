//! Signing in, staying signed in, and all the ways in which a token is no good.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use till::domain::access::{Principal, Role, Scope};
use till::domain::audit::Origin;
use till::domain::ids::Id;
use till::domain::user::Email;
use till::domain::version::ExpectedVersion;
use till::service::Services;
use till::service::auth::error::{SessionError, TokenError};
use till::service::auth::keys::{self, LEAD};
use till::service::auth::passwords::PasswordAttempt;
use till::service::auth::refresh::refresh;
use till::service::auth::refresh_token::RefreshToken;
use till::service::auth::revoke::revoke;
use till::service::auth::sign_in::{SignIn, sign_in};
use till::service::auth::tokens::{TokenPair, admit, identify};
use till::service::users::update::{UpdateUser, update};
use till::service::users::update_me::update_me;
use time::Duration;

use super::users::{password_change, registered};
use crate::support::factories::granted;
use crate::support::{TestServices, author, services};

pub(super) const PASSWORD: &str = "a long enough secret";

pub(super) async fn sign_in_as(
    services: &Services,
    email: &str,
    password: &str,
) -> Result<TokenPair, SessionError> {
    let password = PasswordAttempt::new(password);
    sign_in(services, &Origin::default(), SignIn { email: Email::parse(email).ok(), password })
        .await
}

pub(super) async fn principal(
    services: &Services,
    pair: &TokenPair,
) -> Result<Principal, TokenError> {
    verify(services, pair.access_token.expose_secret()).await
}

async fn verify(services: &Services, token: &str) -> Result<Principal, TokenError> {
    admit(services, &identify(services, token).await?).await
}

fn refresh_token(pair: &TokenPair) -> RefreshToken {
    RefreshToken::parse(pair.refresh_token.expose_secret()).unwrap()
}

/// Ada, a customer, just signed in.
async fn ada() -> (TestServices, TokenPair) {
    let test = services().await;
    registered(&test, "ada@example.com", Role::Customer).await;
    let pair = sign_in_as(&test.services, "ada@example.com", PASSWORD).await.unwrap();
    (test, pair)
}

fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// Header and claims as given, under the signature of another token.
fn reassembled(header: &Value, claims: &Value, signature: &str) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", encode(header), encode(claims))
}

async fn resigned(services: &Services, typ: &str, claims: &Value) -> String {
    let key = keys::current(services).await.unwrap();
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(typ.to_owned());
    header.kid = Some(key.kid.clone());
    encode(&header, claims, &key.encoding).unwrap()
}

/// The same names, on what another key signs.
fn of_another_key(header: &Value) -> Header {
    let mut other = Header::new(Algorithm::EdDSA);
    other.typ = Some("at+jwt".to_owned());
    other.kid = Some(header["kid"].as_str().unwrap().to_owned());
    other
}

/// Ed25519 in PKCS#8 (RFC 8410), of a seed that anybody may choose.
fn another_key() -> EncodingKey {
    let front = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    EncodingKey::from_ed_der(&[front.as_slice(), &[9; 32]].concat())
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut changed = claims.clone();
    changed[name] = value;
    changed
}

#[tokio::test]
async fn a_token_speaks_for_who_signed_in_with_the_scopes_of_the_role() {
    let (test, pair) = ada().await;
    let caller = principal(&test.services, &pair).await.unwrap();
    assert_eq!((caller.role, caller.scopes), (Role::Customer, Role::Customer.scopes()));
    assert!(!caller.scopes.contains(Scope::UsersAdmin));
    let claims = part(pair.access_token.expose_secret(), 1);
    assert_eq!(claims["sub"], caller.user_id.to_string());
    assert_eq!(part(pair.access_token.expose_secret(), 0)["typ"], "at+jwt");
}

#[tokio::test]
async fn a7_a_wrong_password_and_an_unknown_address_fail_alike() {
    let (test, _) = ada().await;
    for (email, password) in [
        ("ada@example.com", "not the password"),
        ("nobody@example.com", PASSWORD),
        ("not an address", PASSWORD),
        ("ada@example.com", &"x".repeat(1_000_000)),
    ] {
        let error = sign_in_as(&test.services, email, password).await.unwrap_err();
        assert!(matches!(error, SessionError::InvalidCredentials), "{email}: {error:?}");
    }
}

#[tokio::test]
async fn a1_forged_tokens_are_refused() {
    let (test, pair) = ada().await;
    let token = pair.access_token.expose_secret();
    let (header, claims) = (part(token, 0), part(token, 1));
    let signature = token.rsplit('.').next().unwrap();
    let jwks = keys::published(&test.services).await.unwrap();
    let mut by_public_key = Header::new(Algorithm::HS256);
    by_public_key.typ = Some("at+jwt".to_owned());
    by_public_key.kid = Some(jwks.keys[0].kid.clone());
    let public = URL_SAFE_NO_PAD.decode(&jwks.keys[0].x).unwrap();
    let zeros = URL_SAFE_NO_PAD.encode([0; 64]);
    let forged = [
        reassembled(&with(&header, "alg", json!("none")), &claims, ""),
        reassembled(&with(&header, "alg", json!("None")), &claims, ""),
        reassembled(&header, &claims, ""),
        reassembled(&header, &claims, &zeros),
        reassembled(&with(&header, "alg", json!("ES256")), &claims, &zeros),
        reassembled(&header, &with(&claims, "scope", json!("users:admin")), signature),
        reassembled(&with(&header, "kid", json!("../../etc/passwd")), &claims, signature),
        reassembled(&with(&header, "kid", json!("' OR 1=1 --")), &claims, signature),
        reassembled(&with(&header, "jku", json!("https://evil.test/jwks")), &claims, signature),
        encode(&by_public_key, &claims, &EncodingKey::from_secret(&public)).unwrap(),
        // A key of one's own, by our key's name, or bringing itself along.
        encode(&of_another_key(&header), &claims, &another_key()).unwrap(),
        reassembled(&with(&header, "jwk", json!(jwks.keys[0])), &claims, signature),
        reassembled(&with(&header, "x5u", json!("https://evil.test/x5")), &claims, signature),
        pair.refresh_token.expose_secret().to_owned(),
        format!("{token}{}", "A".repeat(5000)),
        String::new(),
    ];
    for token in forged {
        let error = verify(&test.services, &token).await.unwrap_err();
        assert!(matches!(error, TokenError::Invalid(_)), "{token}: {error:?}");
    }
    principal(&test.services, &pair).await.unwrap();
}

#[tokio::test]
async fn a2_our_own_signature_does_not_make_up_for_wrong_claims() {
    let (test, pair) = ada().await;
    let claims = part(pair.access_token.expose_secret(), 1);
    let now = test.services.ambient.now().unix_timestamp();
    let wrong = [
        with(&claims, "iss", json!("https://evil.test")),
        with(&claims, "aud", json!("https://another.test")),
        with(&claims, "aud", Value::Null),
        with(&claims, "nbf", json!(now + 60)),
        with(&claims, "iat", json!(now + 60)),
        with(&claims, "exp", json!(now + 86_400)),
    ];
    for claims in wrong {
        let token = resigned(&test.services, "at+jwt", &claims).await;
        let error = verify(&test.services, &token).await.unwrap_err();
        assert!(matches!(error, TokenError::Invalid(_)), "{claims}: {error:?}");
    }
    let other_kind = resigned(&test.services, "JWT", &claims).await;
    assert!(matches!(verify(&test.services, &other_kind).await, Err(TokenError::Invalid(_))));
    let same = resigned(&test.services, "at+jwt", &claims).await;
    verify(&test.services, &same).await.unwrap();
}

#[tokio::test]
async fn a2_a_token_expires_by_the_injected_clock() {
    let (test, pair) = ada().await;
    test.clock.advance(pair.expires_in);
    principal(&test.services, &pair).await.unwrap();
    test.clock.advance(Duration::seconds(5));
    let error = principal(&test.services, &pair).await.unwrap_err();
    assert!(matches!(error, TokenError::Expired), "{error:?}");
}

#[tokio::test]
async fn a4_a_refresh_token_used_twice_ends_the_whole_session() {
    let (test, first) = ada().await;
    let second = refresh(&test.services, &Origin::default(), &refresh_token(&first)).await.unwrap();
    principal(&test.services, &second).await.unwrap();
    let replayed =
        refresh(&test.services, &Origin::default(), &refresh_token(&first)).await.unwrap_err();
    assert!(matches!(replayed, SessionError::InvalidRefreshToken), "{replayed:?}");
    let newest =
        refresh(&test.services, &Origin::default(), &refresh_token(&second)).await.unwrap_err();
    assert!(matches!(newest, SessionError::InvalidRefreshToken), "{newest:?}");
    for pair in [&first, &second] {
        let error = principal(&test.services, pair).await.unwrap_err();
        assert!(matches!(error, TokenError::Revoked), "{error:?}");
    }
}

#[tokio::test]
async fn a4_of_two_uses_of_one_refresh_token_at_once_at_most_one_is_served() {
    let (test, pair) = ada().await;
    let token = refresh_token(&pair);
    let origin = Origin::default();
    let (one, other) = tokio::join!(
        refresh(&test.services, &origin, &token),
        refresh(&test.services, &origin, &token)
    );
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1);
    assert!(principal(&test.services, &pair).await.is_err());
}

#[tokio::test]
async fn a3_signing_out_refuses_both_tokens_at_once() {
    let (test, pair) = ada().await;
    let other = sign_in_as(&test.services, "ada@example.com", PASSWORD).await.unwrap();
    revoke(&test.services, &Origin::default(), &refresh_token(&pair)).await.unwrap();
    assert!(matches!(principal(&test.services, &pair).await, Err(TokenError::Revoked)));
    assert!(refresh(&test.services, &Origin::default(), &refresh_token(&pair)).await.is_err());
    principal(&test.services, &other).await.unwrap();
}

#[tokio::test]
async fn a3_a_new_password_refuses_all_older_tokens() {
    let (test, pair) = ada().await;
    let caller = principal(&test.services, &pair).await.unwrap();
    let change = password_change(PASSWORD, "a better one 4711");
    update_me(&test.services, author(), caller.user_id, change).await.unwrap();
    assert!(matches!(principal(&test.services, &pair).await, Err(TokenError::Revoked)));
    assert!(refresh(&test.services, &Origin::default(), &refresh_token(&pair)).await.is_err());
    assert!(sign_in_as(&test.services, "ada@example.com", PASSWORD).await.is_err());
    sign_in_as(&test.services, "ada@example.com", "a better one 4711").await.unwrap();
}

#[tokio::test]
async fn a3_demotion_refuses_older_tokens_and_refreshing_gives_no_more_than_the_role() {
    let test = services().await;
    let root = registered(&test, "root@example.com", Role::Admin).await;
    let _other = registered(&test, "other@example.com", Role::Admin).await;
    let pair = sign_in_as(&test.services, "root@example.com", PASSWORD).await.unwrap();
    let demote = UpdateUser {
        id: root.id,
        role: Some(Role::Customer),
        standing: None,
        expected_version: ExpectedVersion::Any,
    };
    update(&test.services, author(), granted(Role::Admin), &demote).await.unwrap();
    assert!(matches!(principal(&test.services, &pair).await, Err(TokenError::Revoked)));
    let renewed = refresh(&test.services, &Origin::default(), &refresh_token(&pair)).await.unwrap();
    let caller = principal(&test.services, &renewed).await.unwrap();
    assert_eq!(caller.scopes, Role::Customer.scopes());
}

#[tokio::test]
async fn a_session_ends_however_often_it_is_refreshed() {
    let (test, pair) = ada().await;
    test.clock.advance(Duration::days(30));
    let error =
        refresh(&test.services, &Origin::default(), &refresh_token(&pair)).await.unwrap_err();
    assert!(matches!(error, SessionError::InvalidRefreshToken), "{error:?}");
}

#[tokio::test]
async fn rotating_the_key_interrupts_nobody() {
    let (test, _) = ada().await;
    let old = keys::current(&test.services).await.unwrap().kid.clone();
    let new = keys::rotate(&test.services, author()).await.unwrap().kid;
    test.clock.advance(LEAD - Duration::seconds(1));
    let last = sign_in_as(&test.services, "ada@example.com", PASSWORD).await.unwrap();
    assert_eq!(part(last.access_token.expose_secret(), 0)["kid"], old);
    assert_eq!(keys::published(&test.services).await.unwrap().keys.len(), 2);
    test.clock.advance(Duration::seconds(1));
    let next = sign_in_as(&test.services, "ada@example.com", PASSWORD).await.unwrap();
    assert_eq!(part(next.access_token.expose_secret(), 0)["kid"], new);
    for pair in [&last, &next] {
        principal(&test.services, pair).await.unwrap();
    }
    test.clock.advance(Duration::minutes(21));
    let left = keys::published(&test.services).await.unwrap().keys;
    assert_eq!(left.iter().map(|key| &key.kid).collect::<Vec<_>>(), [&new]);
}

#[tokio::test]
async fn a_key_that_another_process_made_is_known_before_it_signs() {
    let (test, _) = ada().await;
    let twin = Services { auth: services::auth(), ..test.services.clone() };
    keys::published(&twin).await.unwrap();
    let new = keys::rotate(&test.services, author()).await.unwrap().kid;
    test.clock.advance(LEAD);
    for (signer, judge) in [(&test.services, &twin), (&twin, &test.services)] {
        let pair = sign_in_as(signer, "ada@example.com", PASSWORD).await.unwrap();
        assert_eq!(part(pair.access_token.expose_secret(), 0)["kid"], new);
        principal(judge, &pair).await.unwrap();
    }
}

#[tokio::test]
async fn processes_that_start_together_make_one_key_and_keep_it_encrypted() {
    let test = services().await;
    let twin = Services { auth: services::auth(), ..test.services.clone() };
    let (one, other) = tokio::join!(keys::current(&test.services), keys::current(&twin));
    assert_eq!(one.unwrap().kid, other.unwrap().kid);
    let sealed: Vec<Vec<u8>> = sqlx::query_scalar("SELECT private_key_encrypted FROM signing_keys")
        .fetch_all(&*test.services.pool)
        .await
        .unwrap();
    assert_eq!(sealed.iter().map(Vec::len).collect::<Vec<_>>(), [12 + 32 + 16]);
}

#[tokio::test]
async fn a_token_that_was_good_is_refused_once_its_key_is_gone_and_never_vouches_for_another_one() {
    let (test, pair) = ada().await;
    let token = pair.access_token.expose_secret();
    for _ in 0..2 {
        verify(&test.services, token).await.unwrap();
    }
    let mut other = token.to_owned();
    let last = if other.pop() == Some('A') { 'B' } else { 'A' };
    other.push(last);
    assert!(matches!(verify(&test.services, &other).await, Err(TokenError::Invalid(_))));
    sqlx::query("UPDATE signing_keys SET retired_at = $1")
        .bind(test.services.ambient.now())
        .execute(&*test.services.pool)
        .await
        .unwrap();
    test.clock.advance(Duration::minutes(1));
    assert!(matches!(verify(&test.services, token).await, Err(TokenError::Invalid(_))));
}

/// Its signature is not looked at again, all else is.
#[tokio::test]
async fn a_token_that_was_good_expires_like_any_other() {
    let (test, pair) = ada().await;
    for _ in 0..2 {
        principal(&test.services, &pair).await.unwrap();
    }
    test.clock.advance(Duration::minutes(10) + Duration::seconds(6));
    let error = principal(&test.services, &pair).await.unwrap_err();
    assert!(matches!(error, TokenError::Expired), "{error:?}");
}

#[tokio::test]
async fn a_token_that_was_good_is_refused_after_a_sign_out_and_in_a_new_epoch() {
    let (test, left) = ada().await;
    let outdated = sign_in_as(&test.services, "ada@example.com", PASSWORD).await.unwrap();
    for pair in [&left, &outdated, &left, &outdated] {
        principal(&test.services, pair).await.unwrap();
    }
    revoke(&test.services, &Origin::default(), &refresh_token(&left)).await.unwrap();
    assert!(matches!(principal(&test.services, &left).await, Err(TokenError::Revoked)));
    let ada = principal(&test.services, &outdated).await.unwrap().user_id;
    // The session stays; only the epoch tells.
    sqlx::query("UPDATE users SET access_epoch = access_epoch + 1 WHERE id = $1")
        .bind(ada.as_uuid())
        .execute(&*test.services.pool)
        .await
        .unwrap();
    assert!(matches!(principal(&test.services, &outdated).await, Err(TokenError::Revoked)));
}

#[tokio::test]
async fn sessions_that_are_looked_up_together_are_each_their_own() {
    let (test, adas) = ada().await;
    registered(&test, "eve@example.com", Role::Support).await;
    let eves = sign_in_as(&test.services, "eve@example.com", PASSWORD).await.unwrap();
    let gone = sign_in_as(&test.services, "eve@example.com", PASSWORD).await.unwrap();
    revoke(&test.services, &Origin::default(), &refresh_token(&gone)).await.unwrap();
    let asked = [&adas, &eves, &gone, &adas, &eves, &gone];
    let found = join_all(asked.map(|pair| principal(&test.services, pair))).await;
    for (number, found) in found.into_iter().enumerate() {
        match number % 3 {
            0 => assert_eq!(found.unwrap().role, Role::Customer),
            1 => assert_eq!(found.unwrap().role, Role::Support),
            _ => assert!(matches!(found, Err(TokenError::Revoked))),
        }
    }
}
