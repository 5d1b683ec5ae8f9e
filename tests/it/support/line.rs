//! A line to a server that a test can cut and open again: a relay of bytes on a port of its own; it understands none.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A way to a server.
#[derive(Debug)]
pub struct Line {
    pub address: SocketAddr,
    target: SocketAddr,
    open: Mutex<Option<(CancellationToken, TaskTracker)>>,
}

impl Line {
    /// Its port is known, and refuses connections until the line is opened.
    pub async fn closed(target: SocketAddr) -> Self {
        Self { address: free_address().await, target, open: Mutex::new(None) }
    }

    pub async fn open(&self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        let (cut, tasks, target) = (CancellationToken::new(), TaskTracker::new(), self.target);
        let (cut_here, connections) = (cut.clone(), tasks.clone());
        tasks.spawn(async move {
            while let Some(Ok((near, _))) = cut_here.run_until_cancelled(listener.accept()).await {
                let cut = cut_here.clone();
                connections
                    .spawn(async move { cut.run_until_cancelled(relay(near, target)).await });
            }
        });
        *self.open.lock().unwrap() = Some((cut, tasks));
    }

    /// Ends every connection and refuses new ones.
    pub async fn cut(&self) {
        let open = self.open.lock().unwrap().take();
        if let Some((cut, tasks)) = open {
            cut.cancel();
            tasks.close();
            tasks.wait().await;
        }
    }
}

async fn relay(mut near: TcpStream, target: SocketAddr) {
    if let Ok(mut far) = TcpStream::connect(target).await {
        drop(tokio::io::copy_bidirectional(&mut near, &mut far).await);
    }
}

/// Ports that no system gives out by itself: whoever asks for any port never gets one of these.
const PORTS: std::ops::Range<u16> = 10_000..30_000;

/// How many addresses one program asks for before it may meet those of another one that started beside it.
const OF_ONE_PROGRAM: usize = 128;

/// An address at which nobody listens now, and which nobody else is given.
pub async fn free_address() -> SocketAddr {
    static GIVEN: AtomicUsize = AtomicUsize::new(0);
    let program = usize::try_from(std::process::id()).unwrap().wrapping_mul(OF_ONE_PROGRAM);
    loop {
        let number = program.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.clone().nth(number % PORTS.len()).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).await.is_ok() {
            return address;
        }
    }
}
