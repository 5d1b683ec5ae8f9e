//! Logs, spans and metrics: set up once, before anything else runs; no part of the business knows how.
//!
//! Spans are named by what they do (`service.orders.place`, `store.orders.insert`) and the HTTP span by
//! OpenTelemetry's conventions; metrics carry those conventions' names in Prometheus' spelling
//! (`http_server_request_duration_seconds`). Whoever records a metric uses the `metrics` facade; the text for
//! `/metrics` comes from [`Metrics`].

pub mod catalogue;
mod log_lines;
mod metrics;
mod process;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};

pub use log_lines::LogGuard;
pub use metrics::Metrics;

/// The running telemetry; keep it until the process ends, so that the last lines are written.
#[derive(Debug)]
pub struct Telemetry {
    /// What `/metrics` shows.
    pub metrics: Metrics,
    /// Writes what is still queued when it is dropped.
    pub log: LogGuard,
}

/// Telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is no filter; `config` has checked it, so this is a program error.
    #[error("the log filter is not well-formed")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The thread that writes log lines did not start.
    #[error("the log writer did not start")]
    Writer(#[source] std::io::Error),
    /// Another subscriber is installed already.
    #[error("logging is set up twice in one process")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// A peer's bad certificate is the caller's failure, told by whoever called; what it says in the log would be a stranger's
/// words. Who names the module in `RUST_LOG` hears it.
const QUIET: &str = "rustls_platform_verifier=off";

/// Sets up logs and metrics for this process, and sends panics through the log.
///
/// # Errors
/// When called twice, or when no thread can be started.
pub fn install(log: &Log) -> Result<Telemetry, TelemetryError> {
    let metrics = Metrics::shared();
    let filter = EnvFilter::builder().parse(format!("{QUIET},{}", log.filter))?;
    let (lines, guard) = log_lines::to_writer(std::io::stderr()).map_err(TelemetryError::Writer)?;
    let registry = tracing_subscriber::registry().with(filter);
    let plain = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(lines);
    match log.format {
        LogFormat::Text => registry.with(plain).try_init()?,
        LogFormat::Json => {
            // The list of spans, not just the innermost: the request's id stands on the outermost.
            let json = plain.json().flatten_event(true).with_current_span(false);
            registry.with(json.with_span_list(true)).try_init()?;
        }
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok(Telemetry { metrics, log: guard })
}

/// One log line per panic, like every other event, instead of the loose lines of the standard hook.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("not a text");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = std::backtrace::Backtrace::capture();
    tracing::error!(message, place, %backtrace, "panic");
}
