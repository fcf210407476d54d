//! Which addresses of members of staff, of webhooks and browsers, may be sent to: pure. Public ones if the operator says so, and private networks that the operator names.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;
use reqwest::Url;

/// One of `DERWENT_WEBHOOK_NETWORKS` or `DERWENT_PUSH_NETWORKS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// Every address of the internet.
    Public,
    Private(IpNet),
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "public" => Ok(Self::Public),
            network => network
                .parse::<IpNet>()
                .or_else(|_| network.parse::<IpAddr>().map(IpNet::from))
                .map(Self::Private)
                .map_err(|_| format!("{network:?} is no network; give `public`, or one as in 10.1.0.0/16")),
        }
    }
}

/// What is no address of the internet, by IANA's registries of special-purpose addresses.
const NOT_PUBLIC: [&str; 25] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/96",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

#[derive(Debug)]
pub struct Reach {
    public: bool,
    named: Vec<IpNet>,
    not_public: Vec<IpNet>,
}

impl Reach {
    pub fn of(networks: &[Network]) -> Self {
        let named = networks.iter().filter_map(|network| match network {
            Network::Public => None,
            Network::Private(network) => Some(*network),
        });
        Self {
            public: networks.contains(&Network::Public),
            named: named.collect(),
            not_public: NOT_PUBLIC.iter().filter_map(|network| network.parse().ok()).collect(),
        }
    }

    pub fn holds(&self, address: IpAddr) -> bool {
        let address = inner(address);
        let in_one = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&address));
        in_one(&self.named) || self.public && !in_one(&self.not_public)
    }

    /// What can be said of an address before its name is looked up.
    ///
    /// # Errors
    /// A sentence for whoever gave it.
    pub fn check(&self, url: &Url) -> Result<(), String> {
        let plain_allowed = url.scheme() == "http" && !self.named.is_empty();
        if url.scheme() != "https" && !plain_allowed {
            return Err("This needs an address that begins with https://.".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "Such an address holds no name or password; the signature of what is sent there proves who sends it."
                    .to_owned(),
            );
        }
        let literal = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        if literal.is_some_and(|address| !self.holds(address)) {
            return Err("This address is private or local. Whoever runs the service can allow its network.".to_owned());
        }
        Ok(())
    }
}

/// An IPv4 address that travels within an IPv6 one counts as what it is.
fn inner(address: IpAddr) -> IpAddr {
    let IpAddr::V6(address) = address else { return address };
    let s = address.segments();
    let v4 = |high: u16, low: u16| IpAddr::from((u32::from(high) << 16 | u32::from(low)).to_be_bytes());
    match s {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        _ => IpAddr::V6(Ipv6Addr::from(s)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(networks: &[&str]) -> Reach {
        Reach::of(&networks.iter().map(|network| network.parse().expect("a network")).collect::<Vec<_>>())
    }

    const INSIDE: [&str; 20] = [
        "127.0.0.1",
        "10.0.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::127.0.0.1",
    ];

    #[test]
    fn every_network_is_read() {
        assert_eq!(reach(&["public"]).not_public.len(), NOT_PUBLIC.len());
    }

    #[test]
    fn nothing_private_or_local_is_reached_unless_its_network_is_named() {
        let public = reach(&["public"]);
        for address in INSIDE {
            assert!(!public.holds(address.parse().expect("an address")), "{address}");
        }
        for address in ["1.1.1.1", "151.101.1.140", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::"] {
            assert!(public.holds(address.parse().expect("an address")), "{address}");
            assert!(!reach(&["10.1.0.0/16"]).holds(address.parse().expect("an address")), "{address}");
        }
        let named = reach(&["public", "10.1.0.0/16"]);
        assert!(named.holds("10.1.2.3".parse().expect("an address")));
        assert!(!named.holds("10.2.0.1".parse().expect("an address")));
    }

    #[test]
    fn an_address_is_https_without_a_password_and_plain_only_where_a_private_network_is_named() {
        let check = |reach: &Reach, url: &str| reach.check(&url.parse().expect("an address")).is_ok();
        let public = reach(&["public"]);
        assert!(check(&public, "https://hooks.example.org/x"));
        for url in [
            "http://hooks.example.org/x",
            "ftp://hooks.example.org",
            "https://ida:secret@hooks.example.org",
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://2130706433/x",
            "https://0x7f.1/x",
            "https://[::ffff:127.0.0.1]/x",
        ] {
            assert!(!check(&public, url), "{url}");
        }
        assert!(check(&reach(&["127.0.0.0/8"]), "http://127.0.0.1:9000/x"));
    }
}
