//! Sends a browser on: to the application with an answer, or to one of our own pages; judges no address.

use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::page_error::PageError;
use crate::service::oauth::authorize::{Back, Refusal};
use crate::service::oauth::codes::Code;

/// What may stand in a query as it is (RFC 3986 §2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How the browser came: a form is not sent on to where it goes next (RFC 9110 §15.4.4).
#[derive(Debug, Clone, Copy)]
pub(super) enum After {
    Get,
    Post,
}

impl After {
    fn status(self) -> StatusCode {
        match self {
            Self::Get => StatusCode::FOUND,
            Self::Post => StatusCode::SEE_OTHER,
        }
    }
}

/// To the application, with a code (RFC 6749 §4.1.2) and who it is from (RFC 9207).
pub(super) fn with_code(
    after: After,
    back: &Back,
    code: &Code,
    issuer: &str,
) -> Result<Response, PageError> {
    to(after, &answer(back, &[("code", code.expose())], issuer))
}

/// To the application, with what is wrong.
pub(super) fn with_refusal(
    after: After,
    back: &Back,
    refusal: Refusal,
    issuer: &str,
) -> Result<Response, PageError> {
    let said = [("error", refusal.reason.as_str()), ("error_description", refusal.description)];
    to(after, &answer(back, &said, issuer))
}

/// To the page that asks; `query` is one that came to us as a query, or a part of it.
pub(super) fn to_authorization(query: &str) -> Result<Response, PageError> {
    to(After::Post, &format!("/oauth/authorize?{query}"))
}

fn answer(back: &Back, said: &[(&str, &str)], issuer: &str) -> String {
    let state = back.state.as_deref().map(|state| ("state", state));
    let all = said.iter().copied().chain(state).chain([("iss", issuer)]);
    let query = all.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, ENCODED)));
    // What the application had in its address stays there (RFC 6749 §3.1.2).
    let joint = match back.redirect_uri.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{}{joint}{}", back.redirect_uri, query.collect::<Vec<_>>().join("&"))
}

fn to(after: After, address: &str) -> Result<Response, PageError> {
    let mut address = HeaderValue::from_str(address).map_err(PageError::Unsendable)?;
    address.set_sensitive(true);
    let mut response = after.status().into_response();
    response.headers_mut().insert(LOCATION, address);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::answer;
    use crate::service::oauth::authorize::Back;

    fn back(redirect_uri: &str, state: Option<&str>) -> Back {
        Back {
            redirect_uri: redirect_uri.to_owned(),
            redirect_uri_given: true,
            state: state.map(str::to_owned),
        }
    }

    #[test]
    fn an_answer_is_put_behind_whatever_the_address_has_already() {
        for (address, joint) in [
            ("https://app.example/back", "?"),
            ("https://app.example", "?"),
            ("https://app.example/back?", ""),
            ("https://app.example/back?to=1", "&"),
            ("com.example.app:/back", "?"),
        ] {
            let sent = answer(&back(address, None), &[("code", "c")], "https://till.test");
            assert_eq!(sent, format!("{address}{joint}code=c&iss=https%3A%2F%2Ftill.test"));
        }
    }

    #[test]
    fn a_state_comes_back_as_it_was_and_is_nothing_but_a_value() {
        let state = "a&code=evil#\r\nSet-Cookie: x=y\u{e9}+%41";
        let sent = answer(&back("https://app.example/", Some(state)), &[], "i");
        let url = url::Url::parse(&sent).unwrap();
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        assert_eq!(
            pairs,
            [("state", state), ("iss", "i")].map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
        assert_eq!(url.fragment(), None);
    }
}
