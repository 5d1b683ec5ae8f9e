//! What a figure means for somebody who looks: a level and a word for it; thresholds are for the eye, alarms are Prometheus'.

use super::figures::Figure;
use super::history::{History, Law};

/// How much attention something asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Fine,
    Watch,
    Alarm,
}

impl Level {
    /// As the page's classes call it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Watch => "watch",
            Self::Alarm => "alarm",
        }
    }
}

/// A level and the word that says it without a colour; nothing is said where all is fine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub level: Level,
    pub word: &'static str,
}

const FINE: Verdict = Verdict { level: Level::Fine, word: "" };

const fn watch(word: &'static str) -> Verdict {
    Verdict { level: Level::Watch, word }
}

const fn alarm(word: &'static str) -> Verdict {
    Verdict { level: Level::Alarm, word }
}

/// Nothing is wrong with it, however much it is.
pub(super) fn fine(_history: &History) -> Verdict {
    FINE
}

pub(super) fn errors(history: &History) -> Verdict {
    match history.now(SERVER_ERRORS) {
        Some(percent) if percent >= 5.0 => alarm("many errors"),
        Some(percent) if percent >= 1.0 => watch("errors"),
        _ => FINE,
    }
}

/// The part of all answers that are 5xx.
pub(super) const SERVER_ERRORS: Law =
    Law::Percent { part: Figure::ServerErrors, all: &[Figure::Requests] };

pub(super) fn saturation(history: &History) -> Verdict {
    let level = |figure| history.now(Law::Level(figure));
    match (level(Figure::AtWork), level(Figure::Limit)) {
        (Some(work), Some(limit)) if work >= limit => alarm("full"),
        (Some(work), Some(limit)) if work >= 0.8 * limit => watch("nearly full"),
        _ => FINE,
    }
}

pub(super) fn checkout(history: &History) -> Verdict {
    let happens = |figure| history.now(Law::Rate(figure)).is_some_and(|rate| rate > 0.0);
    match (happens(Figure::CheckoutRefused), happens(Figure::PaymentsOpen)) {
        (true, _) => watch("some refused"),
        (false, true) => watch("some answered later"),
        (false, false) => FINE,
    }
}

pub(super) fn shedding(history: &History) -> Verdict {
    let refused = |figure| history.now(Law::Rate(figure)).is_some_and(|rate| rate > 0.0);
    if refused(Figure::ShedCritical) {
        alarm("checkout refused")
    } else if refused(Figure::Shed) {
        watch("shedding")
    } else {
        FINE
    }
}

pub(super) fn circuits(history: &History) -> Verdict {
    let state = |figure| history.now(Law::Level(figure)).unwrap_or(0.0);
    let circuits = [Figure::CircuitPayments, Figure::CircuitMail, Figure::CircuitRedis];
    let worst = circuits.map(state).into_iter().fold(0.0, f64::max);
    if worst > 1.5 {
        alarm("a circuit is open")
    } else if worst > 0.5 {
        watch("probing")
    } else {
        FINE
    }
}

pub(super) fn pool(history: &History) -> Verdict {
    match history.now(Law::Level(Figure::PoolWaiting)) {
        Some(waiting) if waiting >= 1.0 => watch("some wait"),
        _ => FINE,
    }
}

pub(super) fn outbox(history: &History) -> Verdict {
    match history.now(Law::Level(Figure::OutboxOldest)) {
        Some(seconds) if seconds >= 60.0 => alarm("far behind"),
        Some(seconds) if seconds >= 5.0 => watch("behind"),
        _ => FINE,
    }
}

pub(super) fn messages(history: &History) -> Verdict {
    match history.now(Law::Level(Figure::DeadLettersKept)) {
        Some(letters) if letters >= 1.0 => watch("dead letters"),
        _ => FINE,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Level, checkout, circuits, errors, outbox, saturation, shedding};
    use crate::ops::console::figures::Reading;
    use crate::ops::console::history::History;

    /// A process that said nothing a second ago and this now.
    fn saying(text: &str) -> History {
        let mut history = History::default();
        history.push(Reading::of("", Duration::ZERO));
        history.push(Reading::of(text, Duration::from_secs(1)));
        history
    }

    #[test]
    fn what_is_wrong_has_a_word_and_what_is_not_has_none() {
        let quiet = saying("load_shed_in_flight 1\nload_shed_limit 8\n");
        for judge in [errors, saturation, checkout, shedding, circuits, outbox] {
            assert_eq!((judge(&quiet).level, judge(&quiet).word), (Level::Fine, ""));
        }
        let loud = saying(
            "load_shed_in_flight 8\nload_shed_limit 8\n\
             load_shed_refused_total{class=\"critical\"} 1\ncircuit_breaker_state{name=\"smtp\"} 2\n\
             till_outbox_oldest_seconds 61\n\
             http_server_request_duration_seconds_count{http_request_method=\"POST\",http_response_status_code=\"503\",http_route=\"/v1/payments\"} 1\n",
        );
        for judge in [errors, saturation, shedding, circuits, outbox] {
            assert_eq!(judge(&loud).level, Level::Alarm);
            assert!(!judge(&loud).word.is_empty());
        }
        assert_eq!(checkout(&loud).level, Level::Watch);
    }

    #[test]
    fn a_circuit_that_probes_is_to_be_watched() {
        let probing = saying("circuit_breaker_state{name=\"payment_gateway\"} 1\n");
        assert_eq!(circuits(&probing).level, Level::Watch);
    }
}
