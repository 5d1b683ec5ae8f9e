//! Short calls that show whether a part is reached and lets us in; they change nothing and keep no connection.

use std::time::Duration;

use deadpool_redis::redis;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;

use crate::config::BaseUrl;

/// Longest time of one call.
const PATIENCE: Duration = Duration::from_secs(3);

/// A part was not reached, or does not let us in. No variant's text holds a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// Nothing came back in time.
    #[error("no answer within 3 s")]
    Silent(#[from] tokio::time::error::Elapsed),
    /// Redis.
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// RabbitMQ.
    #[error("RabbitMQ: {0}")]
    Broker(#[from] lapin::Error),
    /// The mail server.
    #[error("mail server: {0}")]
    Mail(#[from] lettre::transport::smtp::Error),
    /// The mail server answered, but not as one that takes mail.
    #[error("the mail server does not take commands")]
    MailRefused,
    /// The gateway.
    #[error("gateway: {0}")]
    Gateway(#[from] reqwest::Error),
    /// The gateway does not know our key.
    #[error("the gateway refuses our key")]
    GatewayKeyRefused,
}

/// `PING` at Redis.
///
/// # Errors
/// It is not reached or refuses.
pub async fn ping_redis(url: &SecretString) -> Result<(), ProbeError> {
    let client = redis::Client::open(url.expose_secret())?;
    let answer = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd("PING").query_async::<String>(&mut connection).await
    };
    timeout(PATIENCE, answer).await??;
    Ok(())
}

/// Signs in at RabbitMQ and out again.
///
/// # Errors
/// It is not reached or refuses.
pub async fn ping_broker(url: &SecretString) -> Result<(), ProbeError> {
    let properties =
        lapin::ConnectionProperties::default().with_connection_name("till doctor".into());
    let greet = async {
        let connection = lapin::Connection::connect(url.expose_secret(), properties).await?;
        connection.close(200, "checked".into()).await
    };
    timeout(PATIENCE, greet).await??;
    Ok(())
}

/// Signs in at the mail server; sends nothing.
///
/// # Errors
/// It is not reached or refuses.
pub async fn ping_mail(url: &SecretString) -> Result<(), ProbeError> {
    let transport: AsyncSmtpTransport<Tokio1Executor> =
        AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())?.build();
    if timeout(PATIENCE, transport.test_connection()).await?? {
        return Ok(());
    }
    Err(ProbeError::MailRefused)
}

/// Asks the gateway about a key that was never used.
///
/// # Errors
/// It is not reached, or does not accept our API key.
pub async fn ping_gateway(url: &BaseUrl, api_key: &SecretString) -> Result<(), ProbeError> {
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    let address = url.join("/v1/operations?key=till-doctor");
    let answer = client.get(address).bearer_auth(api_key.expose_secret()).send().await?;
    match answer.status() {
        reqwest::StatusCode::UNAUTHORIZED | reqwest::StatusCode::FORBIDDEN => {
            Err(ProbeError::GatewayKeyRefused)
        }
        status if status.is_server_error() => {
            answer.error_for_status()?;
            Ok(())
        }
        _ => Ok(()),
    }
}
