//! The operators' listener as a part of a process, made alike for each program; it knows no probe.

use std::sync::Arc;

use tokio::net::TcpListener;

use super::serve::{self, Served};
use crate::clients::mailer::MailFolder;
use crate::config::Config;
use crate::domain::clock::ShiftedClock;
use crate::ops::{
    Console, ConsoleParts, Health, MetricsText, OpsParts, Panel, Program, WebhookSink,
};
use crate::shutdown::Shutdown;
use crate::telemetry::Telemetry;

/// What only a program for looking and trying has on it.
#[derive(Debug, Default)]
pub struct Extras {
    pub test_clock: Option<Arc<ShiftedClock>>,
    pub mail: Option<MailFolder>,
    pub webhooks: Option<WebhookSink>,
    pub panel: Option<Panel>,
}

/// Serves it, and keeps the metrics that it shows up to date.
pub fn serve(
    config: &Config,
    telemetry: &Telemetry,
    listener: TcpListener,
    (program, health, extras): (Program, Health, Extras),
    shutdown: &Shutdown,
) {
    let metrics = telemetry.metrics.clone();
    let text = MetricsText::new({
        let metrics = metrics.clone();
        move || metrics.render()
    });
    shutdown.background().spawn(health.clone().watch(shutdown.stop_background()));
    let Extras { test_clock, mail, webhooks, panel } = extras;
    let console = Console::new(ConsoleParts {
        program,
        metrics: text.clone(),
        health: health.clone(),
        panel,
    });
    let parts =
        OpsParts { health, metrics: text, console: console.clone(), test_clock, mail, webhooks };
    let router = crate::ops::router(parts);
    let bounds = config.connections;
    serve::spawn(Served { name: "ops", listener, router, bounds }, shutdown);
    shutdown.background().spawn(metrics.keep_up(shutdown.stop_background()));
    shutdown.background().spawn(console.keep_watch(shutdown.stop_background()));
}
