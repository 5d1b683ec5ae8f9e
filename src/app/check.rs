//! `till check` put together: a small pool without a time limit, and the gateway's record.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use super::{AppError, database};
use crate::cli::{self, CheckArgs};
use crate::config::{Config, Database};
use crate::service::check::GatewayRecord;

/// A page of the record is larger than any answer that a customer waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// # Errors
/// No database is named, or it can't be read.
pub async fn run(config: &Config, args: &CheckArgs) -> Result<ExitCode, Box<dyn Error>> {
    let url = config.database.url.as_ref().ok_or(AppError::NoDatabase)?;
    let unhurried = Database {
        pool_min: 0,
        pool_max: 2,
        statement_timeout: Duration::ZERO,
        ..config.database.clone()
    };
    let pool = database::pool(url, &unhurried)?;
    let gateway = if args.no_gateway {
        None
    } else {
        Some(GatewayRecord::new(config.gateway.url.clone(), PATIENCE)?)
    };
    let code = cli::check::run(&pool, gateway.as_ref(), i64::from(args.most)).await?;
    pool.close().await;
    Ok(code)
}
