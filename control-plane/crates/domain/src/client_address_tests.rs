use proptest::prelude::*;

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn proxies(header: ForwardedHeader) -> TrustedProxies {
    TrustedProxies::parse(&["10.0.0.0/8", "2001:db8:ffff::/48", "192.0.2.7"], header).unwrap()
}

#[test]
fn a_header_of_a_stranger_says_nothing() {
    let none = TrustedProxies::default();
    let some = proxies(ForwardedHeader::XForwardedFor);
    for lines in [&["203.0.113.9"][..], &["10.0.0.1, 203.0.113.9"], &[""]] {
        let told = |proxies: &TrustedProxies, peer| proxies.client(ip(peer), lines.iter().copied());
        assert_eq!(told(&none, "10.0.0.1"), ip("10.0.0.1"));
        assert_eq!(told(&some, "198.51.100.1"), ip("198.51.100.1"));
    }
}

#[test]
fn hops_are_read_from_the_nearest_outwards() {
    let proxies = proxies(ForwardedHeader::XForwardedFor);
    for (lines, client) in [
        (&["203.0.113.9"][..], "203.0.113.9"),
        // What the client wrote itself stands further left.
        (
            &["127.0.0.1, 10.9.9.9, 203.0.113.9, 10.0.0.2"],
            "203.0.113.9",
        ),
        (&["1.1.1.1", "203.0.113.9, 192.0.2.7"], "203.0.113.9"),
        (&["203.0.113.9:4711"], "203.0.113.9"),
        (&["[2001:db8::9]:4711"], "2001:db8::9"),
        (&["2001:db8::9"], "2001:db8::9"),
        (&["::ffff:203.0.113.9"], "203.0.113.9"),
        (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        // The nearest proxy does not know: it is the last whose word is taken.
        (&["203.0.113.9, unknown"], "10.0.0.1"),
        (&["203.0.113.9, unknown, 10.0.0.2"], "10.0.0.2"),
        (&["203.0.113.9,"], "10.0.0.1"),
        (&[], "10.0.0.1"),
    ] {
        let told = proxies.client(ip("10.0.0.1"), lines.iter().copied());
        assert_eq!(told, ip(client), "{lines:?}");
    }
    let mapped = proxies.client(ip("::ffff:10.0.0.1"), ["203.0.113.9"]);
    assert_eq!(mapped, ip("203.0.113.9"));
}

#[test]
fn forwarded_is_read_as_its_standard_says() {
    let proxies = proxies(ForwardedHeader::Forwarded);
    for (line, client) in [
        ("for=203.0.113.9", "203.0.113.9"),
        (
            "For=\"203.0.113.9:80\";proto=https;by=10.0.0.1",
            "203.0.113.9",
        ),
        ("for=\"[2001:db8::9]:47011\"", "2001:db8::9"),
        (
            "for=127.0.0.1, for=203.0.113.9;host=\"a,b;for=1.1.1.1\", for=10.0.0.4",
            "203.0.113.9",
        ),
        ("for=203.0.113.9, for=_hidden", "10.0.0.1"),
        ("for=203.0.113.9, proto=https", "10.0.0.1"),
        ("for=203.0.113.9;for=203.0.113.8", "10.0.0.1"),
        ("203.0.113.9", "10.0.0.1"),
    ] {
        assert_eq!(proxies.client(ip("10.0.0.1"), [line]), ip(client), "{line}");
    }
}

proptest! {
    /// Whatever a client puts before it, what the nearest trusted proxy saw is the answer.
    #[test]
    fn nothing_that_a_client_writes_changes_its_address(
        forged in prop::collection::vec("[ -~]{0,60}", 0..4),
        octets in any::<[u8; 4]>(),
    ) {
        let proxies = proxies(ForwardedHeader::XForwardedFor);
        let client = IpAddr::from(octets);
        prop_assume!(!proxies.trusts(client));
        let seen = client.to_string();
        let lines = forged.iter().map(String::as_str).chain([seen.as_str()]);
        prop_assert_eq!(proxies.client(ip("10.0.0.1"), lines), client);
        // A proxy may write on after what stands there, quotes that are open included.
        let line = format!("{}, {seen}", forged.join(", "));
        prop_assert_eq!(proxies.client(ip("10.0.0.1"), [line.as_str()]), client);
        let standard = self::proxies(ForwardedHeader::Forwarded);
        let line = format!("{}, for={seen}", forged.join(", "));
        prop_assert_eq!(standard.client(ip("10.0.0.1"), [line.as_str()]), client);
    }

    #[test]
    fn a_header_of_anything_is_read_without_a_fault(lines in prop::collection::vec(".{0,200}", 0..4)) {
        for header in [ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded] {
            let lines = lines.iter().map(String::as_str);
            let client = proxies(header).client(ip("10.0.0.1"), lines);
            prop_assert!(client == client.to_canonical());
        }
    }
}
