//! What a list is asked for and how its next page is named: an opaque cursor that only this service can make.

use std::fmt;

use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use time::OffsetDateTime;
use uuid::Uuid;

use super::fields::Fields;
use crate::api::problem::{Problem, ProblemCode};
use crate::domain::page::{PageRequest, PageSize, Position};

/// Part of what is sealed: a cursor of another layout never passes.
const LAYOUT: &[u8] = b"till list cursor 1";

/// Microseconds since 1970 (8 bytes, as PostgreSQL keeps time) and the id (16).
const POSITION: usize = 24;

/// HMAC-SHA256, cut to 128 bits (RFC 2104 §5).
const SEAL: usize = 16;

/// The secret that seals cursors; all instances share it.
#[derive(Clone)]
pub struct CursorKey([u8; 32]);

impl CursorKey {
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }
}

impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey(…)")
    }
}

/// What a cursor is bound to: one list with one set of filters. The caller's own id is a filter where it limits the list.
#[derive(Debug, Clone)]
pub struct ListScope(Sha256);

impl ListScope {
    pub fn of(list: &'static str) -> Self {
        Self(Sha256::new()).with("list", Some(list))
    }

    /// A filter, also where it is not set; always in the same order.
    #[must_use]
    pub fn with(mut self, filter: &'static str, value: Option<&str>) -> Self {
        for part in [Some(filter), value] {
            // Lengths keep neighbours apart: "ab" and "c" are not "a" and "bc".
            let length = part.map_or(u64::MAX, |part| u64::try_from(part.len()).unwrap_or(0));
            self.0.update(length.to_be_bytes());
            self.0.update(part.unwrap_or_default());
        }
        self
    }
}

/// `limit` and `cursor` of a query, before the cursor was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedPage {
    pub size: PageSize,
    pub cursor: Option<String>,
}

impl AskedPage {
    /// Reports `/limit` outside 1–100.
    pub fn parse(fields: &mut Fields, limit: Option<i64>, cursor: Option<String>) -> Option<Self> {
        let size = fields.optional("/limit", limit, PageSize::parse)?;
        Some(Self { size: size.unwrap_or(PageSize::DEFAULT), cursor })
    }

    /// # Errors
    /// 400 `invalid_cursor` where the cursor was changed, or made by another list or with other filters.
    pub fn open(&self, key: &CursorKey, scope: &ListScope) -> Result<PageRequest, Problem> {
        let after = match &self.cursor {
            None => None,
            Some(cursor) => Some(key.open(cursor, scope).ok_or_else(|| {
                Problem::new(ProblemCode::InvalidCursor)
                    .detail("The cursor was not made by this list with these filters.")
            })?),
        };
        Ok(PageRequest { size: self.size, after })
    }
}

impl CursorKey {
    /// The cursor of the page after `position`. `None` only for a time that PostgreSQL could not keep either.
    pub fn seal(&self, position: Position, scope: &ListScope) -> Option<String> {
        let micros = i64::try_from(position.created_at.unix_timestamp_nanos() / 1_000).ok()?;
        let mut bytes = Vec::with_capacity(POSITION + SEAL);
        bytes.extend(micros.to_be_bytes());
        bytes.extend(position.id.as_bytes());
        let seal = self.mac(&bytes, scope)?;
        bytes.extend(seal);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    fn open(&self, cursor: &str, scope: &ListScope) -> Option<Position> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (position, seal) = bytes.split_at_checked(POSITION)?;
        let expected = self.mac(position, scope)?;
        if !bool::from(expected.ct_eq(seal)) {
            return None;
        }
        let (micros, id) = position.split_first_chunk::<8>()?;
        let nanos = i128::from(i64::from_be_bytes(*micros)) * 1_000;
        let created_at = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
        Some(Position { created_at, id: Uuid::from_slice(id).ok()? })
    }

    fn mac(&self, position: &[u8], scope: &ListScope) -> Option<[u8; SEAL]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(LAYOUT);
        mac.update(&scope.0.clone().finalize());
        mac.update(position);
        mac.finalize().into_bytes().first_chunk::<SEAL>().copied()
    }
}

/// `Link: <…>; rel="next"` (RFC 8288): the same list with another `cursor`, or `page`.
pub fn next_link(
    path: &str,
    query: Option<&str>,
    (name, value): (&str, &str),
) -> Option<HeaderValue> {
    let mut target = format!("{path}?");
    for pair in query.unwrap_or_default().split('&') {
        if !pair.is_empty() && pair.split('=').next() != Some(name) {
            target.push_str(pair);
            target.push('&');
        }
    }
    HeaderValue::try_from(format!("<{target}{name}={value}>; rel=\"next\"")).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use uuid::Uuid;

    use super::{AskedPage, CursorKey, ListScope, next_link};
    use crate::domain::page::{PageSize, Position};

    fn orders(status: Option<&str>) -> ListScope {
        ListScope::of("orders").with("status", status)
    }

    fn ask(cursor: &str) -> AskedPage {
        AskedPage { size: PageSize::DEFAULT, cursor: Some(cursor.to_owned()) }
    }

    fn sealed(key: &CursorKey) -> (Position, String) {
        let position = Position {
            created_at: datetime!(2026-11-22 20:18:00.123456 UTC),
            id: Uuid::from_u128(7),
        };
        (position, key.seal(position, &orders(Some("paid"))).unwrap())
    }

    #[test]
    fn a_cursor_leads_back_to_its_position() {
        let key = CursorKey::new([1; 32]);
        let (position, cursor) = sealed(&key);
        let page = ask(&cursor).open(&key, &orders(Some("paid"))).unwrap();
        assert_eq!(page.after, Some(position));
    }

    #[test]
    fn a_cursor_of_other_filters_another_list_or_another_key_is_refused() {
        let key = CursorKey::new([1; 32]);
        let (_, cursor) = sealed(&key);
        let refused = |key: &CursorKey, scope: &ListScope| {
            ask(&cursor).open(key, scope).unwrap_err().code().as_str() == "invalid_cursor"
        };
        assert!(refused(&key, &orders(None)));
        assert!(refused(&key, &orders(Some("pending"))));
        assert!(refused(&key, &ListScope::of("payments").with("status", Some("paid"))));
        assert!(refused(&CursorKey::new([2; 32]), &orders(Some("paid"))));
    }

    #[test]
    fn a_cursor_changed_in_any_character_or_cut_is_refused() {
        let key = CursorKey::new([1; 32]);
        let (_, cursor) = sealed(&key);
        for place in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(ask(&changed).open(&key, &orders(Some("paid"))).is_err(), "{place}");
            assert!(
                ask(cursor.get(..place).unwrap()).open(&key, &orders(Some("paid"))).is_err(),
                "{place}"
            );
        }
        assert!(ask(&format!("{cursor}A")).open(&key, &orders(Some("paid"))).is_err());
    }

    #[test]
    fn the_next_link_keeps_the_filters_and_replaces_the_cursor() {
        let link = next_link("/v1/orders", Some("cursor=old&limit=2"), ("cursor", "new")).unwrap();
        assert_eq!(link, "</v1/orders?limit=2&cursor=new>; rel=\"next\"");
    }
}
