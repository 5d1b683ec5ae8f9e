//! Reads the forms that values take: durations, sizes, numbers, URLs, lists; it knows no setting and no limits of its own.

use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

/// A value in the range, or `None`.
pub(super) fn within<T: PartialOrd>(value: T, range: RangeInclusive<T>) -> Option<T> {
    range.contains(&value).then_some(value)
}

/// Anything that `FromStr` reads.
pub(super) fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// A whole number in the range.
pub(super) fn number(text: &str, range: RangeInclusive<u32>) -> Option<u32> {
    within(parsed(text)?, range)
}

/// A duration: a whole number and its unit, `ms`, `s`, `m`, `h` or `d`.
pub(super) fn duration(text: &str, range: RangeInclusive<Duration>) -> Option<Duration> {
    let (number, unit) = split_unit(text)?;
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    within(Duration::from_millis(number.checked_mul(milliseconds)?), range)
}

/// A size in bytes: a whole number and its unit, `B`, `KiB` or `MiB`.
pub(super) fn size(text: &str, range: RangeInclusive<usize>) -> Option<usize> {
    let (number, unit) = split_unit(text)?;
    let bytes: u64 = match unit {
        "B" => 1,
        "KiB" => 1_024,
        "MiB" => 1_048_576,
        _ => return None,
    };
    within(usize::try_from(number.checked_mul(bytes)?).ok()?, range)
}

fn split_unit(text: &str) -> Option<(u64, &str)> {
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(unit_at)?;
    Some((number.parse().ok()?, unit.trim_start()))
}

/// A list whose members are separated by commas; empty members are passed over.
pub(super) fn list<T>(text: &str, member: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(member).collect()
}

/// A URL of one of these schemes, unchanged but for blanks around it.
pub(super) fn url_of(text: &str, schemes: &[&str]) -> Option<String> {
    let text = text.trim();
    let url = Url::parse(text).ok()?;
    // `Url::parse` drops line breaks inside; what is kept here must not hold any.
    let plain = !text.chars().any(char::is_control);
    (plain && schemes.contains(&url.scheme())).then(|| text.to_owned())
}

/// Where an HTTP server is reached: scheme, host and port, nothing after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// `http://` or `https://`, host and port; no user, path, query or fragment.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let bare = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        bare.then(|| Self(url.origin().ascii_serialization()))
    }

    /// The plain HTTP server at this address.
    #[must_use]
    pub fn of(address: SocketAddr) -> Self {
        match address.port() {
            80 if address.is_ipv6() => Self(format!("http://[{}]", address.ip())),
            80 => Self(format!("http://{}", address.ip())),
            _ => Self(format!("http://{address}")),
        }
    }

    /// Without a slash at the end, as an issuer or origin is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of a resource; `path` begins with a slash.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether it is reached over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BaseUrl, duration, list, size};

    fn any_duration(text: &str) -> Option<Duration> {
        duration(text, Duration::ZERO..=Duration::MAX)
    }

    #[test]
    fn a_duration_needs_its_unit() {
        assert_eq!(any_duration("1500ms"), Some(Duration::from_millis(1500)));
        assert_eq!(any_duration("2 m"), Some(Duration::from_secs(120)));
        assert_eq!(any_duration("365d"), Some(Duration::from_secs(31_536_000)));
        for wrong in [
            "",
            "10",
            "s",
            "-1s",
            "1.5s",
            "10 seconds",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(any_duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_size_needs_its_unit() {
        assert_eq!(size("256KiB", 0..=usize::MAX), Some(262_144));
        assert_eq!(size("10B", 11..=usize::MAX), None);
        assert_eq!(size("256", 0..=usize::MAX), None);
        assert_eq!(size("256KB", 0..=usize::MAX), None);
    }

    #[test]
    fn a_base_url_is_an_origin_and_nothing_more() {
        assert_eq!(
            BaseUrl::parse("https://Shop.example:443/").map(|url| url.to_string()),
            Some("https://shop.example".to_owned())
        );
        for wrong in [
            "shop.example",
            "ftp://a",
            "http://u:p@a",
            "http://a/x",
            "http://a?q",
            "http://a#f",
            "*",
            "null",
        ] {
            assert_eq!(BaseUrl::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_list_with_one_wrong_member_is_wrong() {
        assert_eq!(list(" 1, 2,", |part| part.parse::<u8>().ok()), Some(vec![1, 2]));
        assert_eq!(list("1,x", |part| part.parse::<u8>().ok()), None);
    }
}
