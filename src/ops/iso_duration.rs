//! Reads ISO 8601 durations without calendar units: how long a month is nobody can say.

use time::Duration;

/// `P[nW][nD][T[nH][nM][nS]]` with whole numbers, at least one of them, each unit once and in this order.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let body = text.strip_prefix('P')?;
    let (date, time) = match body.split_once('T') {
        Some((date, time)) if !time.is_empty() => (date, time),
        Some(_) => return None,
        None if body.is_empty() => return None,
        None => (body, ""),
    };
    let seconds = units(date, &[('W', 604_800), ('D', 86_400)])?
        .checked_add(units(time, &[('H', 3_600), ('M', 60), ('S', 1)])?)?;
    Some(Duration::seconds(seconds))
}

/// The sum in seconds of numbers with these units, each at most once and in the given order.
fn units(mut text: &str, allowed: &[(char, i64)]) -> Option<i64> {
    let mut sum = 0_i64;
    for (unit, seconds) in allowed {
        if let Some((number, rest)) = text.split_once(*unit) {
            if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            sum = sum.checked_add(number.parse::<i64>().ok()?.checked_mul(*seconds)?)?;
            text = rest;
        }
    }
    text.is_empty().then_some(sum)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use time::Duration;

    use super::parse;

    #[test]
    fn durations_without_calendar_units_are_read() {
        assert_eq!(parse("PT30M"), Some(Duration::minutes(30)));
        assert_eq!(parse("P1W2DT3H4M5S"), Some(Duration::seconds(604_800 + 172_800 + 11_045)));
        assert_eq!(parse("P7D"), Some(Duration::days(7)));
    }

    #[test]
    fn everything_else_is_refused() {
        let wrong = [
            "",
            "P",
            "PT",
            "P1DT",
            "30M",
            "PT-1M",
            "PT1.5S",
            "P1Y",
            "P1M",
            "PT1S1M",
            "PT1M1M",
            "pt1m",
            "PTM",
            "PT1",
            " PT1M",
            "P9999999999999999W",
            "PT99999999999999999999S",
            "PT1HT1M",
        ];
        for wrong in wrong {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*|P[0-9WDTHMS]{0,30}") {
            let _answer = parse(&text);
        }
    }
}
