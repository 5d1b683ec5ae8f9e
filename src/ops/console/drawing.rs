//! The geometry of a chart: a curve as the path of an SVG, and a scale that ends on a round number; it knows no colour.

use std::fmt::Write;
use std::time::Duration;

use super::history::Point;

/// The chart's own units; the page stretches them.
pub(super) const WIDTH: u32 = 300;
pub(super) const HEIGHT: u32 = 80;

/// How much a chart shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// From its left edge to now.
    pub span: Duration,
    /// What its upper edge is.
    pub top: f64,
}

impl Scale {
    fn across(self, age: Duration) -> f64 {
        let share = 1.0 - age.as_secs_f64() / self.span.as_secs_f64();
        f64::from(WIDTH) * share.clamp(0.0, 1.0)
    }

    fn up(self, value: f64) -> f64 {
        let share = if self.top > 0.0 { (value / self.top).clamp(0.0, 1.0) } else { 0.0 };
        f64::from(HEIGHT) * (1.0 - share)
    }
}

/// The end of a scale that holds all of these values and is at least so long: 1, 2 or 5 times a power of ten.
pub(super) fn top(values: impl Iterator<Item = f64>, least: f64) -> f64 {
    let most = values.fold(least, f64::max);
    if most <= 0.0 || !most.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(most.log10().floor());
    let round = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    // What is a hair above a round number by the arithmetic alone is on it.
    round.into_iter().find(|end| *end * (1.0 + 1e-9) >= most).unwrap_or(most)
}

/// The `d` of a path: a line from point to point, begun anew after what is unknown and after a gap.
pub(super) fn path(points: &[Point], scale: Scale) -> String {
    let mut path = String::new();
    let mut joined = false;
    for point in points {
        let Some(value) = point.value else {
            joined = false;
            continue;
        };
        let command = if joined && !point.after_gap { 'L' } else { 'M' };
        let (x, y) = (scale.across(point.age), scale.up(value));
        // A line of one point would not be seen.
        let dot = if command == 'M' { "h.1" } else { "" };
        // Writing to a string does not fail.
        let _ok = write!(path, "{command}{x:.1} {y:.1}{dot}");
        joined = true;
    }
    path
}

/// The `d` of what lies between a curve and the ground.
pub(super) fn area(points: &[Point], scale: Scale) -> String {
    let mut area = String::new();
    for run in points.chunk_by(|_, next| next.value.is_some() && !next.after_gap) {
        let known = || run.iter().filter_map(|point| Some((scale.across(point.age), point.value?)));
        let Some(((first, _), (last, _))) = known().next().zip(known().next_back()) else {
            continue;
        };
        // Writing to a string does not fail.
        let _ok = write!(area, "M{first:.1} {HEIGHT}");
        for (x, value) in known() {
            let _ok = write!(area, "L{x:.1} {:.1}", scale.up(value));
        }
        let _ok = write!(area, "L{last:.1} {HEIGHT}Z");
    }
    area
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Point, Scale, area, path, top};

    const SCALE: Scale = Scale { span: Duration::from_secs(300), top: 10.0 };

    fn point(seconds: u64, value: Option<f64>) -> Point {
        Point { age: Duration::from_secs(seconds), value, after_gap: false }
    }

    #[test]
    fn a_scale_ends_on_a_round_number_that_holds_all() {
        for (values, least, end) in [
            (vec![], 0.0, 1.0),
            (vec![0.0], 10.0, 10.0),
            (vec![3.0, 11.0], 1.0, 20.0),
            (vec![200.0], 1.0, 200.0),
            (vec![0.031], 0.01, 0.05),
            (vec![f64::INFINITY], 1.0, 1.0),
        ] {
            let found = top(values.iter().copied(), least);
            assert!((found - end).abs() < 1e-9, "{values:?}: {found}");
        }
    }

    #[test]
    fn a_curve_runs_from_left_to_right_and_breaks_where_nothing_is_known() {
        let points = [
            point(400, Some(5.0)),
            point(150, Some(10.0)),
            point(100, None),
            point(50, Some(0.0)),
            Point { after_gap: true, ..point(20, Some(20.0)) },
            point(0, Some(5.0)),
        ];
        assert_eq!(
            path(&points, SCALE),
            "M0.0 40.0h.1L150.0 0.0M250.0 80.0h.1M280.0 0.0h.1L300.0 40.0"
        );
        assert_eq!(
            area(&points, SCALE),
            "M0.0 80L0.0 40.0L150.0 0.0L150.0 80Z\
             M250.0 80L250.0 80.0L250.0 80Z\
             M280.0 80L280.0 0.0L300.0 40.0L300.0 80Z"
        );
    }
}
