//! The header `Idempotency-Key` and the fingerprint of the request it stands for; stores and replays nothing.

use axum::extract::{FromRequestParts, Path};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use sha2::{Digest, Sha256};

use crate::api::problem::{Problem, ProblemCode};
use crate::domain::idempotency::{Fingerprint, IdempotencyKey};

const HEADER: &str = "idempotency-key";

/// The key of an operation that asks for one.
#[derive(Debug, Clone)]
pub struct RequiredKey(pub IdempotencyKey);

/// The key of an operation that takes one.
#[derive(Debug, Clone)]
pub struct OptionalKey(pub Option<IdempotencyKey>);

/// The key in a path such as `/v1/idempotency-keys/{key}`. Anything but a key is 404: there is nothing there.
#[derive(Debug, Clone)]
pub struct PathKey(pub IdempotencyKey);

impl<S: Send + Sync> FromRequestParts<S> for PathKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await.ok();
        path.and_then(|Path(text)| parse(&text))
            .map(Self)
            .ok_or_else(|| Problem::new(ProblemCode::NotFound))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequiredKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read(&parts.headers)?.map(Self).ok_or_else(|| {
            Problem::new(ProblemCode::IdempotencyKeyMissing)
                .detail("Send an Idempotency-Key of 1 to 255 visible ASCII characters.")
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OptionalKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read(&parts.headers).map(Self)
    }
}

fn read(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let refused = |detail| Problem::new(ProblemCode::IdempotencyKeyInvalid).detail(detail);
    if values.next().is_some() {
        return Err(refused("Idempotency-Key must be sent once."));
    }
    let key = value.to_str().ok().and_then(parse);
    key.map(Some)
        .ok_or_else(|| refused("Idempotency-Key must be 1 to 255 visible ASCII characters."))
}

/// Quoted and bare form are one key.
fn parse(text: &str) -> Option<IdempotencyKey> {
    IdempotencyKey::parse(&unquote(text)?).ok()
}

/// An sf-string (RFC 9651 §3.3.3) without its quotes and escapes, or the bare text. `None` for half a string.
fn unquote(text: &str) -> Option<String> {
    if !text.starts_with('"') && !text.ends_with('"') {
        return Some(text.to_owned());
    }
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut key = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(character) = rest.next() {
        key.push(match character {
            '"' => return None,
            '\\' => rest.next().filter(|escaped| matches!(escaped, '"' | '\\'))?,
            other => other,
        });
    }
    Some(key)
}

/// What tells a repeated request from another one: method, path and the body as canonical JSON (empty without one).
pub fn fingerprint(method: &str, path: &str, canonical: &[u8]) -> Fingerprint {
    let mut hash = Sha256::new();
    // Neither a method nor a path can hold a line feed.
    hash.update(method);
    hash.update(b"\n");
    hash.update(path);
    hash.update(b"\n");
    hash.update(canonical);
    Fingerprint(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{HEADER, fingerprint, read};

    fn sent(values: &[&[u8]]) -> Result<Option<String>, &'static str> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_bytes(value).unwrap());
        }
        read(&headers)
            .map(|key| key.map(|key| key.as_str().to_owned()))
            .map_err(|problem| problem.code().as_str())
    }

    #[test]
    fn the_quoted_and_the_bare_form_are_one_key() {
        assert_eq!(sent(&[b"8e03978e-40d5"]), Ok(Some("8e03978e-40d5".to_owned())));
        assert_eq!(sent(&[b"\"8e03978e-40d5\""]), Ok(Some("8e03978e-40d5".to_owned())));
        assert_eq!(sent(&[br#""a\"b\\c""#]), Ok(Some(r#"a"b\c"#.to_owned())));
        assert_eq!(sent(&[]), Ok(None));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let longest = "k".repeat(255);
        assert_eq!(sent(&[longest.as_bytes()]), Ok(Some(longest.clone())));
        let too_long = "k".repeat(256);
        let cases: [&[u8]; 11] = [
            b"",
            b"\"\"",
            too_long.as_bytes(),
            b"a b",
            b"a\tb",
            "schl\u{fc}ssel".as_bytes(),
            b"\"",
            b"\"open",
            b"close\"",
            b"\"a\"b\"",
            br#""a\b""#,
        ];
        for value in cases {
            assert_eq!(sent(&[value]), Err("idempotency_key_invalid"), "{value:?}");
        }
        assert_eq!(sent(&[b"a", b"a"]), Err("idempotency_key_invalid"));
    }

    #[test]
    fn a_fingerprint_changes_with_method_path_and_body() {
        let one = fingerprint("POST", "/v1/orders", b"{}");
        assert_eq!(one, fingerprint("POST", "/v1/orders", b"{}"));
        assert_ne!(one, fingerprint("PUT", "/v1/orders", b"{}"));
        assert_ne!(one, fingerprint("POST", "/v1/payments", b"{}"));
        assert_ne!(one, fingerprint("POST", "/v1/orders", b"{\"a\":1}"));
    }
}
