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
mod traces;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use uuid::Uuid;

use crate::config::{Log, LogFormat, Traces};

pub use log_lines::LogGuard;
pub use metrics::Metrics;
pub use traces::{TracesError, TracesGuard};

/// The running telemetry; keep it until the process ends, so that the last spans and lines are written. Drop it outside
/// the runtime.
#[derive(Debug)]
pub struct Telemetry {
    /// What `/metrics` shows.
    pub metrics: Metrics,
    /// Exports what is still queued when it is dropped; before the log, which hears what comes of it.
    pub traces: Option<TracesGuard>,
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
    /// Spans can't be exported as it is wished.
    #[error(transparent)]
    Traces(#[from] TracesError),
    /// Another subscriber is installed already.
    #[error("logging is set up twice in one process")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// A peer's bad certificate is the caller's failure, told by whoever called; what it says in the log would be a stranger's
/// words. Who names the module in `RUST_LOG` hears it.
const QUIET: &str = "rustls_platform_verifier=off";

/// Any number of layers over the registry.
type Layers = Vec<Box<dyn Layer<Registry> + Send + Sync>>;

/// Sets up logs, metrics and, where there is a collector for them, traces for this process, and sends panics through the
/// log. Call it outside the runtime. `instance` tells this process from others of its kind.
///
/// # Errors
/// When called twice, when no thread can be started, or when spans can't be exported as it is wished.
pub fn install(
    log: &Log,
    traces: Option<&Traces>,
    instance: Uuid,
) -> Result<Telemetry, TelemetryError> {
    let metrics = Metrics::shared();
    let (lines, guard) = log_lines::to_writer(std::io::stderr()).map_err(TelemetryError::Writer)?;
    let plain = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(lines);
    // A filter of its own: what is logged says nothing of what is exported.
    let filter = EnvFilter::builder().parse(format!("{QUIET},{}", log.filter))?;
    let mut layers: Layers = match log.format {
        LogFormat::Text => vec![plain.with_filter(filter).boxed()],
        LogFormat::Json => {
            // The list of spans, not just the innermost: the request's id stands on the outermost.
            let json = plain.json().flatten_event(true).with_current_span(false);
            vec![json.with_span_list(true).with_filter(filter).boxed()]
        }
    };
    let traces = traces.map(|settings| traces::layer(settings, instance)).transpose()?;
    let traces = traces.map(|(layer, guard)| {
        layers.push(layer.boxed());
        guard
    });
    tracing_subscriber::registry().with(layers).try_init()?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(Telemetry { metrics, traces, log: guard })
}

/// One log line per panic, like every other event, instead of the loose lines of the standard hook.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("not a text");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = std::backtrace::Backtrace::capture();
    tracing::error!(message, place, %backtrace, "panic");
}
