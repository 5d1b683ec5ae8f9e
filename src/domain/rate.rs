//! A rate limit in words, `algorithm:limit/window[:burst=N]`, and in numbers; it judges no request.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Requests of one window at most.
const MOST: u32 = 1_000_000;
/// Of an algorithm that remembers each request: its memory and its time are theirs.
const MOST_REMEMBERED: u32 = 10_000;
/// The window, in milliseconds: from a second to a day.
const SHORTEST: u64 = 1_000;
const LONGEST: u64 = 86_400_000;
/// A bucket is whole within a week, so that every number is exact in Redis too.
const WEEK: u64 = 7 * LONGEST * 1_000;

/// How requests are counted; each is explained where it decides, in `resilience::rate_limit::law`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    TokenBucket,
    LeakyBucket,
    FixedWindow,
    SlidingWindow,
    SlidingWindowCounter,
}

impl Algorithm {
    pub const ALL: [Self; 5] = [
        Self::TokenBucket,
        Self::LeakyBucket,
        Self::FixedWindow,
        Self::SlidingWindow,
        Self::SlidingWindowCounter,
    ];

    /// As configuration and the API write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TokenBucket => "token_bucket",
            Self::LeakyBucket => "leaky_bucket",
            Self::FixedWindow => "fixed_window",
            Self::SlidingWindow => "sliding_window",
            Self::SlidingWindowCounter => "sliding_window_counter",
        }
    }

    const fn remembers_each(self) -> bool {
        matches!(self, Self::SlidingWindow)
    }

    const fn has_burst(self) -> bool {
        matches!(self, Self::TokenBucket | Self::LeakyBucket)
    }
}

/// A limit without a name: what is counted, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    algorithm: Algorithm,
    limit: u32,
    window_ms: u64,
    burst: u32,
}

/// The text is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not algorithm:limit/window, such as token_bucket:600/60s, with 1 to 1000000 requests in 1s to 1d \
     (sliding_window: to 10000) and, for buckets, :burst=N"
)]
pub struct ParseRateError;

impl Rate {
    /// # Errors
    /// [`ParseRateError`] where a number is out of its range, or a burst is given to what has none.
    pub fn new(
        algorithm: Algorithm,
        limit: u32,
        window: Duration,
        burst: Option<u32>,
    ) -> Result<Self, ParseRateError> {
        let window_ms = u64::try_from(window.as_millis()).or(Err(ParseRateError))?;
        let rate = Self { algorithm, limit, window_ms, burst: burst.unwrap_or(limit) };
        let most = if algorithm.remembers_each() { MOST_REMEMBERED } else { MOST };
        let fits = (1..=most).contains(&limit)
            && (SHORTEST..=LONGEST).contains(&window_ms)
            && (burst.is_none() || algorithm.has_burst())
            && (1..=MOST).contains(&rate.burst)
            && rate.interval() * u64::from(rate.burst) <= WEEK;
        if fits { Ok(rate) } else { Err(ParseRateError) }
    }

    /// So many in any 24 hours; 1 to 10 000.
    pub const fn daily(limit: u32) -> Self {
        Self { algorithm: Algorithm::SlidingWindow, limit, window_ms: LONGEST, burst: limit }
    }

    pub const fn algorithm(self) -> Algorithm {
        self.algorithm
    }

    /// Requests of one window, 1 to 1 000 000.
    pub const fn limit(self) -> u32 {
        self.limit
    }

    /// Microseconds, a second to a day.
    pub const fn window(self) -> u64 {
        self.window_ms * 1_000
    }

    /// Requests that pass at once; the limit where there is no bucket.
    pub const fn burst(self) -> u32 {
        self.burst
    }

    /// Microseconds that one request of a bucket takes to come back, rounded up: never more than the limit in a window.
    pub fn interval(self) -> u64 {
        self.window().div_ceil(u64::from(self.limit))
    }
}

impl FromStr for Rate {
    type Err = ParseRateError;

    fn from_str(text: &str) -> Result<Self, ParseRateError> {
        let mut parts = text.trim().split(':');
        let (Some(algorithm), Some(rate), burst, None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ParseRateError);
        };
        let algorithm = Algorithm::ALL.into_iter().find(|known| known.as_str() == algorithm);
        let (limit, window) = rate.split_once('/').ok_or(ParseRateError)?;
        let burst = match burst.map(|text| text.strip_prefix("burst=").and_then(whole)) {
            Some(None) => return Err(ParseRateError),
            Some(given) => given,
            None => None,
        };
        let limit = whole(limit).ok_or(ParseRateError)?;
        let window = span(window).ok_or(ParseRateError)?;
        Self::new(algorithm.ok_or(ParseRateError)?, limit, window, burst)
    }
}

/// Digits alone: no sign.
fn whole(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn span(text: &str) -> Option<Duration> {
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(unit_at)?;
    let seconds: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(u64::from(whole(number)?).checked_mul(seconds)?))
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (algorithm, seconds) = (self.algorithm.as_str(), self.window_ms / 1_000);
        write!(f, "{algorithm}:{}/{seconds}s", self.limit)?;
        if self.burst == self.limit { Ok(()) } else { write!(f, ":burst={}", self.burst) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Algorithm, ParseRateError, Rate};

    #[test]
    fn a_rate_reads_as_it_is_written() {
        for text in [
            "token_bucket:600/60s",
            "leaky_bucket:20/10s:burst=5",
            "fixed_window:100000/86400s",
            "sliding_window:5/60s",
            "sliding_window_counter:1/1s",
        ] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        assert_eq!(
            "fixed_window:7/1d".parse(),
            Rate::new(Algorithm::FixedWindow, 7, Duration::from_secs(86_400), None)
        );
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for wrong in [
            "",
            "600/60s",
            "token_bucket",
            "token_bucket:600",
            "token_bucket:/60s",
            "token_bucket:600/",
            "token_bucket:0/60s",
            "token_bucket:1000001/60s",
            "token_bucket:+6/60s",
            "token_bucket:6.5/60s",
            "token_bucket:6/0s",
            "token_bucket:6/500ms",
            "token_bucket:6/2d",
            "token_bucket:6/60",
            "token_bucket:6/60s:burst=0",
            "token_bucket:6/60s:burst=",
            "token_bucket:6/60s:5",
            "token_bucket:6/60s:burst=6:burst=6",
            "token_bucket:1/1d:burst=8",
            "fixed_window:6/60s:burst=6",
            "sliding_window:6/60s:burst=6",
            "sliding_window:10001/60s",
            "guess:6/60s",
            "TOKEN_BUCKET:6/60s",
        ] {
            assert_eq!(wrong.parse::<Rate>(), Err(ParseRateError), "{wrong}");
        }
    }
}
