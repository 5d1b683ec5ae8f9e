//! What the console of `till up` may break, put together; no other program has it.

use super::AppError;
use crate::config::{BaseUrl, Config, Stage};
use crate::ops::{Panel, WorkerSwitch};
use crate::service::Services;
use crate::service::rehearsal::{Burst, BurstParts, GatewayRehearsal, SandboxFaults, Storefront};
use crate::shutdown::Shutdown;

/// What the passwords of a burst's shoppers are made of.
const SHOPPERS_LABEL: &str = "till shoppers";

/// The panel, in development; `shop`: the public listener's own address, `gateway`: where this process reaches it.
///
/// # Errors
/// The machine's TLS set-up.
pub fn panel(
    config: &Config,
    services: &Services,
    (shop, gateway): (BaseUrl, BaseUrl),
    worker: &WorkerSwitch,
    shutdown: &Shutdown,
) -> Result<Option<Panel>, AppError> {
    if config.stage != Stage::Development {
        return Ok(None);
    }
    let tls = |error: reqwest::Error| AppError::Part(error.into());
    let burst = Burst::new(BurstParts {
        services: services.clone(),
        shop: Storefront::new(shop).map_err(tls)?,
        secret: config.root_key.derive(SHOPPERS_LABEL),
        tasks: shutdown.background().clone(),
        stop: shutdown.asked(),
    });
    let gateway = GatewayRehearsal::new(SandboxFaults::new(gateway).map_err(tls)?);
    Ok(Some(Panel { gateway, burst, worker: worker.clone() }))
}
