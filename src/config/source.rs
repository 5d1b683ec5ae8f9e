//! Where raw values come from: the process environment and flags, or a map in tests; it interprets none of them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgMatches};
use secrecy::SecretString;

use super::{SETTINGS, Setting};

const FAIL_POINT: &str = "FAIL_POINT";

/// Raw settings by variable name.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, OsString>,
    flags: BTreeMap<&'static str, String>,
}

/// A raw value and how it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given<'a> {
    /// Not given, or given empty.
    Absent,
    /// By flag.
    Flag(&'a str),
    /// By environment variable.
    Variable(&'a str),
    /// By an environment variable that is not Unicode.
    NotUnicode,
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read, once")]
    pub fn from_process() -> Self {
        Self::from_pairs(std::env::vars_os())
    }

    /// An environment of exactly these variables.
    pub fn from_pairs<K: Into<OsString>, V: Into<OsString>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let variables = pairs
            .into_iter()
            // A name that is not Unicode is none of ours.
            .filter_map(|(name, value)| Some((name.into().into_string().ok()?, value.into())))
            .collect();
        Self { variables, flags: BTreeMap::new() }
    }

    /// Adds what was given by the flags of [`flags`]; they win over variables.
    #[must_use]
    pub fn with_flags(mut self, matches: &ArgMatches) -> Self {
        for setting in SETTINGS {
            if let Ok(Some(value)) = matches.try_get_one::<String>(setting.name) {
                self.flags.insert(setting.name, value.clone());
            }
        }
        self
    }

    pub(super) fn get(&self, setting: &Setting) -> Given<'_> {
        if let Some(text) = self.flags.get(setting.name) {
            return Given::Flag(text);
        }
        match self.variables.get(setting.name).map(|raw| raw.to_str()) {
            None => Given::Absent,
            Some(None) => Given::NotUnicode,
            Some(Some(text)) if text.trim().is_empty() => Given::Absent,
            Some(Some(text)) => Given::Variable(text),
        }
    }

    /// The fail point that a test arms (see `resilience::fail_point`); no setting, and release builds know none.
    #[must_use]
    pub fn fail_point(&self) -> Option<&str> {
        if !cfg!(debug_assertions) {
            return None;
        }
        self.variables.get(FAIL_POINT)?.to_str().filter(|point| !point.is_empty())
    }

    /// The folders of `PATH`.
    pub(super) fn search_path(&self) -> Vec<PathBuf> {
        self.variables
            .get("PATH")
            .map(|path| std::env::split_paths(path).collect())
            .unwrap_or_default()
    }

    /// Variables of another's making, as they are: what an S3-compatible store is reached with.
    pub(super) fn starting_with(&self, prefix: &str) -> Vec<(String, SecretString)> {
        let named = self.variables.iter().filter(|(name, _)| name.starts_with(prefix));
        named
            .filter_map(|(name, value)| {
                Some((name.clone(), SecretString::from(value.to_str()?.to_owned())))
            })
            .collect()
    }

    /// The names of all variables.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }
}

/// One flag for every setting that is no secret, for any program's command line.
pub fn flags() -> impl Iterator<Item = Arg> {
    SETTINGS.iter().filter_map(|setting| {
        let flag = setting.flag()?;
        let default = setting.default.map(|value| format!("; default {value}")).unwrap_or_default();
        Some(
            Arg::new(setting.name)
                .long(flag)
                .value_name("VALUE")
                .global(true)
                .hide_short_help(true)
                .help_heading("Settings (each also by environment)")
                .help(format!("{} [{}{default}]", setting.help, setting.name)),
        )
    })
}
