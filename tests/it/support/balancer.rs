//! nginx in front of several `api`, with the deployment's own configuration; only names and places in it are the test's.

use std::net::SocketAddr;
use std::process::Stdio;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::line::free_address;
use crate::sandbox::support::Folder;

/// What compose runs.
const CONFIGURATION: &str = include_str!("../../../deploy/nginx/nginx.conf");

/// A proxy that is gone with the test.
pub struct Balancer {
    pub address: SocketAddr,
    _nginx: Child,
    _folder: Folder,
}

impl Balancer {
    pub async fn before(instances: &[SocketAddr]) -> Self {
        let (folder, address) = (Folder::new(), free_address().await);
        let path = folder.path().join("nginx.conf");
        tokio::fs::write(&path, configuration(&folder, address, instances)).await.unwrap();
        let nginx = Command::new("nginx")
            .arg("-c")
            .arg(&path)
            // One process, so that nothing is left when it is killed.
            .args(["-g", "daemon off; master_process off;"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let balancer = Self { address, _nginx: nginx, _folder: folder };
        let mut looks = tokio::time::interval(std::time::Duration::from_millis(10));
        while TcpStream::connect(address).await.is_err() {
            looks.tick().await;
        }
        balancer
    }
}

fn configuration(folder: &Folder, address: SocketAddr, instances: &[SocketAddr]) -> String {
    let servers: String = instances.iter().map(|instance| format!("server {instance}; ")).collect();
    let resolver = "resolver 127.0.0.11 valid=1s ipv6=off;";
    [
        // Docker's name server finds the instances there; here they are listed.
        (resolver, format!("upstream instances {{ {servers} }}").as_str()),
        ("http://api:8080", "http://instances"),
        ("listen 8080;", format!("listen {address};").as_str()),
        ("/tmp/", format!("{}/", folder.path().display()).as_str()),
    ]
    .into_iter()
    .fold(CONFIGURATION.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from} is not in the configuration");
        text.replace(from, to)
    })
}
