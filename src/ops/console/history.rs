//! The last minutes as a ring of readings, and the laws by which a curve comes out of them; pure: time is given.
//!
//! Bounded twice: by [`KEPT`] and by [`MOST`] readings. A rate is that of the time between two readings, which is a second
//! while somebody looks and five while nobody does. Quantiles and shares are those of the last [`WINDOW`], since one second
//! of a quiet process holds too few requests to say anything.

use std::collections::VecDeque;
use std::time::Duration;

use super::figures::{Figure, Reading};
use super::quantile::{Bucket, Quantile, quantile};

/// How far back the console looks.
pub(super) const KEPT: Duration = Duration::from_secs(300);

/// What a chart may reach back for: the least of them that holds all there is, so that a young process is not drawn at the edge.
const SPANS: [Duration; 3] = [Duration::from_secs(60), Duration::from_secs(120), KEPT];

/// Most readings that are kept, however often somebody looks.
pub(super) const MOST: usize = 320;

/// What quantiles and shares speak of.
pub(super) const WINDOW: Duration = Duration::from_secs(10);

/// Readings that lie farther apart are not joined by a line.
pub(super) const GAP: Duration = Duration::from_secs(12);

/// How a curve comes out of the figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Law {
    /// Events a second; a counter that is not there has counted nothing yet.
    Rate(Figure),
    /// As it stands; unknown where it is not there.
    Level(Figure),
    /// A counter as it stands, nothing yet where it is not there.
    Total(Figure),
    /// From 0 to 100: the part among all, over [`WINDOW`]; unknown where there was nothing at all.
    Percent { part: Figure, all: &'static [Figure] },
    /// Of the answers' times over [`WINDOW`], in seconds.
    Quantile(f64),
}

/// A moment of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// Before the newest reading.
    pub age: Duration,
    pub value: Option<f64>,
    /// Whether too much time lies before it to be joined with the point before.
    pub after_gap: bool,
}

/// The readings, the oldest first.
#[derive(Debug, Default)]
pub(super) struct History {
    readings: VecDeque<Reading>,
}

impl History {
    /// Takes in a reading that is newer than all others, and forgets what is too old.
    pub(super) fn push(&mut self, reading: Reading) {
        let oldest = reading.at.saturating_sub(KEPT);
        self.readings.push_back(reading);
        while self.readings.len() > MOST
            || self.readings.front().is_some_and(|first| first.at < oldest)
        {
            self.readings.pop_front();
        }
    }

    pub(super) fn newest(&self) -> Option<&Reading> {
        self.readings.back()
    }

    /// How far back there is something to see.
    pub(super) fn span(&self) -> Duration {
        let oldest = self.readings.front().zip(self.newest());
        let age = oldest.map_or(Duration::ZERO, |(first, last)| last.at.saturating_sub(first.at));
        SPANS.into_iter().find(|span| age <= *span).unwrap_or(KEPT)
    }

    /// The curve that a law makes, the oldest point first.
    pub(super) fn curve(&self, law: Law) -> Vec<Point> {
        let Some(newest) = self.newest() else { return Vec::new() };
        let mut before: Option<&Reading> = None;
        let mut points = Vec::with_capacity(self.readings.len());
        for (place, reading) in self.readings.iter().enumerate() {
            let gap = before.is_some_and(|before| reading.at.saturating_sub(before.at) > GAP);
            points.push(Point {
                age: newest.at.saturating_sub(reading.at),
                value: self.value(law, place, reading, before).filter(|value| value.is_finite()),
                after_gap: gap,
            });
            before = Some(reading);
        }
        points
    }

    /// The newest value of the curve that a law makes.
    pub(super) fn now(&self, law: Law) -> Option<f64> {
        let place = self.readings.len().checked_sub(1)?;
        let before = place.checked_sub(1).and_then(|before| self.readings.get(before));
        self.value(law, place, self.newest()?, before).filter(|value| value.is_finite())
    }

    /// The newest quantile with its bounds.
    pub(super) fn quantile_now(&self, q: f64) -> Option<Quantile> {
        let place = self.readings.len().checked_sub(1)?;
        self.quantile(q, place, self.newest()?)
    }

    fn value(
        &self,
        law: Law,
        place: usize,
        reading: &Reading,
        before: Option<&Reading>,
    ) -> Option<f64> {
        match law {
            Law::Level(figure) => reading.get(figure),
            Law::Total(figure) => Some(reading.get(figure).unwrap_or(0.0)),
            Law::Rate(figure) => {
                let before = before?;
                let seconds = reading.at.saturating_sub(before.at).as_secs_f64();
                (seconds > 0.0).then(|| increase(before, reading, figure) / seconds)
            }
            Law::Percent { part, all } => {
                let base = self.base(place, reading)?;
                let whole: f64 = all.iter().map(|figure| increase(base, reading, *figure)).sum();
                (whole > 0.0).then(|| 100.0 * increase(base, reading, part) / whole)
            }
            Law::Quantile(q) => self.quantile(q, place, reading).map(|found| found.estimate),
        }
    }

