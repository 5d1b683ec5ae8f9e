//! Serves a router on a listener until told to stop, then lets what runs finish; knows no route.

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;

use crate::shutdown::Shutdown;

/// Serves in a task that the ordered stop waits for; a listener that fails stops the process.
pub fn spawn(name: &'static str, listener: TcpListener, router: Router, shutdown: &Shutdown) {
    let stop = shutdown.stop_accepting();
    let process = shutdown.clone();
    shutdown.connections().spawn(async move {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = serving.await {
            tracing::error!(listener = name, %error, "a listener failed");
            process.ask();
        }
    });
}
