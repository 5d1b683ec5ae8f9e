//! What may be wrong with settings, and how it is told: one line per fault, no secret in any of them.

use std::fmt;
use std::io;

use super::{Exposure, Setting};

/// Every fault that was found; its display is one line each.
#[derive(Debug, Default)]
pub struct ConfigErrors {
    faults: Vec<NamedFault>,
}

/// One fault of one setting.
#[derive(Debug)]
struct NamedFault {
    name: String,
    setting: Option<&'static Setting>,
    source: Source,
    fault: Fault,
}

/// By what way the value came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Flag,
    Variable,
}

/// What is wrong with a setting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It must be given and is not.
    #[error("is not set, and {reason}")]
    Missing {
        /// Why it must be given.
        reason: &'static str,
    },
    /// Its bytes are not UTF-8.
    #[error("is not Unicode text")]
    NotUnicode,
    /// It is not what the setting expects.
    #[error("{shown} is not {expects}")]
    Unacceptable {
        /// The value, as far as it may be shown.
        shown: String,
        /// What the setting expects.
        expects: &'static str,
    },
    /// It is well-formed, but guessable.
    #[error("the value (not shown) is {why}; production needs one of its own")]
    Guessable {
        /// By what it can be guessed.
        why: &'static str,
    },
    /// It does not go with another setting.
    #[error("{why}")]
    Contradiction {
        /// Which one, and how.
        why: String,
    },
    /// A name that begins with `TILL_` and is no setting.
    #[error("is no setting of this version{}", .nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default())]
    Unknown {
        /// The setting that is spelt nearly so.
        nearest: Option<&'static str>,
    },
    /// A file that holds or would hold the value could not be used.
    #[error("{file}: {source}")]
    File {
        /// The file's path.
        file: String,
        /// What happened.
        source: io::Error,
    },
}

impl ConfigErrors {
    pub(super) fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    pub(super) fn note(&mut self, setting: &'static Setting, source: Source, fault: Fault) {
        let name = setting.name.to_owned();
        self.faults.push(NamedFault { name, setting: Some(setting), source, fault });
    }

    pub(super) fn note_unknown(&mut self, name: &str, nearest: Option<&'static str>) {
        let fault = Fault::Unknown { nearest };
        let name = one_line(name);
        self.faults.push(NamedFault { name, setting: None, source: Source::Variable, fault });
    }

    /// Puts the faults into the table's order, unknown names last.
    pub(super) fn sort_by(&mut self, table: &[&'static Setting]) {
        let place = |fault: &NamedFault| {
            table.iter().position(|setting| setting.name == fault.name).unwrap_or(table.len())
        };
        self.faults.sort_by_key(place);
    }

    /// The faults, one line each.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.faults.iter().map(ToString::to_string)
    }
}

impl fmt::Display for NamedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(setting) = self.setting else {
            return write!(f, "{} {}", self.name, self.fault);
        };
        let flag = setting.flag().filter(|_| self.source == Source::Flag);
        match flag {
            Some(flag) => {
                write!(f, "--{flag}: {}; example: --{flag} {}", self.fault, setting.example)
            }
            None => write!(
                f,
                "{}: {}; example: {}={}",
                self.name, self.fault, self.name, setting.example
            ),
        }
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, line) in self.lines().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&line)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// The value as a message may show it: quoted, on one line, short; not at all where it is or may hold a secret.
pub(super) fn shown(setting: &Setting, text: &str) -> String {
    const LONGEST: usize = 64;
    match setting.exposure {
        Exposure::Secret => "the value (not shown)".to_owned(),
        // A URL with user and password, in a setting that takes none.
        Exposure::Plain { .. } if text.contains('@') => "the value (not shown)".to_owned(),
        Exposure::Plain { .. } if text.chars().count() > LONGEST => {
            format!("{:?}…", text.chars().take(LONGEST).collect::<String>())
        }
        Exposure::Plain { .. } => format!("{text:?}"),
    }
}

fn one_line(text: &str) -> String {
    text.chars().take(64).flat_map(char::escape_default).collect()
}
