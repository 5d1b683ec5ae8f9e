//! Where a request comes from: the peer, or what a trusted proxy says of it; nobody else is believed.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};

use crate::config::TrustedProxies;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Hops that are looked at; a longer list is somebody's joke.
const MOST_HOPS: usize = 32;

/// The client's address; `None` only where no connection is told of, as in a test without one.
///
/// From the last hop backwards, as long as each was added by a proxy that is trusted: the first that isn't one itself is
/// the client. What stands before it is the client's own word.
pub fn client_address(
    headers: &HeaderMap,
    extensions: &Extensions,
    proxies: &TrustedProxies,
) -> Option<IpAddr> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    let mut client = peer.ip().to_canonical();
    let hops = headers.get_all(FORWARDED_FOR).iter().rev().flat_map(|value| {
        // One that is no text breaks the chain like one that is no address.
        value.to_str().unwrap_or_default().rsplit(',')
    });
    for hop in hops.take(MOST_HOPS) {
        if !proxies.trusts(client) {
            break;
        }
        let Some(address) = address(hop.trim()) else { break };
        client = address;
    }
    Some(client)
}

/// Proxies write `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` and `[2001:db8::1]:4711`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.parse::<IpAddr>();
    let address = bare.or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// Whom an address counts for: an IPv4 address for itself, an IPv6 address for its /64, which one household or one machine
/// is given as a whole (RFC 6177). Those of whom no connection is told are one, `unknown`.
#[derive(Debug, Clone, Copy)]
pub struct Network(pub Option<IpAddr>);

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.map(|address| address.to_canonical()) {
            None => f.write_str("unknown"),
            Some(IpAddr::V4(address)) => address.fmt(f),
            Some(IpAddr::V6(address)) => {
                let prefix = Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64));
                write!(f, "{prefix}/64")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr};

    use axum::extract::ConnectInfo;
    use axum::http::{Extensions, HeaderMap, HeaderValue};

    use super::{Network, client_address};
    use crate::config::TrustedProxies;

    /// What is believed of a request from `peer` with these headers, where 10.0.0.0/8 are our proxies.
    fn seen(peer: &str, forwarded: &[&'static str]) -> String {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let mut extensions = Extensions::new();
        let peer: IpAddr = peer.parse().unwrap();
        extensions.insert(ConnectInfo(SocketAddr::new(peer, 4711)));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_static(value));
        }
        client_address(&headers, &extensions, &proxies).unwrap().to_string()
    }

    #[test]
    fn a_stranger_is_who_connects_whatever_it_says_of_itself() {
        assert_eq!(seen("192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
    }

    #[test]
    fn behind_our_proxies_it_is_the_last_that_is_none_of_them() {
        assert_eq!(seen("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["203.0.113.7, 198.51.100.1, 10.9.9.9"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["203.0.113.7", "198.51.100.1:80, 10.9.9.9"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(seen("::ffff:10.0.0.1", &["::ffff:198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn where_the_chain_breaks_the_last_known_hop_counts() {
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["unknown"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1, _hidden, 10.9.9.9"]), "10.9.9.9");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1,"]), "10.0.0.1");
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_caller() {
        let of = |text: &str| Network(Some(text.parse().unwrap())).to_string();
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff::9"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_eq!(of("2001:db8:0:1::1"), "2001:db8:0:1::/64");
    }
}
