//! The members of a client that are lists, read alike where it is registered and where it is changed.

use crate::api::extract::Fields;
use crate::domain::Violation;
use crate::domain::access::ScopeSet;
use crate::domain::oauth::client::scope_of_client;
use crate::domain::oauth::{GrantType, RedirectUri};

const MOST_URIS: usize = 10;

pub(super) fn redirect_uris(fields: &mut Fields, texts: Vec<String>) -> Option<Vec<RedirectUri>> {
    if texts.len() > MOST_URIS {
        let detail = "must have at most 10 members";
        fields.fail("/redirectUris", Violation::new("too_many_items", detail));
        return None;
    }
    fields.each("/redirectUris", texts, |fields, at, text| {
        fields.parse(at, text, |text: String| RedirectUri::parse(&text))
    })
}

/// Each once, in the order of [`GrantType::ALL`].
pub(super) fn grants(fields: &mut Fields, names: Vec<String>) -> Option<Vec<GrantType>> {
    bounded(fields, "/grants", names.len(), GrantType::ALL.len())?;
    let mut grants: Vec<GrantType> = fields.each("/grants", names, |fields, at, name| {
        fields.parse(at, name, |name: String| name.parse())
    })?;
    grants.sort_unstable();
    grants.dedup();
    Some(grants)
}

pub(super) fn scopes(fields: &mut Fields, names: Vec<String>) -> Option<ScopeSet> {
    bounded(fields, "/scopes", names.len(), 32)?;
    let scopes = fields.each("/scopes", names, |fields, at, name| {
        fields.parse(at, name, |name: String| scope_of_client(&name))
    })?;
    Some(scopes.into_iter().collect())
}

fn bounded(fields: &mut Fields, at: &'static str, count: usize, most: usize) -> Option<()> {
    let fault = match count {
        0 => Violation::new("too_short", "must have at least one member"),
        count if count > most => {
            Violation::new("too_many_items", format!("must have at most {most} members"))
        }
        _ => return Some(()),
    };
    fields.fail(at, fault);
    None
}
