//! Opens a listener, and says in one line which setting to change where that fails.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

use super::Setting;

/// So many connections wait to be accepted, the most that Linux allows unless it is told otherwise (`somaxconn`): with the
/// usual 128 a burst of new clients is not heard, and each of them tries again after one second, then three.
const BACKLOG: u32 = 4_096;

/// A listener could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: cannot listen on {address}: {}; choose another address, e.g. {setting}={example}", explain(.source))]
pub struct BindError {
    setting: &'static str,
    example: SocketAddr,
    address: SocketAddr,
    source: io::Error,
}

/// Opens a listener at the address that this setting gave; within a runtime, like everything that waits for sockets.
///
/// # Errors
/// The address is taken, not this machine's, or reserved; the error's line names the setting.
pub fn bind(address: SocketAddr, setting: &Setting) -> Result<TcpListener, BindError> {
    listen(address).map_err(|source| {
        let free = address.port().checked_add(1).filter(|port| *port > 1_024).unwrap_or(18_080);
        let example = SocketAddr::new(address.ip(), free);
        BindError { setting: setting.name, example, address, source }
    })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Or connections that were closed a moment ago would keep a restarted process from its port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another program has this port".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        io::ErrorKind::PermissionDenied => "this port needs more rights".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpStream;
    use tokio::time::timeout;

    use super::super::listeners::LISTEN;
    use super::bind;

    #[tokio::test]
    async fn a_port_that_is_taken_gives_one_line_that_names_the_setting() {
        let first = bind(([127, 0, 0, 1], 0).into(), &LISTEN).expect("a free port");
        let address = first.local_addr().expect("its address");
        let line = bind(address, &LISTEN).expect_err("taken").to_string();
        assert!(
            line.starts_with(&format!(
                "TILL_LISTEN: cannot listen on {address}: another program has this port"
            )),
            "{line}"
        );
        assert_eq!(line.lines().count(), 1);
    }

    /// Other systems allow fewer.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn five_hundred_clients_who_come_at_once_are_heard_before_one_of_them_is_accepted() {
        let listener = bind(([127, 0, 0, 1], 0).into(), &LISTEN).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let mut clients = Vec::new();
        for _ in 0..500 {
            let connected = timeout(Duration::from_secs(10), TcpStream::connect(address)).await;
            clients.push(connected.expect("was heard").expect("is connected"));
        }
    }
}
