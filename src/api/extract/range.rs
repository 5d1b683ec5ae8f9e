//! `Range` and `If-Range` (RFC 9110 §13.1.5, §14.2): which part of a file is asked for; knows no file.

use std::ops::Range;

use axum::extract::FromRequestParts;
use axum::http::header::{IF_RANGE, RANGE};
use axum::http::request::Parts;

use super::preconditions::EntityTag;
use crate::api::problem::Problem;

/// One range of bytes, and what it is to be a part of. What breaks the grammar, other units and several ranges at once
/// are passed over, as they may be: the answer is the whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedRange {
    range: Option<Bytes>,
    if_range: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bytes {
    From(u64),
    Between(u64, u64),
    Last(u64),
}

/// The part of a file that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Whole,
    Some(Range<u64>),
    /// Nothing of what was asked for is there: 416.
    None,
}

impl AskedRange {
    /// Of a file of this length and tag.
    pub fn of(&self, length: u64, tag: &EntityTag) -> Part {
        let same = self.if_range.as_ref().is_none_or(|asked| *asked == tag.to_string());
        let Some(range) = self.range.filter(|_| same) else { return Part::Whole };
        let part = match range {
            Bytes::From(first) => first..length,
            Bytes::Between(first, last) => first..last.saturating_add(1).min(length),
            Bytes::Last(count) => length.saturating_sub(count)..length,
        };
        if part.is_empty() { Part::None } else { Part::Some(part) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AskedRange {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let if_range = text(IF_RANGE).map(|tag| tag.trim().to_owned());
        Ok(Self { range: text(RANGE).and_then(parse), if_range })
    }
}

fn parse(text: &str) -> Option<Bytes> {
    let (unit, range) = text.trim().split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    match (first, last) {
        ("", last) => number(last).map(Bytes::Last),
        (first, "") => number(first).map(Bytes::From),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Bytes::Between(first, last))
        }
    }
}

/// Plain digits: a sign is no part of a number here.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::{AskedRange, Part, parse};
    use crate::api::extract::EntityTag;

    fn part(range: &str, if_range: Option<&str>, length: u64) -> Part {
        let if_range = if_range.map(str::to_owned);
        AskedRange { range: parse(range), if_range }.of(length, &EntityTag::of_digest("abc"))
    }

    #[test]
    fn a_range_is_the_part_of_the_file_that_is_there() {
        let cases = [
            ("bytes=0-0", Part::Some(0..1)),
            ("bytes=2-5", Part::Some(2..6)),
            ("Bytes=8-99", Part::Some(8..10)),
            ("bytes=9-", Part::Some(9..10)),
            ("bytes=-3", Part::Some(7..10)),
            ("bytes=-99", Part::Some(0..10)),
            ("bytes=10-", Part::None),
            ("bytes=-0", Part::None),
            ("bytes=5-2", Part::Whole),
            ("bytes=0-1,4-5", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("bytes=", Part::Whole),
            ("lines=1-2", Part::Whole),
            ("bytes=99999999999999999999-", Part::Whole),
        ];
        for (range, expected) in cases {
            assert_eq!(part(range, None, 10), expected, "{range}");
        }
        assert_eq!(part("bytes=0-5", None, 0), Part::None);
    }

    #[test]
    fn a_part_of_another_file_is_the_whole_of_this_one() {
        assert_eq!(part("bytes=1-2", Some("\"abc\""), 10), Part::Some(1..3));
        assert_eq!(part("bytes=1-2", Some("\"other\""), 10), Part::Whole);
        assert_eq!(part("bytes=1-2", Some("W/\"abc\""), 10), Part::Whole);
    }
}
