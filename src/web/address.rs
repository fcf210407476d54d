//! Where a request comes from, as far as it can be told.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::ConnectInfo;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::listen::Peer;

/// The browser's address: the connection's own, or, behind a proxy on this machine or network, the one that the proxy saw.
/// Of an IPv6 address only the network counts, because one household has many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub IpAddr);

impl<S: Sync> FromRequestParts<S> for Address {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(request: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let peer = request.extensions.get::<ConnectInfo<Peer>>().map(|ConnectInfo(Peer(peer))| peer.ip());
        // Without a connection (a test of the router alone) everybody is the same one.
        let peer = peer.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)).to_canonical();
        Ok(Self(network(of_browser(peer, &request.headers))))
    }
}

/// The last entry is the nearest proxy's own; earlier ones are whatever the browser wrote.
fn of_browser(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let ours = match peer {
        IpAddr::V4(peer) => peer.is_loopback() || peer.is_private(),
        IpAddr::V6(peer) => peer.is_loopback() || peer.is_unique_local(),
    };
    let told = headers.get_all("x-forwarded-for").iter().next_back().and_then(|told| told.to_str().ok());
    let told = told.and_then(|told| told.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    told.filter(|_| ours).map_or(peer, |told| told.to_canonical())
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_of_ours_is_believed_and_only_its_own_entry() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "198.51.100.9, 203.0.113.7".parse().expect("a header"));
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        assert_eq!(of_browser(ip("127.0.0.1"), &headers), ip("203.0.113.7"));
        assert_eq!(of_browser(ip("172.18.0.2"), &headers), ip("203.0.113.7"));
        assert_eq!(of_browser(ip("192.0.2.1"), &headers), ip("192.0.2.1"));
        assert_eq!(of_browser(ip("127.0.0.1"), &HeaderMap::new()), ip("127.0.0.1"));
        assert_eq!(network(ip("2001:db8:1:2:3:4:5:6")), network(ip("2001:db8:1:2::9")));
        assert_ne!(network(ip("2001:db8:1:2::9")), network(ip("2001:db8:1:3::9")));
    }
}
