//! The Rust samples of `docs/guides/`, each a file as a reader would have it: `guides NAME` runs one. No test by itself;
//! `make test-clients` runs all of them against the service and holds pages and files to each other.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "samples are programs of somebody else, with a clock, an environment and a terminal"
)]

mod authentication;
mod caching;
mod idempotency;
mod pagination;
#[path = "checkout.rs"]
mod quick_start;
mod retries;
mod webhooks;

use std::process::ExitCode;

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    let done = match name.as_str() {
        "authentication" => authentication::main(),
        "caching" => caching::main(),
        "retries" => retries::main(),
        "idempotency" => idempotency::main(),
        "pagination" => pagination::main(),
        "quick-start" => quick_start::main(),
        "webhooks" => webhooks::main(),
        other => Err(format!("no guide is called {other:?}").into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
