//! Which addresses a tenant may make us call: those of the public internet, over https.

use std::net::IpAddr;

use ipnet::{Ipv4Net, Ipv6Net};
use url::{Host, Url};

/// The address is not one that a tenant may have us call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForbiddenAddress {
    /// It is not https.
    #[error("the address must begin with https://")]
    NotHttps,
    /// It has no host, or carries credentials or a fragment.
    #[error("the address must be a plain https address")]
    NotPlain,
    /// It leads into a private network or to a machine of ours.
    #[error("the address does not lead to the public internet")]
    NotPublic,
}

/// IANA's special-purpose ranges that the public internet does not route, and what is embedded in
/// wider ones: `a.b.c.d/n`.
const PRIVATE_V4: [([u8; 4], u8); 17] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 52, 193, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// Inside `2000::/3`, all that is routed: protocol assignments with Teredo, documentation, 6to4.
const PRIVATE_V6: [([u16; 2], u8); 4] = [
    ([0x2001, 0], 23),
    ([0x2001, 0xdb8], 32),
    ([0x2002, 0], 16),
    ([0x3fff, 0], 20),
];

/// Whether the address is one of the public internet. IPv4 in IPv6 of whatever form is not.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !PRIVATE_V4.iter().any(|(net, length)| {
            Ipv4Net::new((*net).into(), *length).is_ok_and(|net| net.contains(&address))
        }),
        IpAddr::V6(address) => {
            let routed = address
                .segments()
                .first()
                .is_some_and(|s| s & 0xe000 == 0x2000);
            routed
                && !PRIVATE_V6.iter().any(|([first, second], length)| {
                    let net = std::net::Ipv6Addr::new(*first, *second, 0, 0, 0, 0, 0, 0);
                    Ipv6Net::new(net, *length).is_ok_and(|net| net.contains(&address))
                })
        }
    }
}

/// Decides which addresses are called.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    allow_loopback: bool,
}

impl Guard {
    /// A guard; with `allow_loopback`, this machine is allowed too, over plain http as well.
    #[must_use]
    pub const fn new(allow_loopback: bool) -> Self {
        Self { allow_loopback }
    }

    /// Whether a connection to this address may be made.
    #[must_use]
    pub fn permits(&self, address: IpAddr) -> bool {
        is_public(address) || (self.allow_loopback && address.is_loopback())
    }

    /// Checks what can be seen of a URL without asking a name server.
    ///
    /// # Errors
    /// When it may not be called.
    pub fn check(&self, url: &Url) -> Result<(), ForbiddenAddress> {
        let host = url.host().ok_or(ForbiddenAddress::NotPlain)?;
        let bare =
            url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if !bare {
            return Err(ForbiddenAddress::NotPlain);
        }
        let here = names_this_machine(&host);
        match url.scheme() {
            "https" => {}
            "http" if here && self.allow_loopback => {}
            _ => return Err(ForbiddenAddress::NotHttps),
        }
        let good = match host {
            Host::Ipv4(address) => self.permits(address.into()),
            Host::Ipv6(address) => self.permits(address.into()),
            Host::Domain(_) if here => self.allow_loopback,
            Host::Domain(name) => name.contains('.'),
        };
        if good {
            Ok(())
        } else {
            Err(ForbiddenAddress::NotPublic)
        }
    }
}

fn names_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => is_localhost(name),
    }
}

/// RFC 6761: names that mean this machine, whatever a name server says.
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        let private = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.9",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2001:10::1",
            "2002:7f00:1::",
            "3fff::1",
            "4000::1",
        ];
        for address in private {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "8.8.8.8",
            "1.1.1.1",
            "100.128.0.1",
            "172.32.0.1",
            "2606:4700::1111",
            "2a00:1450::1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn loopback_is_opened_by_the_setting_only_and_nothing_else_is() {
        let (shut, open) = (Guard::new(false), Guard::new(true));
        let check = |guard: Guard, url: &str| guard.check(&Url::parse(url).unwrap());
        for url in [
            "http://127.0.0.1:9/x",
            "http://localhost:9/x",
            "https://[::1]/",
            "http://idp.localhost/",
        ] {
            assert!(check(shut, url).is_err(), "{url}");
            assert_eq!(check(open, url), Ok(()), "{url}");
        }
        for url in [
            "http://idp.example/",
            "https://10.0.0.1/",
            "https://[::ffff:127.0.0.1]/",
            "ftp://idp.example/",
            "https://user@idp.example/",
            "https://user:pw@idp.example/",
            "https://idp.example/#x",
            "https://2130706434x/",
            "https://intranet/",
            "https://169.254.169.254/latest",
            "https://0x0a.1/",
        ] {
            assert!(check(open, url).is_err(), "{url}");
        }
        // Spelled otherwise, it is the same machine.
        for url in ["http://2130706433/", "http://0x7f.1/", "https://127.1/"] {
            assert!(check(shut, url).is_err(), "{url}");
        }
        assert_eq!(check(shut, "https://idp.example/realms/a"), Ok(()));
    }
}
