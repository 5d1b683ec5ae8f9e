//! A form of one of the pages, read and believed: sent by this browser, from a page of ours, for the request it was shown for.

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, ORIGIN};

use super::cookie;
use super::page_error::PageError;
use super::parameters::Parameters;
use crate::service::Services;
use crate::service::oauth::authorize::{Asked, BrowserToken, FormFault, FormToken, Purpose};

const FORM: &str = "application/x-www-form-urlencoded";

/// A form and whose it is.
pub(super) struct Form {
    pub browser: BrowserToken,
    /// What it was shown for.
    pub purpose: Purpose,
    /// The query of the authorization request, as it came with it.
    pub request: String,
    pub fields: Parameters,
}

impl Form {
    /// `purposes`: what such a form may be for.
    ///
    /// # Errors
    /// [`PageError`]: nothing of the form is to be done.
    pub(super) fn read(
        services: &Services,
        purposes: &[Purpose],
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Self, PageError> {
        if !is_form(headers) {
            return Err(PageError::NoForm);
        }
        let text = std::str::from_utf8(body).map_err(|_no_text| PageError::Undecodable)?;
        let fields = Parameters::read(text).ok_or(PageError::Undecodable)?;
        let (Some(request), Some(token)) = (fields.once("request"), fields.once("form")) else {
            return Err(PageError::Forged);
        };
        let browser = cookie::read(headers).ok_or(PageError::Forged)?;
        if !is_from_here(headers, services.auth.issuer()) {
            return Err(PageError::Forged);
        }
        let mut checked = purposes.iter().map(|&purpose| {
            let shown = FormToken { purpose, browser: &browser, request };
            (purpose, shown.check(services, token))
        });
        // The first that it is not forged for.
        let ours = checked.find(|(_, checked)| *checked != Err(FormFault::Forged));
        let (purpose, checked) = ours.ok_or(PageError::Forged)?;
        checked.map_err(|fault| PageError::of_form(fault, request))?;
        Ok(Self { request: request.to_owned(), browser, purpose, fields })
    }

    pub(super) fn asked(&self) -> Result<Asked, PageError> {
        asked(&self.request)
    }
}

/// The parameters of an authorization request by its query.
pub(super) fn asked(query: &str) -> Result<Asked, PageError> {
    let parameters = Parameters::read(query).ok_or(PageError::Undecodable)?;
    Ok(Asked::of(parameters.into_pairs()))
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(FORM)
}

/// Browsers say from which origin a form was sent; what sends none is no browser of today, and is held against its token.
fn is_from_here(headers: &HeaderMap, ours: &str) -> bool {
    headers.get_all(ORIGIN).iter().all(|origin| origin.as_bytes() == ours.as_bytes())
}
