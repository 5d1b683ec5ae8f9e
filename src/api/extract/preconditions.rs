//! `If-Match` and `If-None-Match` (RFC 9110 §13.1): what they ask, and whether it holds; knows no resource.

use std::fmt;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::api::problem::{Problem, ProblemCode};
use crate::domain::ids::Id;
use crate::domain::version::ExpectedVersion;

/// The version of a representation (RFC 9110 §8.8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityTag {
    strength: Strength,
    /// Shared, since what is shown often is copied with its tag.
    opaque: Arc<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strength {
    Strong,
    Weak,
}

impl EntityTag {
    /// A strong tag for a resource that counts its changes; another resource never has it.
    pub fn of_version(id: impl Id, version: i64) -> Self {
        Self {
            strength: Strength::Strong,
            opaque: format!("{}.{version}", id.as_uuid().simple()).into(),
        }
    }

    /// A strong tag for what has no version of its own: equal for equal bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(bytes));
        Self { strength: Strength::Strong, opaque: digest.into() }
    }

    /// The same, of a file whose SHA-256 (in hexadecimal) is known.
    pub fn of_digest(digest: &str) -> Self {
        Self { strength: Strength::Strong, opaque: digest.into() }
    }

    /// The version, where this is a strong tag of this resource.
    fn version_of(&self, id: impl Id) -> Option<i64> {
        let (_, version) = self.opaque.split_once('.')?;
        let version = version.parse().ok()?;
        (*self == Self::of_version(id, version)).then_some(version)
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.strength == Strength::Weak { "W/" } else { "" };
        write!(f, "{prefix}\"{}\"", self.opaque)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    Any,
    These(Vec<EntityTag>),
}

/// The precondition of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(Option<Tags>);

impl IfMatch {
    /// What is asked of a resource that counts its changes, by strong comparison.
    pub fn version_of(&self, id: impl Id) -> ExpectedVersion {
        match &self.0 {
            None | Some(Tags::Any) => ExpectedVersion::Any,
            Some(Tags::These(tags)) => {
                ExpectedVersion::OneOf(tags.iter().filter_map(|tag| tag.version_of(id)).collect())
            }
        }
    }
}

/// The condition of a read: the client has these versions already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfNoneMatch(Option<Tags>);

impl IfNoneMatch {
    pub fn is_sent(&self) -> bool {
        self.0.is_some()
    }

    /// By weak comparison: 304 is due.
    pub fn has(&self, current: &EntityTag) -> bool {
        match &self.0 {
            None => false,
            Some(Tags::Any) => true,
            Some(Tags::These(tags)) => tags.iter().any(|tag| tag.opaque == current.opaque),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let tags = read(&parts.headers, &header::IF_MATCH);
        tags.map(Self).ok_or_else(|| refused("If-Match"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let tags = read(&parts.headers, &header::IF_NONE_MATCH);
        tags.map(Self).ok_or_else(|| refused("If-None-Match"))
    }
}

fn refused(header: &str) -> Problem {
    Problem::new(ProblemCode::InvalidHeader)
        .detail(format!("{header} must be \"*\" or a list of quoted entity tags."))
}

/// `None` where the header breaks its grammar; several lines of it are one list.
#[expect(
    clippy::option_option,
    reason = "broken, absent, present: the first never leaves the file"
)]
fn read(headers: &HeaderMap, name: &HeaderName) -> Option<Option<Tags>> {
    let mut found = Vec::new();
    let mut lines = 0;
    for value in headers.get_all(name) {
        lines += 1;
        let text = value.to_str().ok()?.trim_matches([' ', '\t']);
        if text == "*" {
            // The star stands alone.
            return (headers.get_all(name).iter().count() == 1).then_some(Some(Tags::Any));
        }
        found.extend(list(text)?);
    }
    match (lines, found.is_empty()) {
        (0, _) => Some(None),
        (_, true) => None,
        (_, false) => Some(Some(Tags::These(found))),
    }
}

/// Entity tags between commas; a tag may hold commas itself, and empty elements are skipped (RFC 9110 §5.6.1).
fn list(text: &str) -> Option<Vec<EntityTag>> {
    let mut tags = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(tags);
        }
        let (strength, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (Strength::Weak, quoted),
            None => (Strength::Strong, rest),
        };
        let (opaque, after) = quoted.strip_prefix('"')?.split_once('"')?;
        if !opaque.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        tags.push(EntityTag { strength, opaque: opaque.into() });
        rest = after.trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use uuid::Uuid;

    use super::{EntityTag, IfMatch, IfNoneMatch, read};
    use crate::domain::ids::ProductId;

    fn sent(lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, HeaderValue::from_static(line));
        }
        headers
    }

    fn if_match(lines: &[&'static str]) -> IfMatch {
        IfMatch(read(&sent(lines), &header::IF_MATCH).unwrap())
    }

    fn product() -> ProductId {
        Uuid::from_u128(0xab).into()
    }

    #[test]
    fn a_change_needs_a_strong_match() {
        const SEVEN: &str = "\"000000000000000000000000000000ab.7\"";
        let allowed = |lines: &[&'static str]| if_match(lines).version_of(product()).includes(7);
        assert_eq!(EntityTag::of_version(product(), 7).to_string(), SEVEN);
        for lines in [&[SEVEN][..], &["*"], &[], &["\"6\" , ,\"x.1\"", SEVEN]] {
            assert!(allowed(lines), "{lines:?}");
        }
        for lines in [
            &["\"000000000000000000000000000000ab.6\""][..],
            &["W/\"000000000000000000000000000000ab.7\""],
            &["\"000000000000000000000000000000ac.7\""],
            &["\"000000000000000000000000000000ab.07\""],
            &["\"7\""],
        ] {
            assert!(!allowed(lines), "{lines:?}");
        }
    }

    #[test]
    fn a_read_is_spared_by_a_weak_match() {
        let current = EntityTag::of_bytes(b"[]");
        let has = |line: String| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, line.try_into().unwrap());
            IfNoneMatch(read(&headers, &header::IF_NONE_MATCH).unwrap()).has(&current)
        };
        assert!(has(format!("W/{current}")) && has(format!("\"a\", {current}")) && has("*".into()));
        assert!(!has(EntityTag::of_bytes(b"[1]").to_string()));
        assert!(!IfNoneMatch(None).has(&current));
    }

    #[test]
    fn broken_lists_are_refused() {
        for lines in [
            &["7"][..],
            &["\"7"],
            &["\"7\" \"8\""],
            &[""],
            &[","],
            &["*", "\"7\""],
            &["*, \"7\""],
            &["w/\"7\""],
        ] {
            assert!(read(&sent(lines), &header::IF_MATCH).is_none(), "{lines:?}");
        }
        assert!(read(&sent(&["\"7\"", "*"]), &header::IF_MATCH).is_none());
    }
}
