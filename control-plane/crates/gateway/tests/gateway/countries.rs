//! The countries of addresses, from a file that is replaced while it is in use.

use std::{fs, net::IpAddr};

use cp_app::access::CountryDatabase;
use cp_domain::Country;
use uuid::Uuid;

fn country(code: &str) -> Option<Country> {
    Country::parse(code).ok()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A path of a file that is not there yet.
pub fn new_file() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("countries-{}.mmdb", Uuid::now_v7()))
}

#[test]
fn a_file_is_read_again_when_it_is_replaced_and_kept_when_it_is_broken() {
    let path = new_file();
    let database = CountryDatabase::open(Some(path.clone()));
    let status = database.status();
    assert!(status.configured && status.built_at.is_none() && status.fault.is_some());
    assert_eq!(database.find(ip("192.0.2.1")), None);

    let first = testkit::mmdb(&[("192.0.2.0/24", "DE"), ("2001:db8::/32", "FR")]);
    fs::write(&path, &first).unwrap();
    assert!(database.look());
    assert!(!database.look());
    assert_eq!(database.find(ip("192.0.2.1")), country("DE"));
    assert_eq!(database.find(ip("::ffff:192.0.2.1")), country("DE"));
    assert_eq!(database.find(ip("2001:db8::1")), country("FR"));
    assert_eq!(database.find(ip("192.0.3.1")), None);
    assert!(database.status().built_at.is_some() && database.status().fault.is_none());

    fs::write(&path, b"no database at all").unwrap();
    assert!(!database.look());
    assert!(database.status().fault.is_some());
    assert_eq!(database.find(ip("192.0.2.1")), country("DE"));

    let second = testkit::mmdb(&[("192.0.2.0/25", "KP"), ("192.0.2.128/25", "US")]);
    fs::write(&path, second).unwrap();
    assert!(database.look());
    assert_eq!(database.find(ip("192.0.2.1")), country("KP"));
    assert_eq!(database.find(ip("192.0.2.129")), country("US"));
    assert_eq!(database.find(ip("2001:db8::1")), None);
    fs::remove_file(&path).unwrap();
    assert!(!database.look());
    assert_eq!(database.find(ip("192.0.2.1")), country("KP"));
}

#[test]
fn records_of_both_families_are_read() {
    let path = new_file();
    fs::write(&path, testkit::mmdb_of_places(&[("192.0.2.0/24", "DE")])).unwrap();
    let database = CountryDatabase::open(Some(path.clone()));
    assert_eq!(database.find(ip("192.0.2.1")), country("DE"));
    fs::remove_file(&path).unwrap();
}
