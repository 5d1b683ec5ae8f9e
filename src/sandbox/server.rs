//! The door: accepts a bounded number of connections, lets a handler cut its own off, and stops in order.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use super::Gateway;

const CONNECTIONS: usize = 4_096;

/// How long calls under way may take to finish once the provider stops.
const GRACE: Duration = Duration::from_secs(10);

/// Why the provider stopped serving.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener failed.
    #[error("the gateway stopped listening")]
    Listen(#[source] io::Error),
    /// One provider serves one listener, once.
    #[error("this gateway serves already")]
    Serving,
}

/// Serves until `shutdown` ends; then finishes the calls under way within ten seconds, stops what runs beside and lets go
/// of the record, so that it can be opened again when this returns.
///
/// # Errors
/// [`ServeError`]
pub async fn serve(
    listener: TcpListener,
    gateway: Gateway,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    serve_beside(Router::new(), listener, gateway, shutdown).await
}

/// [`serve`], with routes of whoever runs the provider beside its own.
///
/// # Errors
/// [`ServeError`]
pub async fn serve_beside(
    others: Router,
    listener: TcpListener,
    gateway: Gateway,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    if !gateway.start() {
        return Err(ServeError::Serving);
    }
    let stopping = gateway.stopping();
    // Whoever drops this future, rather than ending `shutdown`, stops the provider too.
    let _stops_when_dropped = stopping.clone().drop_guard();
    let stop = {
        let stopping = stopping.clone();
        async move {
            shutdown.await;
            // Calls that hang on purpose end with it.
            stopping.cancel();
        }
    };
    let door = Door { listener, places: Arc::new(Semaphore::new(CONNECTIONS)) };
    let router = others.merge(gateway.router());
    let service = router.into_make_service_with_connect_info::<Line>();
    let served = tokio::select! {
        served = axum::serve(door, service).with_graceful_shutdown(stop).into_future() => served,
        () = async { stopping.cancelled().await; tokio::time::sleep(GRACE).await } => {
            tracing::warn!("some calls to the gateway were still under way when it stopped");
            Ok(())
        }
    };
    gateway.stop().await;
    served.map_err(ServeError::Listen)
}

/// The listener with a bounded number of places; who comes later waits in the system's queue.
struct Door {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

impl Listener for Door {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (stream, from) = Listener::accept(&mut self.listener).await;
        (Wire { stream, line: Line::default(), _place: place }, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A handle by which a handler ends the connection it came by.
#[derive(Debug, Clone, Default)]
pub struct Line(Arc<AtomicBool>);

impl Line {
    /// From now on nothing more is sent: the next write fails, so the server closes the socket without an answer.
    pub fn cut(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::SeqCst) {
            Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut off by an injected fault"))
        } else {
            Ok(())
        }
    }
}

impl Connected<IncomingStream<'_, Door>> for Line {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().line.clone()
    }
}

/// A connection that can be cut off from inside.
struct Wire {
    stream: TcpStream,
    line: Line,
    _place: Option<OwnedSemaphorePermit>,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.line.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.line.check()?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.line.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
