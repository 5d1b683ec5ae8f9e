//! How values look on a terminal, whoever wrote them: one that could steer it is spelt out.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// RFC 3339 to the second: nobody plans by the millisecond.
pub(super) fn instant(at: OffsetDateTime) -> String {
    let to_the_second = at.replace_nanosecond(0).unwrap_or(at);
    to_the_second.format(&Rfc3339).unwrap_or_else(|_unwritable| to_the_second.to_string())
}

/// One line of text in which control characters, and those that turn the direction of writing, are spelt out.
pub(super) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || breaks_or_turns(letter) {
            shown.extend(format!("\\u{:04x}", u32::from(letter)).chars());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// The first `most` characters, and a sign where there were more.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let mut letters = text.chars();
    let first: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() { format!("{first}…") } else { first }
}

/// Line and paragraph separators, and the marks of bidirectional text.
const fn breaks_or_turns(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{harmless, shortened};

    #[test]
    fn what_could_steer_a_terminal_is_spelt_out() {
        assert_eq!(
            harmless("a\u{1b}[2J\n\u{9b}\u{7f}\u{202e}é"),
            "a\\u001b[2J\\u000a\\u009b\\u007f\\u202eé"
        );
    }

    #[test]
    fn what_is_cut_says_so_and_no_letter_is_halved() {
        assert_eq!((shortened("ééé", 3), shortened("éééé", 3)), ("ééé".into(), "ééé…".into()));
    }
}
