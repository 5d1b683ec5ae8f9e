//! Names to addresses, of which none may lead into a private network; asked again for every connection.

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::AddressRefused;
use super::public_address::is_public;

/// What a look-up will find.
pub type LookupFuture<'a> = BoxFuture<'a, io::Result<Vec<IpAddr>>>;

/// Finds the addresses of a host.
pub trait Lookup: Send + Sync {
    fn addresses<'a>(&'a self, host: &'a str) -> LookupFuture<'a>;
}

/// The system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn addresses<'a>(&'a self, host: &'a str) -> LookupFuture<'a> {
        async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        }
        .boxed()
    }
}

/// The host's addresses; one that is private spoils them all, since nobody says which of them is used.
pub(super) async fn public_addresses(
    lookup: &dyn Lookup,
    host: &str,
) -> Result<Vec<IpAddr>, AddressRefused> {
    let found = lookup.addresses(host).await.unwrap_or_default();
    let public = !found.is_empty() && found.iter().all(|&address| is_public(address));
    if public { Ok(found) } else { Err(AddressRefused::NotPublic) }
}

/// The look-up that the HTTP client makes before it connects.
pub(super) struct GuardedLookup(pub Arc<dyn Lookup>);

impl Resolve for GuardedLookup {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = Arc::clone(&self.0);
        async move {
            match public_addresses(&*lookup, name.as_str()).await {
                // The client puts the URL's port in the place of 0.
                Ok(found) => {
                    let found = found.into_iter().map(|address| SocketAddr::new(address, 0));
                    Ok::<Addrs, _>(Box::new(found))
                }
                Err(refused) => Err(Box::<dyn Error + Send + Sync>::from(refused)),
            }
        }
        .boxed()
    }
}
