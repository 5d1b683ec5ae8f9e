//! What is logged and in which form.

use tracing_subscriber::EnvFilter;

use super::reader::{Noted, Reader};
use super::{Exposure, Setting, Stage};

pub const LOG_FORMAT: Setting = Setting {
    name: "TILL_LOG_FORMAT",
    exposure: Exposure::Plain { flag: "log-format" },
    expects: "text or json",
    default: None,
    example: "json",
    help: "Form of a log line. Unset: text in development, json in production.",
};

pub const RUST_LOG: Setting = Setting {
    name: "RUST_LOG",
    exposure: Exposure::Plain { flag: "log" },
    expects: "a list of filters such as info,till=debug",
    default: Some("info"),
    example: "info,till=debug",
    help: "What is logged: a level, or a list of module=level.",
};

/// What is logged, and how.
#[derive(Debug)]
pub struct Log {
    /// Text or JSON lines (`TILL_LOG_FORMAT`).
    pub format: LogFormat,
    /// A well-formed list of filters (`RUST_LOG`).
    pub filter: String,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one object a line.
    Json,
}

pub(super) fn read(reader: &mut Reader<'_>, stage: Stage) -> Result<Log, Noted> {
    let format = reader.optional(&LOG_FORMAT, |text| match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    });
    let filter = reader.defaulted(&RUST_LOG, |text| {
        EnvFilter::builder().parse(text).ok().map(|_| text.to_owned())
    });
    let fitting = match stage {
        Stage::Development => LogFormat::Text,
        Stage::Production => LogFormat::Json,
    };
    Ok(Log { format: format?.unwrap_or(fitting), filter: filter? })
}
