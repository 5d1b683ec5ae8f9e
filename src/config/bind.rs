//! Opens a listener, and says in one line which setting to change where that fails.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::Setting;

/// A listener could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: cannot listen on {address}: {}; choose another address, e.g. {setting}={example}", explain(.source))]
pub struct BindError {
    setting: &'static str,
    example: SocketAddr,
    address: SocketAddr,
    source: io::Error,
}

/// Opens a listener at the address that this setting gave.
///
/// # Errors
/// The address is taken, not this machine's, or reserved; the error's line names the setting.
pub async fn bind(address: SocketAddr, setting: &Setting) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|source| {
        let free = address.port().checked_add(1).filter(|port| *port > 1_024).unwrap_or(18_080);
        let example = SocketAddr::new(address.ip(), free);
        BindError { setting: setting.name, example, address, source }
    })
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
    use super::super::listeners::LISTEN;
    use super::bind;

    #[tokio::test]
    async fn a_port_that_is_taken_gives_one_line_that_names_the_setting() {
        let first = bind(([127, 0, 0, 1], 0).into(), &LISTEN).await.expect("a free port");
        let address = first.local_addr().expect("its address");
        let line = bind(address, &LISTEN).await.expect_err("taken").to_string();
        assert!(
            line.starts_with(&format!(
                "TILL_LISTEN: cannot listen on {address}: another program has this port"
            )),
            "{line}"
        );
        assert_eq!(line.lines().count(), 1);
    }
}
