//! Long jobs as a part of a process: the store of their files and the gateway's record, made alike for each program.

use std::time::Duration;

use super::AppError;
use crate::clients::files::Files;
use crate::clients::payment_gateway::GatewayRecord;
use crate::config::{BaseUrl, Config};
use crate::service::Services;
use crate::service::jobs::{Jobs, Pace};

/// A page of the record is larger than any answer that a customer waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// `gateway`: where this process reaches it. Nothing is called yet but the folder of files, where it is one.
///
/// # Errors
/// The folder can't be made, or the machine's TLS set-up.
pub fn open(config: &Config, services: &Services, gateway: &BaseUrl) -> Result<Jobs, AppError> {
    let record = GatewayRecord::new(gateway.clone(), PATIENCE);
    Ok(Jobs {
        services: services.clone(),
        files: Files::open(&config.files)?,
        gateway: record.map_err(|error| AppError::Part(error.into()))?,
        pace: Pace::default(),
    })
}
