//! The Rust samples of `docs/guides/`, each a file as a reader would have it: `guides NAME` runs one. No test by itself;
//! `make test-clients` runs all of them against the service and holds pages and files to each other. A page shows a file from
//! one `// ==` to the next, a block each.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "samples are programs of somebody else, with a clock, an environment and a terminal; a page is one of them"
)]

mod authentication;
mod caching;
mod checkout;
mod idempotency;
mod oauth;
mod pagination;
mod rate_limits;
mod reports;
mod retries;
mod sandbox;
mod versions;
mod webhook_endpoint;
mod webhooks;

use std::process::ExitCode;

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    let done = match name.as_str() {
        "authentication" => authentication::main(),
        "caching" => caching::main(),
        "checkout" => checkout::main(),
        "idempotency" => idempotency::main(),
        "oauth" => oauth::main(),
        "pagination" => pagination::main(),
        "rate_limits" => rate_limits::main(),
        "reports" => reports::main(),
        "retries" => retries::main(),
        "sandbox" => sandbox::main(),
        "versions" => versions::main(),
        "webhook_endpoint" => webhook_endpoint::main(),
        "webhooks" => webhooks::main(),
        other => Err(format!("no sample is called {other:?}").into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
