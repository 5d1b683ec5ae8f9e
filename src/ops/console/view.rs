//! What the page and `/console/data` show, made of the history alone: every text and path that a reader sees stands in here, so
//! that the page is the same with and without a script.

use serde::Serialize;

use super::chart::{Chart, Part, Section, Shown};
use super::charts::{CHARTS, LIMITS};
use super::drawing::{Scale, area, path, top};
use super::history::{History, Law, Point};
use super::judgement::Level;
use super::words::{UNKNOWN, Unit};
use crate::domain::thousands::Thousands;

/// A chart as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChartView {
    pub id: &'static str,
    #[serde(skip)]
    pub section: Section,
    pub title: &'static str,
    #[serde(skip)]
    pub about: &'static str,
    /// What stands large above it, and what that is.
    pub now: String,
    #[serde(skip)]
    pub what: &'static str,
    /// What the scale ends with.
    pub top: String,
    /// What its left edge is.
    pub since: String,
    pub level: Level,
    /// Says the level without a colour; empty where all is fine.
    pub word: &'static str,
    /// The whole chart in a sentence, for those who don't see it.
    pub summary: String,
    /// What is to be said besides.
    pub note: String,
    /// `d` of what lies below the line, where there is but one.
    pub area: String,
    pub lines: Vec<LineView>,
    pub beside: Vec<LineView>,
}

/// A line of a chart, or a figure beside it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LineView {
    pub name: &'static str,
    /// In base units; not there where it is not known.
    pub value: Option<f64>,
    pub now: String,
    /// Between what the true value lies, where `now` is an estimate.
    pub bounds: String,
    pub lowest: String,
    pub highest: String,
    /// `d` of the line.
    pub path: String,
}

impl ChartView {
    /// As the page's classes call it.
    pub(super) fn level_name(&self) -> &'static str {
        self.level.as_str()
    }
}

impl LineView {
    /// For the table.
    pub(super) fn now_with_bounds(&self) -> String {
        if self.bounds.is_empty() {
            return self.now.clone();
        }
        format!("{} ({})", self.now, self.bounds)
    }
}

/// Every chart that a process with these parts can draw.
pub(super) fn charts(history: &History, parts: &[Part]) -> Vec<ChartView> {
    let drawn = |chart: &&Chart| chart.part == Part::Process || parts.contains(&chart.part);
    CHARTS.iter().filter(drawn).map(|chart| view(chart, history)).collect()
}

fn view(chart: &Chart, history: &History) -> ChartView {
    let curves: Vec<Vec<Point>> = chart.lines.iter().map(|line| history.curve(line.law)).collect();
    let unit = chart.lines.first().map_or(Unit::Pieces, |line| line.unit);
    let one = unit.one();
    let values = curves.iter().flatten().filter_map(|point| Some(point.value? / one));
    let scale = Scale { span: history.span(), top: one * top(values, chart.least / one) };
    let lines: Vec<LineView> = chart
        .lines
        .iter()
        .zip(&curves)
        .map(|(line, curve)| LineView { path: path(curve, scale), ..figure(line, curve, history) })
        .collect();
    let verdict = (chart.judge)(history);
    ChartView {
        id: chart.id,
        section: chart.section,
        title: chart.title,
        about: chart.about,
        now: chart.headline.unit.say_if_known(history.now(chart.headline.law)),
        what: chart.headline.name,
        top: unit.say(scale.top),
        since: format!("{} min ago", scale.span.as_secs() / 60),
        level: verdict.level,
        word: verdict.word,
        summary: summary(chart, &lines),
        note: note(chart, history),
        area: match curves.as_slice() {
            [curve] => area(curve, scale),
            _ => String::new(),
        },
        lines,
        beside: chart
            .beside
            .iter()
            .map(|shown| figure(shown, &history.curve(shown.law), history))
            .collect(),
    }
}

