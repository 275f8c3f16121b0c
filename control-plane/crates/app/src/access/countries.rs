//! The countries of addresses, from an MMDB file that may be replaced while we run. A file that
//! cannot be read leaves the one before in use.

use std::{
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use chrono::{DateTime, Utc};
use cp_domain::Country;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use maxminddb::Reader;
use serde::Deserialize;

/// What is known of the countries of addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CountryData {
    /// Whether a file is set.
    pub configured: bool,
    /// When the data in use was made; none when there is none in use.
    pub built_at: Option<DateTime<Utc>>,
    /// Why the file could not be read the last time.
    pub fault: Option<String>,
}

/// A database of countries.
#[derive(Debug)]
pub struct CountryDatabase {
    path: Option<PathBuf>,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    reader: Option<Arc<Reader<Vec<u8>>>>,
    stamp: Option<Stamp>,
    fault: Option<String>,
}

/// What tells one file from another without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
}

/// A record: of the ip-location-db family, or of the form of GeoLite.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    country_code: Option<&'a str>,
    #[serde(borrow)]
    country: Option<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    iso_code: Option<&'a str>,
}

impl CountryDatabase {
    /// The database of a file, read if it is there; without one, nothing is known.
    #[must_use]
    pub fn open(path: Option<PathBuf>) -> Self {
        let database = Self {
            path,
            state: RwLock::default(),
        };
        database.look();
        database
    }

    /// The country of an address, when the data knows it.
    #[must_use]
    pub fn find(&self, ip: IpAddr) -> Option<Country> {
        let reader = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(state.reader.as_ref()?)
        };
        let found = reader.lookup(ip.to_canonical()).ok()?;
        let record = found.decode::<Record<'_>>().ok()??;
        let named = record.country.and_then(|country| country.iso_code);
        Country::parse(record.country_code.or(named)?).ok()
    }

    /// What is known.
    #[must_use]
    pub fn status(&self) -> CountryData {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let built = state.reader.as_ref().and_then(|reader| {
            let seconds = i64::try_from(reader.metadata().build_epoch).ok()?;
            DateTime::from_timestamp(seconds, 0)
        });
        CountryData {
            configured: self.path.is_some(),
            built_at: built,
            fault: state.fault.clone(),
        }
    }

    /// Reads the file when it is another one than before; answers whether other data is in use now.
    /// It blocks.
    pub fn look(&self) -> bool {
        let Some(path) = &self.path else { return false };
        let seen = stamp(path);
        {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            if matches!(&seen, Ok(seen) if state.stamp.as_ref() == Some(seen)) {
                return false;
            }
        }
        let read = seen.and_then(|stamp| Ok((stamp, fs::read(path)?)));
        let read = read.map_err(|error| error.to_string());
        let opened = read.and_then(|(stamp, bytes)| {
            let reader = Reader::from_source(bytes).map_err(|error| error.to_string())?;
            Ok((stamp, reader))
        });
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match opened {
            Ok((stamp, reader)) => {
                tracing::info!(
                    built = reader.metadata().build_epoch,
                    "countries of addresses read"
                );
                *state = State {
                    reader: Some(Arc::new(reader)),
                    stamp: Some(stamp),
                    fault: None,
                };
                true
            }
            Err(fault) => {
                if state.fault.as_ref() != Some(&fault) {
                    tracing::warn!(fault, "the countries of addresses could not be read");
                }
                state.fault = Some(fault);
                false
            }
        }
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let file = fs::metadata(path)?;
    Ok(Stamp {
        modified: file.modified().ok(),
        length: file.len(),
    })
}

/// Whether the address is of a private network, this machine, or a carrier's: in no country that a
/// database could know.
pub(super) fn is_local(ip: IpAddr) -> bool {
    const SHARED: Ipv4Net = Ipv4Net::new_assert(std::net::Ipv4Addr::new(100, 64, 0, 0), 10);
    const UNIQUE: Ipv6Net =
        Ipv6Net::new_assert(std::net::Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7);
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            ip.is_loopback() || ip.is_private() || ip.is_link_local() || SHARED.contains(&ip)
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unicast_link_local()
                || IpNet::V6(UNIQUE).contains(&IpAddr::V6(ip))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_in_no_country() {
        let local = [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "100.64.0.1",
            "169.254.1.1",
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
        ];
        for address in local {
            assert!(is_local(address.parse().unwrap()), "{address}");
        }
        for address in ["192.0.2.1", "8.8.8.8", "100.128.0.1", "2001:db8::1"] {
            assert!(!is_local(address.parse().unwrap()), "{address}");
        }
    }
}
