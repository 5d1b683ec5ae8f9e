//! Turns raw values into typed ones and notes every fault on the way, so that none hides another.

use super::error::{Source, shown};
use super::source::Given;
use super::{ConfigErrors, Environment, Exposure, Fault, Setting};

/// Variables that begin so are the test suite's own and no setting.
const TEST_PREFIX: &str = "TILL_TEST_";

/// A fault was noted; there is no value and nothing more to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Noted;

/// Reads settings and gathers faults.
pub(super) struct Reader<'a> {
    environment: &'a Environment,
    errors: ConfigErrors,
}

impl<'a> Reader<'a> {
    pub(super) fn new(environment: &'a Environment) -> Self {
        Self { environment, errors: ConfigErrors::default() }
    }

    pub(super) fn environment(&self) -> &'a Environment {
        self.environment
    }

    /// The value if one is given, else the table's default, else `None`.
    pub(super) fn optional<T>(
        &mut self,
        setting: &'static Setting,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Noted> {
        let text = match self.environment.get(setting) {
            Given::Flag(text) | Given::Variable(text) => text,
            Given::NotUnicode => return Err(self.note(setting, Fault::NotUnicode)),
            Given::Absent => match setting.default {
                Some(text) => text,
                None => return Ok(None),
            },
        };
        let taken = match setting.exposure {
            Exposure::Plain { .. } => text.trim(),
            // A password may begin with a space.
            Exposure::Secret => text,
        };
        match parse(taken) {
            Some(value) => Ok(Some(value)),
            None => {
                let fault =
                    Fault::Unacceptable { shown: shown(setting, text), expects: setting.expects };
                Err(self.note(setting, fault))
            }
        }
    }

    /// The value, or the table's default; without either a fault that gives the reason.
    pub(super) fn required<T>(
        &mut self,
        setting: &'static Setting,
        reason: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Noted> {
        match self.optional(setting, parse)? {
            Some(value) => Ok(value),
            None => Err(self.note(setting, Fault::Missing { reason })),
        }
    }

    /// The value, or the table's default, which the setting has.
    pub(super) fn defaulted<T>(
        &mut self,
        setting: &'static Setting,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Noted> {
        self.required(setting, "it has no default", parse)
    }

    /// Notes a fault that only the section can see.
    pub(super) fn note(&mut self, setting: &'static Setting, fault: Fault) -> Noted {
        let source = match self.environment.get(setting) {
            Given::Flag(_) => Source::Flag,
            Given::Variable(_) | Given::NotUnicode | Given::Absent => Source::Variable,
        };
        self.errors.note(setting, source, fault);
        Noted
    }

    /// Whether any fault was noted so far.
    pub(super) fn is_clean(&self) -> bool {
        self.errors.is_empty()
    }

    /// Notes every `TILL_*` variable that is no setting: a typing error must not pass silently.
    pub(super) fn refuse_unknown(&mut self, table: &[&'static Setting]) {
        for name in self.environment.names() {
            let ours = name.starts_with("TILL_") && !name.starts_with(TEST_PREFIX);
            if ours && !table.iter().any(|setting| setting.name == name) {
                self.errors.note_unknown(name, nearest(name, table));
            }
        }
    }

    /// All faults in the table's order, or `None` when there are none.
    pub(super) fn finish(mut self, table: &[&'static Setting]) -> Option<ConfigErrors> {
        self.errors.sort_by(table);
        (!self.errors.is_empty()).then_some(self.errors)
    }
}

/// The setting whose name differs least, if it differs by little.
fn nearest(name: &str, table: &[&'static Setting]) -> Option<&'static str> {
    const FARTHEST: usize = 4;
    // Longer names are no slip of the finger, and comparing them costs the product of the lengths.
    if name.len() > 64 {
        return None;
    }
    table
        .iter()
        .map(|setting| (edit_distance(name, setting.name), setting.name))
        .min()
        .filter(|(distance, _)| *distance <= FARTHEST)
        .map(|(_, nearest)| nearest)
}

/// How many letters must be put in, left out or replaced to make one of the other (Levenshtein).
fn edit_distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, left) in one.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        let mut next = vec![before];
        for (right, &above) in other.chars().zip(row.iter().skip(1)) {
            let replaced = diagonal + usize::from(left != right);
            before = replaced.min(before + 1).min(above + 1);
            diagonal = above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::edit_distance;

    #[test]
    fn the_edit_distance_counts_letters_put_in_left_out_or_replaced() {
        assert_eq!(edit_distance("", ""), 0);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("TILL_LISTN", "TILL_LISTEN"), 1);
    }
}
