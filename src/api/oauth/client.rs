//! What a client shows of itself (RFC 6749 §2.3): in the header, in the form, or nothing but its name; judges no secret.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;

use super::form::Form;
use super::refusal::Refusal;
use crate::api::extract::{AccountLimit, parse_id};
use crate::domain::oauth::Client;
use crate::service::Services;
use crate::service::oauth::{OauthError, ShownClient, authenticate};

/// The client that asks.
///
/// # Errors
/// It shows itself in two ways, in none, or is not the one; or too many wrong secrets of its came from this network.
pub async fn asking(
    services: &Services,
    attempts: &AccountLimit,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Client, Refusal> {
    let shown = shown(headers, form)?;
    // Without a secret there is nothing to guess.
    let tried = shown.id.filter(|_| shown.secret.is_some());
    if let Some(id) = tried {
        attempts.hear_client(id).await?;
    }
    let authenticated = authenticate(services, &shown).await;
    if let (Some(id), Err(OauthError::InvalidClient)) = (tried, &authenticated) {
        attempts.client_failed(id).await;
    }
    Ok(authenticated?)
}

fn shown(headers: &HeaderMap, form: &Form) -> Result<ShownClient, Refusal> {
    let (named, secret) = (form.find("client_id")?, form.find("client_secret")?);
    let Some((id, basic)) = basic(headers)? else {
        let id = named.ok_or(OauthError::InvalidClient)?;
        return Ok(of(id, secret.map(|secret| secret.to_owned().into())));
    };
    if secret.is_some() {
        return Err(Refusal::InvalidRequest("Show the client's secret in one place."));
    }
    if named.is_some_and(|named| named != id) {
        return Err(Refusal::InvalidRequest("The header names another client than the form."));
    }
    Ok(of(&id, Some(basic).filter(|secret| !secret.is_empty()).map(SecretString::from)))
}

fn of(id: &str, secret: Option<SecretString>) -> ShownClient {
    ShownClient { id: parse_id(id).ok(), secret }
}

/// Name and secret of `Authorization: Basic …`, each encoded like a form's parts (RFC 6749 §2.3.1).
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refusal::InvalidRequest("Show the client's secret in one place."));
    }
    let pair = value.to_str().ok().and_then(|value| value.split_once(' '));
    let encoded = pair.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    let decoded = encoded.and_then(|(_, text)| STANDARD.decode(text.trim()).ok());
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let parts = text.as_deref().and_then(|text| text.split_once(':'));
    let parts = parts.and_then(|(id, secret)| Some((form_decoded(id)?, form_decoded(secret)?)));
    parts.map(Some).ok_or_else(|| OauthError::InvalidClient.into())
}

fn form_decoded(part: &str) -> Option<String> {
    let spaced = part.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use axum::http::header::AUTHORIZATION;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::basic;

    fn sent(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn name_and_secret_are_decoded_like_the_parts_of_a_form() {
        let header = format!("basic {}", STANDARD.encode("an%20id:a+secret%3A%2B:more"));
        let (id, secret) = basic(&sent(&[&header])).unwrap().unwrap();
        assert_eq!((id.as_str(), secret.as_str()), ("an id", "a secret:+:more"));
        assert!(basic(&sent(&[])).unwrap().is_none());
    }

    #[test]
    fn what_is_no_pair_is_nobody_and_two_headers_are_none() {
        let alone = format!("Basic {}", STANDARD.encode("id"));
        let broken = format!("Basic {}", STANDARD.encode([0xff, b':', 0xfe]));
        for header in ["Basic", "Basic !", "Bearer abc", &alone, &broken] {
            assert!(basic(&sent(&[header])).is_err(), "{header}");
        }
        let good = format!("Basic {}", STANDARD.encode("id:secret"));
        assert!(basic(&sent(&[&good, &good])).is_err());
    }
}
