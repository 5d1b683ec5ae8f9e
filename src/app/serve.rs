//! Serves a router on a listener until told to stop, then lets what runs finish; knows no route.
//!
//! `axum::serve` sets no time limit on a connection, so the accept loop is ours. A connection is closed when it is
//! silent for longer than the header deadline: before its first request (whatever it has sent by then, also half a
//! preface of HTTP/2), while it sends a head, and between two requests, also where it answers pings. A body is bounded
//! by the deadline of its request, and taking answers, part by part, by [`LEAVE`]. Connections beyond the most wait in the
//! kernel's queue until another one ends. Who was interrupted, its body not read to the end, can still read why (`lingering`).
//!
//! At the stop a connection of HTTP/1 is not closed the moment it is silent: a request may be on its way, and its sender
//! could not know whether it was heard. It is told to go by the next answer, or is closed after [`LINGER`].

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::connections;
use super::lingering::{Asked, Lingering};
use super::traffic::Traffic;
use crate::config::Connections;
use crate::shutdown::Shutdown;

/// Requests under way at a time on one connection of HTTP/2 (RFC 9113 §5.1.2 advises at least 100).
const STREAMS: u32 = 128;
/// Streams that a peer may reset before they were looked at (CVE-2023-44487, "rapid reset").
const RESETS: usize = 20;
/// The whole head of one request, on either version of HTTP; bytes.
const HEAD: u32 = 64 * 1024;
/// Fields in one head.
const FIELDS: usize = 100;
/// Pings to a silent peer of HTTP/2, and how long its answer may take.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_ANSWERED: Duration = Duration::from_secs(10);
/// A peer that was told to go for its silence has so many header deadlines to take the last answers, and any peer to take
/// the next part of one.
const LEAVE: u32 = 4;
/// At the stop, how long a connection is silent before it is closed; longer than a request is on its way.
const LINGER: Duration = Duration::from_millis(250);
/// Pause after an accept that failed for want of file descriptors.
const BREATH: Duration = Duration::from_millis(100);

/// A router and where it is served.
pub struct Served {
    pub name: &'static str,
    pub listener: TcpListener,
    pub router: Router,
    pub bounds: Connections,
}

/// Serves in tasks that the ordered stop waits for.
pub fn spawn(served: Served, shutdown: &Shutdown) {
    let stop = shutdown.stop_accepting();
    let process = shutdown.clone();
    shutdown.connections().spawn(async move { accept(served, &stop, &process).await });
}

async fn accept(served: Served, stop: &CancellationToken, process: &Shutdown) {
    let Served { name, listener, router, bounds } = served;
    let most = usize::try_from(bounds.max).unwrap_or(Semaphore::MAX_PERMITS);
    let places = Arc::new(Semaphore::new(most));
    let http = Arc::new(http(bounds.header_deadline));
    let counted = connections::Connections::of(name, bounds.max);
    let serve = |(stream, peer), place| {
        let (router, open) = (router.clone(), counted.begin());
        let connection = Connection { stream, peer, place, open, router };
        let (http, stop) = (Arc::clone(&http), stop.clone());
        process.connections().spawn(connection.serve(http, bounds.header_deadline, stop));
    };
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.ok()?;
            Some((next_stream(name, &listener).await, place))
        };
        let Some(Some((accepted, place))) = stop.run_until_cancelled(next).await else { break };
        serve(accepted, place);
    }
    // Who is in the kernel's queue by now has connected: closing it would cut them off.
    for accepted in queued(listener) {
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { return };
        serve(accepted, place);
    }
}

/// The connections that were made and not taken yet; asked of the kernel itself, since word of them may still be on its
/// way to the runtime. Nobody connects any more once it is through.
fn queued(listener: TcpListener) -> impl Iterator<Item = (TcpStream, SocketAddr)> {
    let listener = listener.into_std().ok();
    std::iter::from_fn(move || {
        let (stream, peer) = listener.as_ref()?.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        Some((TcpStream::from_std(stream).ok()?, peer))
    })
}

/// The next connection; trouble with one that broke before it was taken is not worth a word.
async fn next_stream(name: &'static str, listener: &TcpListener) -> (TcpStream, SocketAddr) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error)
                if matches!(
                    error.kind(),
                    ConnectionAborted | ConnectionRefused | ConnectionReset
                ) => {}
            Err(error) => {
                tracing::error!(listener = name, %error, "no connection can be accepted");
                sleep(BREATH).await;
            }
        }
    }
}

fn http(header_deadline: Duration) -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_deadline)
        .max_buf_size(HEAD as usize)
        .max_headers(FIELDS);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_pending_accept_reset_streams(RESETS)
        .max_header_list_size(HEAD)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_ANSWERED);
    http
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    /// Given back when the connection ends.
    place: OwnedSemaphorePermit,
    open: connections::Open,
    router: Router,
}

impl Connection {
    async fn serve(
        self,
        http: Arc<Builder<TokioExecutor>>,
        header_deadline: Duration,
        stop: CancellationToken,
    ) {
        let Self { stream, peer, place: _place, open: _open, router } = self;
        // Answers are written whole: nothing is won by holding the last packet back.
        drop(stream.set_nodelay(true));
        let traffic = Traffic::new(Instant::now());
        let service = service_fn(|mut request: Request<Incoming>| {
            let open = traffic.begin();
            request.extensions_mut().insert(ConnectInfo(peer));
            let (version, stop) = (request.version(), stop.clone());
            let answer = router.clone().oneshot(request.map(|body| match version {
                // On HTTP/2 a stream ends by itself.
                Version::HTTP_2 => Body::new(body),
                _ => Body::new(Asked::new(body, traffic.clone())),
            }));
            async move {
                let mut answer: Response<Body> = answer.await?;
                if stop.is_cancelled() && version < Version::HTTP_2 {
                    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(answer.map(|body| open.until_taken(body)))
            }
        });
        let stream = Lingering::new(stream, traffic.clone());
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        let mut patience = header_deadline;
        let mut look = Instant::now() + patience;
        let mut leaving = Leaving::No;
        let ended = loop {
            tokio::select! {
                ended = connection.as_mut() => break ended,
                () = stop.cancelled(), if leaving == Leaving::No => {
                    leaving = Leaving::Asked;
                    patience = LINGER;
                    look = Instant::now() + patience;
                }
                () = sleep_until(look) => match traffic.quiet_since() {
                    None if is_stuck(&traffic, header_deadline) => return,
                    None => look = Instant::now() + patience,
                    Some(since) if since + patience > Instant::now() => {
                        look = since + patience;
                    }
                    Some(_) if !traffic.asked() || leaving == Leaving::Late => return,
                    Some(_) => {
                        leaving = Leaving::Late;
                        look = Instant::now() + header_deadline * LEAVE;
                        connection.as_mut().graceful_shutdown();
                    }
                },
            }
        };
        if let Err(error) = ended {
            // A peer that goes away is no event of ours.
            tracing::debug!(%peer, error, "a connection broke");
        }
    }
}

/// Whether its peer takes nothing of the answers that are all it waits for: a window of HTTP/2 that is never opened.
fn is_stuck(traffic: &Traffic, header_deadline: Duration) -> bool {
    traffic.stuck_since().is_some_and(|since| since.elapsed() > header_deadline * LEAVE)
}

/// Whether a connection was told to close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    No,
    /// With the process.
    Asked,
    /// For its silence; it has [`LEAVE`].
    Late,
}
