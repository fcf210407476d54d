//! Which household a request comes from, as far as it can be told.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::listen::Visitor;

/// The browser's address. Of an IPv6 address only the network counts, because one household has many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub IpAddr);

impl<S: Sync> FromRequestParts<S> for Address {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(request: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        // Without a connection (a test of the router alone) everybody is the same one.
        let visitor =
            request.extensions.get::<Visitor>().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |visitor| visitor.0);
        Ok(Self(network(visitor)))
    }
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
    fn a_household_has_many_addresses_of_one_network() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        assert_eq!(network(ip("2001:db8:1:2:3:4:5:6")), network(ip("2001:db8:1:2::9")));
        assert_ne!(network(ip("2001:db8:1:2::9")), network(ip("2001:db8:1:3::9")));
        assert_ne!(network(ip("203.0.113.7")), network(ip("203.0.113.8")));
    }
}
