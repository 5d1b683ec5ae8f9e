//! `till probe URL`: asks one address once, for health checks in containers that have no other client; it reads no settings.

use std::time::Duration;

/// Longest time for the whole answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why the address doesn't count as healthy.
#[derive(Debug, thiserror::Error)]
pub enum ProbeFailure {
    #[error("{0}")]
    Unreachable(#[from] reqwest::Error),
    #[error("the answer is {0}")]
    Unhealthy(reqwest::StatusCode),
}

/// # Errors
/// Anything but an answer of 2xx within three seconds.
pub async fn run(url: &str) -> Result<(), ProbeFailure> {
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    let status = client.get(url).send().await?.status();
    if status.is_success() { Ok(()) } else { Err(ProbeFailure::Unhealthy(status)) }
}
