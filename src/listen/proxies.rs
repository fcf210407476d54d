//! Where a request comes from: the connection's own address, or, behind proxies that we were told to trust, the one that they saw.
//!
//! Nobody is trusted unless named, not even this machine: whoever is believed may choose the address that guesses are counted
//! against and that the audit records. Only `X-Forwarded-For` is read. Of two headers a proxy sets one and passes the other on as the
//! visitor wrote it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Whose word is taken for where a request comes from.
#[derive(Clone, Debug)]
pub struct Proxies {
    trusted: Arc<[IpNet]>,
    has_warned: Arc<AtomicBool>,
}

/// Where a request comes from, as an extension of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visitor(pub IpAddr);

impl Proxies {
    pub fn new(trusted: &[IpNet]) -> Self {
        Self { trusted: trusted.into(), has_warned: Arc::default() }
    }

    /// Each proxy adds whom it saw at the end. So from the end on: as long as somebody is a proxy of ours, what it saw is so.
    pub fn visitor(&self, peer: IpAddr, headers: &HeaderMap) -> Visitor {
        let mut seen = peer.to_canonical();
        let told = headers.get_all("x-forwarded-for");
        if !self.trusts(seen) {
            self.warn_of(seen, told.iter().next().is_some());
            return Visitor(seen);
        }
        // A line that is no text is one entry that is no address.
        let told: Vec<&str> = told.iter().flat_map(|line| line.to_str().unwrap_or("?").split(',')).collect();
        for entry in told.into_iter().rev() {
            let Some(address) = address(entry.trim()) else { break };
            seen = address;
            if !self.trusts(seen) {
                break;
            }
        }
        Visitor(seen)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// A proxy nobody named makes all its visitors one: whoever guesses passwords then keeps everybody waiting.
    fn warn_of(&self, peer: IpAddr, tells: bool) {
        let near = match peer {
            IpAddr::V4(peer) => peer.is_loopback() || peer.is_private(),
            IpAddr::V6(peer) => peer.is_loopback() || peer.is_unique_local(),
        };
        if tells && near && !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "{peer} says for whom it asks (X-Forwarded-For) and is not believed; if it is a proxy of yours, name it in \
                 DERWENT_TRUSTED_PROXIES"
            );
        }
    }
}

/// Some proxies add the port.
fn address(entry: &str) -> Option<IpAddr> {
    let address = entry.parse().or_else(|_| entry.parse::<SocketAddr>().map(|with_port| with_port.ip())).ok()?;
    Some(address.to_canonical())
}

/// `10.0.0.0/8`, `::1`
pub fn network(text: &str) -> Result<IpNet, String> {
    let alone = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse()
        .or_else(|_| alone())
        .map_err(|_| "give it as an address or a network, as in 10.0.0.7 or 10.0.0.0/8".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(trusted: &[&str], peer: &str, lines: &[&'static str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|text| network(text).expect("a network")).collect();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().expect("a header"));
        }
        Proxies::new(&trusted).visitor(peer.parse().expect("an address"), &headers).0.to_string()
    }

    #[test]
    fn nobody_is_believed_who_was_not_named() {
        for peer in ["127.0.0.1", "::1", "10.1.2.3", "192.0.2.1"] {
            assert_eq!(visitor(&[], peer, &["198.51.100.9"]), peer);
        }
        assert_eq!(visitor(&["10.0.0.0/8"], "192.0.2.1", &["198.51.100.9"]), "192.0.2.1");
    }

    #[test]
    fn of_several_proxies_each_vouches_for_the_one_before_it() {
        let ours = ["10.0.0.0/8", "2001:db8:5::/48"];
        assert_eq!(visitor(&ours, "10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(visitor(&ours, "10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        // What the visitor wrote itself stands before what our proxies added.
        assert_eq!(visitor(&ours, "10.0.0.1", &["198.51.100.9, 203.0.113.7, 10.0.0.2"]), "203.0.113.7");
        assert_eq!(visitor(&ours, "10.0.0.1", &["10.9.9.9, 203.0.113.7"]), "203.0.113.7");
        assert_eq!(visitor(&ours, "10.0.0.1", &["198.51.100.9", "203.0.113.7", "2001:db8:5::1"]), "203.0.113.7");
        assert_eq!(visitor(&ours, "10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    }

    #[test]
    fn what_is_no_address_ends_the_chain() {
        let ours = ["10.0.0.0/8"];
        assert_eq!(visitor(&ours, "10.0.0.1", &["198.51.100.9, unknown, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(visitor(&ours, "10.0.0.1", &["198.51.100.9, "]), "10.0.0.1");
        assert_eq!(visitor(&ours, "10.0.0.1", &["203.0.113.7:4711"]), "203.0.113.7");
        assert_eq!(visitor(&ours, "10.0.0.1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(visitor(&ours, "::ffff:10.0.0.1", &["::ffff:203.0.113.7"]), "203.0.113.7");
    }

    #[test]
    fn a_network_is_an_address_too() {
        assert!(network("::1").is_ok() && network("10.0.0.0/8").is_ok());
        assert!(network("10.0.0.0/33").is_err() && network("proxy").is_err());
    }
}