    fn quantile(&self, q: f64, place: usize, reading: &Reading) -> Option<Quantile> {
        let base = self.base(place, reading)?;
        let before = |bound: f64| {
            let same = |bucket: &&Bucket| bucket.bound.total_cmp(&bound).is_eq();
            base.latency.iter().find(same).map_or(0.0, |bucket| bucket.count)
        };
        let grown: Vec<Bucket> = reading
            .latency
            .iter()
            .map(|&Bucket { bound, count }| Bucket { bound, count: count - before(bound) })
            .collect();
        quantile(&grown, q)
    }

    /// The reading that a window ending at this place begins with: the newest that is a whole window older, else the oldest.
    fn base(&self, place: usize, reading: &Reading) -> Option<&Reading> {
        let begin = reading.at.checked_sub(WINDOW);
        let earlier = self.readings.range(..place);
        let whole = earlier.rev().find(|base| begin.is_some_and(|begin| base.at <= begin));
        whole.or_else(|| self.readings.front().filter(|_| place > 0))
    }
}

/// A counter never falls while its process lives.
fn increase(before: &Reading, after: &Reading, figure: Figure) -> f64 {
    (after.get(figure).unwrap_or(0.0) - before.get(figure).unwrap_or(0.0)).max(0.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{GAP, History, KEPT, Law, MOST, WINDOW};
    use crate::ops::console::figures::{Figure, Reading};

    fn at(seconds: u64, text: &str) -> Reading {
        Reading::of(text, Duration::from_secs(seconds))
    }

    fn requests(good: u32, bad: u32) -> String {
        format!(
            "http_server_request_duration_seconds_count{{http_response_status_code=\"200\"}} {good}\n\
             http_server_request_duration_seconds_count{{http_response_status_code=\"500\"}} {bad}\n"
        )
    }

    fn values(history: &History, law: Law) -> Vec<Option<f64>> {
        history.curve(law).iter().map(|point| point.value).collect()
    }

    const ERRORS: Law = Law::Percent { part: Figure::ServerErrors, all: &[Figure::Requests] };

    #[test]
    fn a_rate_is_that_of_the_time_between_two_readings() {
        let mut history = History::default();
        for (seconds, good) in [(0, 0), (1, 10), (6, 60), (6, 99)] {
            history.push(at(seconds, &requests(good, 0)));
        }
        let rate = Law::Rate(Figure::Requests);
        assert_eq!(values(&history, rate), [None, Some(10.0), Some(10.0), None]);
        assert_eq!(history.now(rate), None, "no time has passed");
        let never = Law::Rate(Figure::DeadLetters);
        assert_eq!(values(&history, never), [None, Some(0.0), Some(0.0), None]);
        let level = Law::Level(Figure::OutboxUnsent);
        assert_eq!(values(&history, level), [None; 4], "not there is not zero");
    }

    #[test]
    fn a_share_speaks_of_its_window_alone() {
        let mut history = History::default();
        let window = WINDOW.as_secs();
        history.push(at(0, &requests(0, 100)));
        history.push(at(1, &requests(30, 110)));
        history.push(at(2 + window, &requests(60, 110)));
        history.push(at(3 + 2 * window, &requests(60, 110)));
        assert_eq!(values(&history, ERRORS), [None, Some(25.0), Some(0.0), None]);
    }

    #[test]
    fn quantiles_speak_of_their_window_alone() {
        let buckets = |fast: u32, slow: u32| {
            format!(
                "http_server_request_duration_seconds_bucket{{le=\"0.01\"}} {fast}\n\
                 http_server_request_duration_seconds_bucket{{le=\"1\"}} {slow}\n\
                 http_server_request_duration_seconds_bucket{{le=\"+Inf\"}} {slow}\n"
            )
        };
        let mut history = History::default();
        history.push(at(0, &buckets(1_000, 1_000)));
        history.push(at(1, &buckets(1_000, 1_100)));
        let found = history.quantile_now(0.5).unwrap();
        assert_eq!((found.low, found.high), (0.01, Some(1.0)));
        history.push(at(1 + WINDOW.as_secs(), &buckets(1_010, 1_110)));
        let found = history.quantile_now(0.99).unwrap();
        assert_eq!((found.low, found.high), (0.0, Some(0.01)));
    }

    #[test]
    fn what_is_too_old_or_too_much_is_forgotten() {
        let mut history = History::default();
        for step in 0..2_000 {
            history.push(Reading::of("", Duration::from_millis(100 * step)));
        }
        assert_eq!(history.readings.len(), MOST);
        history.push(at(200 + KEPT.as_secs(), ""));
        assert_eq!(history.readings.len(), 1);
    }

    #[test]
    fn the_span_holds_all_that_there_is() {
        let mut history = History::default();
        for (seconds, span) in [(0, 60), (60, 60), (61, 120), (121, 300), (420, 300)] {
            history.push(at(seconds, ""));
            assert_eq!(history.span(), Duration::from_secs(span), "{seconds}");
        }
    }

    #[test]
    fn a_long_silence_is_a_gap() {
        let mut history = History::default();
        history.push(at(0, ""));
        history.push(at(GAP.as_secs(), ""));
        history.push(at(2 * GAP.as_secs() + 1, ""));
        let gaps: Vec<_> = history
            .curve(Law::Rate(Figure::Requests))
            .iter()
            .map(|point| point.after_gap)
            .collect();
        assert_eq!(gaps, [false, false, true]);
    }
}
