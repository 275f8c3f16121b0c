//! A small writer of MMDB files, so that tests say themselves which address is in which country.

use std::net::IpAddr;

/// Bytes between the tree and the data.
const GAP: usize = 16;
const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";
/// The moment at which the file says that it was made.
const BUILT: u64 = 1_700_000_000;

/// A record of the tree.
#[derive(Clone, Copy)]
enum Record {
    None,
    Node(usize),
    Data(usize),
}

/// A database with the countries of these networks, in the form of the ip-location-db family.
#[must_use]
pub fn mmdb(countries: &[(&str, &str)]) -> Vec<u8> {
    write(countries, |code| map(&[("country_code", text(code))]))
}

/// The same in the form of GeoLite.
#[must_use]
pub fn mmdb_of_places(countries: &[(&str, &str)]) -> Vec<u8> {
    write(countries, |code| {
        map(&[("country", map(&[("iso_code", text(code))]))])
    })
}

fn write(countries: &[(&str, &str)], record: impl Fn(&str) -> Vec<u8>) -> Vec<u8> {
    let mut nodes = vec![[Record::None; 2]];
    let mut data = Vec::new();
    for (network, code) in countries {
        let (address, prefix) = read(network);
        let mut node = 0;
        for at in 0..prefix {
            let side = usize::from(address >> (127 - at) & 1 == 1);
            if at + 1 == prefix {
                *slot(&mut nodes, node, side) = Record::Data(data.len());
                break;
            }
            node = match *slot(&mut nodes, node, side) {
                Record::Node(next) => next,
                Record::None | Record::Data(_) => {
                    nodes.push([Record::None; 2]);
                    let next = nodes.len() - 1;
                    *slot(&mut nodes, node, side) = Record::Node(next);
                    next
                }
            };
        }
        data.extend(record(code));
    }
    let count = nodes.len();
    let mut file = Vec::new();
    for record in nodes.into_iter().flatten() {
        let value = match record {
            Record::None => count,
            Record::Node(next) => next,
            Record::Data(offset) => count + GAP + offset,
        };
        let value = super::must(u32::try_from(value), "a small tree");
        file.extend(value.to_be_bytes().into_iter().skip(1));
    }
    file.extend([0; GAP]);
    file.extend(data);
    file.extend(MARKER);
    file.extend(map(&[
        ("node_count", number(6, count as u64)),
        ("record_size", number(5, 24)),
        ("ip_version", number(5, 6)),
        ("database_type", text("test-country")),
        // An array without elements.
        ("languages", vec![0, 4]),
        ("binary_format_major_version", number(5, 2)),
        ("binary_format_minor_version", number(5, 0)),
        ("build_epoch", number(9, BUILT)),
        ("description", map(&[])),
    ]));
    file
}

/// A record of a node.
fn slot(nodes: &mut [[Record; 2]], node: usize, side: usize) -> &mut Record {
    let found = nodes.get_mut(node).and_then(|node| node.get_mut(side));
    super::must(found.ok_or("none"), "a record of a node that was made")
}

/// A network as 128 bits and the length of its prefix; IPv4 stands at the beginning.
fn read(network: &str) -> (u128, u32) {
    let (address, prefix) = super::must(network.split_once('/').ok_or(network), "a network");
    let address: IpAddr = super::must(address.parse(), "an address");
    let prefix: u32 = super::must(prefix.parse(), "a prefix");
    match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), prefix + 96),
        IpAddr::V6(address) => (u128::from(address), prefix),
    }
}

fn control(kind: u8, size: usize) -> Vec<u8> {
    let size = super::must(u8::try_from(size), "a small value");
    assert!(size < 29, "longer values are not written");
    if kind < 8 {
        vec![kind << 5 | size]
    } else {
        vec![size, kind - 7]
    }
}

fn text(value: &str) -> Vec<u8> {
    [control(2, value.len()), value.as_bytes().to_vec()].concat()
}

fn number(kind: u8, value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes().into_iter();
    let bytes: Vec<u8> = bytes.skip_while(|byte| *byte == 0).collect();
    [control(kind, bytes.len()), bytes].concat()
}

fn map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let pairs_of = |(key, value): &(&str, Vec<u8>)| [text(key), value.clone()].concat();
    let written: Vec<u8> = pairs.iter().flat_map(pairs_of).collect();
    [control(7, pairs.len()), written].concat()
}
