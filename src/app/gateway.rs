//! The sandbox payment gateway as a part of a process: opened from configuration, served until told to stop.

use axum::Router;
use secrecy::{ExposeSecret, SecretSlice};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::AppError;
use crate::config::{BaseUrl, Config, bind, listeners};
use crate::ops::{MetricsText, metrics_routes};
use crate::sandbox::{self, Gateway, Settings};
use crate::shutdown::{Bounds, Shutdown};
use crate::telemetry::Telemetry;

/// A gateway with its record read and its port taken.
pub struct OpenGateway {
    listener: TcpListener,
    gateway: Gateway,
    /// Where this process reaches it.
    pub url: BaseUrl,
}

/// Takes the port first: a second gateway is told so before it touches the record.
///
/// # Errors
/// The port is taken, or the record can't be read.
pub async fn open(config: &Config) -> Result<OpenGateway, AppError> {
    let listener = bind(config.gateway.listen, &listeners::GATEWAY_LISTEN)?;
    let signing_key = config.root_key.gateway_signing_key();
    let settings = Settings::new(
        config.data_dir.join("gateway"),
        config.root_key.gateway_api_key(),
        SecretSlice::from(signing_key.expose_secret().to_vec()),
    );
    let gateway = tokio::task::spawn_blocking(move || Gateway::open(settings))
        .await
        .map_err(|error| AppError::Part(error.into()))?
        .map_err(AppError::Gateway)?;
    // A port of 0 took a free one that only the listener knows; a named address is somebody's wish.
    let address = listener.local_addr().map_err(|error| AppError::Part(error.into()))?;
    let unnamed = config.gateway.url == BaseUrl::of(config.gateway.listen);
    let url = if unnamed { BaseUrl::of(address) } else { config.gateway.url.clone() };
    Ok(OpenGateway { listener, gateway, url })
}

impl OpenGateway {
    /// Serves until `stop`; returns when the record is closed.
    ///
    /// # Errors
    /// The listener fails.
    pub async fn serve(self, stop: CancellationToken) -> Result<(), AppError> {
        self.serve_beside(Router::new(), stop).await
    }

    async fn serve_beside(self, others: Router, stop: CancellationToken) -> Result<(), AppError> {
        sandbox::serve_beside(others, self.listener, self.gateway, stop.cancelled_owned())
            .await
            .map_err(|error| AppError::Part(error.into()))
    }
}

/// `till gateway`: the gateway alone, until a signal; with `/metrics` on its one port, since it has no operators' listener.
///
/// # Errors
/// See [`open`] and [`OpenGateway::serve`].
pub async fn run(config: &Config, telemetry: &Telemetry) -> Result<(), AppError> {
    let gateway = open(config).await?;
    let shutdown =
        Shutdown::new(Bounds { delay: config.shutdown.delay, grace: config.shutdown.grace });
    shutdown.watch_signals().map_err(AppError::Signals)?;
    tracing::info!(address = %config.gateway.listen, "the sandbox gateway is ready");
    let metrics = telemetry.metrics.clone();
    let text = MetricsText::new(move || metrics.render());
    let serving = gateway.serve_beside(metrics_routes(text), shutdown.stop_accepting());
    let serving = shutdown.connections().spawn(serving);
    let _stopped = shutdown.run(|| ()).await;
    serving.await.map_err(|error| AppError::Part(error.into()))?
}