fn figure(shown: &Shown, curve: &[Point], history: &History) -> LineView {
    let values = || curve.iter().filter_map(|point| point.value);
    let (lowest, highest) = (values().reduce(f64::min), values().reduce(f64::max));
    let value = history.now(shown.law);
    let (now, bounds) = said(shown, value, history);
    LineView {
        name: shown.name,
        value,
        now,
        bounds,
        lowest: shown.unit.say_if_known(lowest),
        highest: shown.unit.say_if_known(highest),
        path: String::new(),
    }
}

/// The figure, and between what it lies: a quantile is not known better than its bucket.
fn said(shown: &Shown, value: Option<f64>, history: &History) -> (String, String) {
    let said = shown.unit.say_if_known(value);
    let Law::Quantile(q) = shown.law else { return (said, String::new()) };
    match history.quantile_now(q).map(|found| (found.low, found.high)) {
        None => (said, String::new()),
        Some((low, Some(high))) => {
            (said, format!("{} to {}", shown.unit.say(low), shown.unit.say(high)))
        }
        Some((low, None)) => (format!("over {}", shown.unit.say(low)), String::new()),
    }
}

fn summary(chart: &Chart, lines: &[LineView]) -> String {
    let told = |line: &LineView| {
        if line.now == UNKNOWN && line.highest == UNKNOWN {
            format!("{}: not known", line.name)
        } else {
            format!("{}: now {}, highest {}", line.name, line.now, line.highest)
        }
    };
    let lines: Vec<String> = lines.iter().map(told).collect();
    format!("{}, the last five minutes. {}.", chart.title, lines.join("; "))
}

/// Which policies refused, so far.
fn note(chart: &Chart, history: &History) -> String {
    let Some(newest) = history.newest().filter(|_| chart.id == LIMITS) else {
        return String::new();
    };
    let told = |(policy, count): (&String, &f64)| {
        // A counter is a whole number.
        let count = format!("{count:.0}").parse().unwrap_or(u64::MAX);
        (count > 0).then(|| format!("{policy} {}", Thousands(count)))
    };
    let policies: Vec<String> = newest.limited.iter().filter_map(told).collect();
    match policies.as_slice() {
        [] => String::new(),
        some => format!("Refused since the start: {}.", some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::{CHARTS, History, Part, charts};
    use crate::ops::console::figures::Reading;

    #[test]
    fn each_chart_has_an_id_of_its_own_and_lines_of_one_unit() {
        let ids: BTreeSet<_> = CHARTS.iter().map(|chart| chart.id).collect();
        assert_eq!(ids.len(), CHARTS.len());
        for chart in CHARTS {
            assert!(!chart.lines.is_empty() && chart.lines.len() <= 4, "{chart:?}");
            let unit = chart.lines[0].unit;
            assert!(chart.lines.iter().all(|line| line.unit == unit), "{chart:?}");
        }
    }

    #[test]
    fn a_process_draws_what_runs_in_it_and_says_what_it_does_not_know() {
        let mut history = History::default();
        history.push(Reading::of("", Duration::ZERO));
        let drawn = |parts: &[Part]| -> Vec<&str> {
            charts(&history, parts).iter().map(|chart| chart.id).collect()
        };
        assert!(drawn(&[Part::Api]).contains(&"latency"));
        assert!(!drawn(&[Part::Api]).contains(&"outbox"));
        assert!(!drawn(&[Part::Worker]).contains(&"latency"));
        assert!(drawn(&[Part::Worker]).contains(&"outbox"));
        for chart in charts(&history, &[Part::Api, Part::Worker]) {
            assert!(chart.summary.contains("the last five minutes"), "{}", chart.summary);
            assert!(chart.lines.iter().all(|line| !line.path.contains("NaN")));
        }
    }

    #[test]
    fn the_refusals_of_each_policy_are_told() {
        let mut history = History::default();
        let text = "rate_limited_total{policy=\"login\"} 1\nrate_limited_total{policy=\"user\"} 1200\n\
                    rate_limited_total{policy=\"reports\"} 0\n";
        history.push(Reading::of(text, Duration::ZERO));
        let all = charts(&history, &[Part::Api]);
        let limits = all.iter().find(|chart| chart.id == "limits").unwrap();
        assert_eq!(limits.note, "Refused since the start: login 1, user 1,200.");
    }
}
