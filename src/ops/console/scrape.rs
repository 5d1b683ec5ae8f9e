//! Reads Prometheus' text format (0.0.4) as far as the console needs it: one sample a line, its labels looked up when asked
//! for; it knows no metric.

use std::borrow::Cow;

/// One line of the text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample<'a> {
    pub name: &'a str,
    /// What stands between the braces.
    labels: &'a str,
    pub value: f64,
}

/// Every sample of the text, in its order; a line that is none is passed over.
pub(super) fn samples(text: &str) -> impl Iterator<Item = Sample<'_>> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(sample)
}

fn sample(line: &str) -> Option<Sample<'_>> {
    let end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at_checked(end)?;
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => inside.split_at_checked(closing(inside)?)?,
        None => ("", rest),
    };
    let value = rest.trim_start_matches('}').split_whitespace().next()?;
    Some(Sample { name, labels, value: value.parse().ok()? })
}

/// Where the brace stands that is no part of a value in quotes.
fn closing(inside: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    inside.bytes().position(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b'}' => return !quoted,
            _ => {}
        }
        false
    })
}

impl<'a> Sample<'a> {
    /// The value of a label; one that is not there has none.
    pub(super) fn label(&self, wanted: &str) -> Option<Cow<'a, str>> {
        let mut rest = self.labels;
        loop {
            let (name, behind) = rest.split_once("=\"")?;
            let end = quote(behind)?;
            let (value, behind) = behind.split_at_checked(end)?;
            if name.trim_start_matches([',', ' ']) == wanted {
                return Some(unescaped(value));
            }
            rest = behind.strip_prefix('"')?;
        }
    }
}

/// Where the value in quotes ends.
fn quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut letters = value.chars();
    let mut plain = String::with_capacity(value.len());
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => match letters.next() {
                Some('n') => '\n',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::samples;

    #[test]
    fn samples_are_read_with_and_without_labels_and_comments_are_not() {
        let text = "# HELP a_total Things.\n# TYPE a_total counter\na_total 3\n\n\
                    b{x=\"1\",le=\"+Inf\"} 2.5 1700000000\nbroken\nc{x=\"1\" 4\nd NaN\n";
        let read: Vec<_> = samples(text).collect();
        let names: Vec<_> = read.iter().map(|sample| sample.name).collect();
        assert_eq!(names, ["a_total", "b", "d"]);
        assert!((read[1].value - 2.5).abs() < f64::EPSILON && read[2].value.is_nan());
        assert_eq!(read[1].label("le").as_deref(), Some("+Inf"));
        assert_eq!(read[1].label("x").as_deref(), Some("1"));
        assert_eq!((read[1].label("l"), read[0].label("x")), (None, None));
    }

    proptest! {
        #[test]
        fn a_label_has_the_value_that_was_written(first in any::<String>(), second in any::<String>()) {
            let escape = |text: &str| {
                text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
            };
            // The recorder writes a line each; what else ends one has no place in a label's value.
            let (first, second) = (first.replace('\r', ""), second.replace('\r', ""));
            let line = format!("m{{a=\"{}\",b=\"{}\"}} 7", escape(&first), escape(&second));
            let read: Vec<_> = samples(&line).collect();
            prop_assert_eq!(read.len(), 1);
            prop_assert_eq!(read[0].label("a").unwrap(), first);
            prop_assert_eq!(read[0].label("b").unwrap(), second);
        }
    }
}
