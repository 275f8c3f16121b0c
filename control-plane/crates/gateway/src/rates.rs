//! How many requests per second: of one session or token, of one tenant's people together, and of
//! one address that shows nothing good. Counted in this process, so that it costs no round trip;
//! with N gateways a client can get N times as much.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use cp_app::sessions::Credential;
use kernel::TenantId;
use moka::sync::Cache;
use serde::Deserialize;

/// How many are kept of each kind.
const CAPACITY: u64 = 100_000;
const NANOS: u64 = 1_000_000_000;

/// So many per second, and so many at once after a rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Requests per second; 0 for as many as come.
    pub per_second: u32,
    /// Requests at once.
    pub burst: u32,
}

/// The rates of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateSettings {
    /// Of one session or token.
    pub credential: Rate,
    /// Of a tenant's sessions and tokens together.
    pub tenant: Rate,
    /// Of an address, for requests that show no good session or token.
    pub address: Rate,
}

impl Default for RateSettings {
    fn default() -> Self {
        let rate = |per_second, burst| Rate { per_second, burst };
        Self {
            credential: rate(200, 1_000),
            tenant: rate(2_000, 8_000),
            address: rate(50, 400),
        }
    }
}

/// The rate is used up; there is room again after so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooFast {
    pub(crate) retry_after: u32,
}

/// Counts requests.
#[derive(Debug)]
pub(crate) struct Rates {
    born: Instant,
    credentials: Table<Credential>,
    tenants: Table<TenantId>,
    addresses: Table<IpAddr>,
}

impl Rates {
    pub(crate) fn new(settings: &RateSettings) -> Self {
        Self {
            born: Instant::now(),
            credentials: Table::new(settings.credential),
            tenants: Table::new(settings.tenant),
            addresses: Table::new(settings.address),
        }
    }

    /// Counts a request of somebody.
    pub(crate) fn count(&self, credential: Credential, tenant: TenantId) -> Result<(), TooFast> {
        let now = self.now();
        // Their own first: one who is too fast takes nothing from the others.
        self.credentials.count(credential, now)?;
        self.tenants.count(tenant, now)
    }

    /// Counts a request of nobody.
    pub(crate) fn count_nobody(&self, from: IpAddr) -> Result<(), TooFast> {
        self.addresses.count(network_of(from), self.now())
    }

    /// Refuses when nobody from there may ask just now; nothing is counted.
    pub(crate) fn check_nobody(&self, from: IpAddr) -> Result<(), TooFast> {
        self.addresses.check(&network_of(from), self.now())
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// What one subscriber has: an address, or the /64 of an IPv6 address.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        v4 => v4,
    }
}

/// One rate for many, each by themselves (GCRA): kept is the moment up to which the requests so far
/// are paid for.
#[derive(Debug)]
struct Table<K: Hash + Eq + Send + Sync + 'static> {
    /// Nanoseconds that a request costs; 0 when there is no limit.
    cost: u64,
    /// How far ahead of the clock one may be.
    ahead: u64,
    paid: Cache<K, Arc<AtomicU64>>,
}

impl<K: Hash + Eq + Send + Sync + 'static> Table<K> {
    fn new(rate: Rate) -> Self {
        let cost = NANOS.checked_div(u64::from(rate.per_second)).unwrap_or(0);
        let ahead = cost.saturating_mul(u64::from(rate.burst.max(1)));
        // Whoever rested for so long has paid for everything.
        let rest = Duration::from_nanos(ahead).max(Duration::from_secs(1));
        Self {
            cost,
            ahead,
            paid: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_idle(rest)
                .build(),
        }
    }

    fn count(&self, key: K, now: u64) -> Result<(), TooFast> {
        if self.cost == 0 {
            return Ok(());
        }
        let paid = self.paid.get_with(key, Arc::default);
        let counted = paid.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |until| {
            let until = until.max(now) + self.cost;
            (until <= now + self.ahead).then_some(until)
        });
        counted.map(drop).map_err(|until| self.too_fast(until, now))
    }

    fn check(&self, key: &K, now: u64) -> Result<(), TooFast> {
        let until = self.paid.get(key).map(|paid| paid.load(Ordering::Relaxed));
        match until {
            Some(until) if until.max(now) + self.cost > now + self.ahead => {
                Err(self.too_fast(until, now))
            }
            _ => Ok(()),
        }
    }

    fn too_fast(&self, until: u64, now: u64) -> TooFast {
        let room_at = until.saturating_add(self.cost).saturating_sub(self.ahead);
        let wait = room_at.saturating_sub(now).div_ceil(NANOS).max(1);
        TooFast {
            retry_after: u32::try_from(wait).unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = NANOS;

    fn table(per_second: u32, burst: u32) -> Table<u8> {
        Table::new(Rate { per_second, burst })
    }

    #[test]
    fn a_burst_then_the_rate_each_by_themselves() {
        let table = table(10, 3);
        for _ in 0..3 {
            assert!(table.count(1, SECOND).is_ok());
        }
        assert_eq!(table.count(1, SECOND), Err(TooFast { retry_after: 1 }));
        assert!(table.check(&1, SECOND).is_err());
        assert!(table.count(2, SECOND).is_ok());
        // One more after a tenth of a second, not two.
        let later = SECOND + SECOND / 10;
        assert!(table.check(&1, later).is_ok());
        assert!(table.count(1, later).is_ok());
        assert!(table.count(1, later).is_err());
        // All of the burst after a rest.
        for _ in 0..3 {
            assert!(table.count(1, 10 * SECOND).is_ok());
        }
        assert!(table.count(1, 10 * SECOND).is_err());
    }

    #[test]
    fn over_a_long_time_no_more_than_the_rate() {
        let table = table(10, 5);
        let step = SECOND / 1000;
        let taken = (0..10_000).filter(|at| table.count(1, SECOND + at * step).is_ok());
        assert_eq!(taken.count(), 10 * 10 + 4);
    }

    #[test]
    fn one_who_waits_as_told_gets_in() {
        let table = table(1, 2);
        let mut now = SECOND;
        for _ in 0..20 {
            if let Err(TooFast { retry_after }) = table.count(1, now) {
                now += u64::from(retry_after) * SECOND;
                assert!(table.count(1, now).is_ok());
            }
        }
    }

    #[test]
    fn without_a_limit_everything_passes() {
        let table = table(0, 0);
        assert!((0..10_000).all(|_| table.count(1, SECOND).is_ok()));
        assert!(table.check(&1, SECOND).is_ok());
    }

    #[test]
    fn an_ipv6_subscriber_is_a_network() {
        let of = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
