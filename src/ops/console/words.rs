//! Figures in words, as a person reads them; it judges none.

use crate::domain::thousands::Thousands;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    PerSecond,
    Seconds,
    Percent,
    Pieces,
    Bytes,
    /// Of one processor's time, 1 being all of it.
    Cores,
    /// 0 closed, 1 half-open, 2 open.
    Circuit,
}

/// What stands where a figure is not known.
pub(super) const UNKNOWN: &str = "–";

/// A mebibyte, in bytes.
const MEBIBYTE: f64 = 1_048_576.0;

impl Unit {
    /// What a person counts in, so that a scale ends on a number that is round to them.
    pub(super) const fn one(self) -> f64 {
        match self {
            Self::Bytes => MEBIBYTE,
            Self::PerSecond
            | Self::Seconds
            | Self::Percent
            | Self::Pieces
            | Self::Cores
            | Self::Circuit => 1.0,
        }
    }

    /// The figure with its unit.
    pub(super) fn say(self, value: f64) -> String {
        match self {
            Self::PerSecond => format!("{} /s", short(value)),
            Self::Percent => format!("{} %", short(value)),
            Self::Pieces => short(value),
            Self::Bytes => format!("{} MiB", short(value / MEBIBYTE)),
            Self::Seconds => seconds(value),
            Self::Cores => format!("{} % of a core", short(100.0 * value)),
            Self::Circuit if value < 0.5 => "closed".to_owned(),
            Self::Circuit if value < 1.5 => "half-open".to_owned(),
            Self::Circuit => "open".to_owned(),
        }
    }

    /// The figure with its unit, or a dash.
    pub(super) fn say_if_known(self, value: Option<f64>) -> String {
        value.map_or_else(|| UNKNOWN.to_owned(), |value| self.say(value))
    }
}

fn seconds(value: f64) -> String {
    if value < 0.000_5 {
        "0 ms".to_owned()
    } else if value < 0.999_5 {
        format!("{} ms", short(value * 1_000.0))
    } else if value < 120.0 {
        format!("{} s", short(value))
    } else if value < 7_200.0 {
        format!("{} min", short(value / 60.0))
    } else {
        format!("{} h", short(value / 3_600.0))
    }
}

/// One decimal below ten, none above; thousands in groups.
fn short(value: f64) -> String {
    let value = if value.is_finite() { value.max(0.0) } else { 0.0 };
    if value < 9.95 {
        let text = format!("{value:.1}");
        return text.strip_suffix(".0").unwrap_or(&text).to_owned();
    }
    // Without a sign or a fraction: the digits of a whole number.
    format!("{value:.0}")
        .parse()
        .map_or_else(|_| format!("{value:.0}"), |n| Thousands(n).to_string())
}

#[cfg(test)]
mod tests {
    use super::Unit;

    #[test]
    fn figures_have_the_digits_that_a_person_reads() {
        for (unit, value, said) in [
            (Unit::PerSecond, 0.0, "0 /s"),
            (Unit::PerSecond, 9.94, "9.9 /s"),
            (Unit::PerSecond, 1_234.4, "1,234 /s"),
            (Unit::Percent, 0.26, "0.3 %"),
            (Unit::Seconds, 0.062_3, "62 ms"),
            (Unit::Seconds, 0.000_1, "0 ms"),
            (Unit::Seconds, 0.999_7, "1 s"),
            (Unit::Seconds, 2.5, "2.5 s"),
            (Unit::Seconds, 240.0, "4 min"),
            (Unit::Bytes, 104_857_600.0, "100 MiB"),
            (Unit::Cores, 0.128, "13 % of a core"),
            (Unit::Circuit, 0.0, "closed"),
            (Unit::Circuit, 1.0, "half-open"),
            (Unit::Circuit, 2.0, "open"),
            (Unit::Pieces, -1.0, "0"),
            (Unit::Pieces, f64::NAN, "0"),
        ] {
            assert_eq!(unit.say(value), said);
        }
        assert_eq!(Unit::Pieces.say_if_known(None), "–");
    }
}
