//! The forms that applications send (RFC 6749, appendix B), read strictly; knows no endpoint.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use url::form_urlencoded;

use super::refusal::Refusal;
use crate::domain::access::{Scope, ScopeSet};

const FORM: &str = "application/x-www-form-urlencoded";

/// The parameters of a request; those that nobody asks for are ignored (RFC 6749 §3.2).
pub struct Form(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        if !is_form(request.headers()) {
            return Err(Refusal::InvalidRequest(
                "Send the parameters as application/x-www-form-urlencoded.",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|unread| {
            if unread.status() == StatusCode::PAYLOAD_TOO_LARGE {
                return Refusal::TooLarge;
            }
            Refusal::InvalidRequest("The body ended early.")
        })?;
        Ok(Self(form_urlencoded::parse(&bytes).into_owned().collect()))
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case(FORM))
        && !headers.contains_key(header::CONTENT_ENCODING)
}

impl Form {
    /// A parameter, once; without a value it counts as left out (RFC 6749 §3.2).
    ///
    /// # Errors
    /// It stands there twice.
    pub fn find(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Refusal::InvalidRequest("A parameter is sent more than once.")),
            (value, None) => Ok(value.map(String::as_str).filter(|value| !value.is_empty())),
        }
    }

    /// # Errors
    /// It stands there twice, or not at all.
    pub fn require(&self, name: &str, missing: &'static str) -> Result<&str, Refusal> {
        self.find(name)?.ok_or(Refusal::InvalidRequest(missing))
    }

    /// The scopes that are asked for, if any.
    ///
    /// # Errors
    /// It stands there twice, or names what is not known.
    pub fn scopes(&self) -> Result<Option<ScopeSet>, Refusal> {
        let Some(text) = self.find("scope")? else { return Ok(None) };
        let names = text.split(' ').filter(|name| !name.is_empty());
        let scopes = names.map(str::parse::<Scope>).collect::<Result<ScopeSet, _>>();
        scopes.map(Some).map_err(|_unknown| Refusal::InvalidScope)
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, Refusal};
    use crate::domain::access::Scope;

    fn form(pairs: &[(&str, &str)]) -> Form {
        Form(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_parameter_counts_once_and_not_without_a_value() {
        let sent = form(&[("a", "1"), ("b", ""), ("c", "1"), ("c", "1"), ("d", ""), ("d", "2")]);
        assert_eq!(sent.find("a").unwrap(), Some("1"));
        assert_eq!(sent.find("b").unwrap(), None);
        assert_eq!(sent.find("e").unwrap(), None);
        for twice in ["c", "d"] {
            assert!(matches!(sent.find(twice), Err(Refusal::InvalidRequest(_))), "{twice}");
        }
        assert!(sent.require("b", "Send b.").is_err());
    }

    #[test]
    fn scopes_are_known_by_name_or_refused() {
        let asked = form(&[("scope", "orders:read  profile:read")]).scopes().unwrap().unwrap();
        assert!(asked.contains(Scope::OrdersRead) && asked.contains(Scope::ProfileRead));
        assert!(form(&[("scope", "")]).scopes().unwrap().is_none());
        assert!(matches!(
            form(&[("scope", "orders:read openid")]).scopes(),
            Err(Refusal::InvalidScope)
        ));
    }
}
