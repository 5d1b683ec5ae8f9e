//! What one setting is: its name, what it accepts, and what is told about it; it reads nothing.

/// One setting, as the table describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The environment variable's name.
    pub name: &'static str,
    /// Whether it may be shown, and its flag if so.
    pub exposure: Exposure,
    /// What a value must be, as the end of "… is not".
    pub expects: &'static str,
    /// The value where none is given; `None` where there is none or where it follows from other settings.
    pub default: Option<&'static str>,
    /// A value that would be accepted (for a secret: by its form).
    pub example: &'static str,
    /// What it does, in one or two sentences.
    pub help: &'static str,
}

/// Whether a setting's value may be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// No secret: also a flag (without the dashes), and quoted in messages.
    Plain {
        /// The flag's long name.
        flag: &'static str,
    },
    /// Never printed, and no flag, because flags are seen by every user of the machine.
    Secret,
}

impl Setting {
    /// The flag's long name, where there is one.
    #[must_use]
    pub const fn flag(&self) -> Option<&'static str> {
        match self.exposure {
            Exposure::Plain { flag } => Some(flag),
            Exposure::Secret => None,
        }
    }
}
