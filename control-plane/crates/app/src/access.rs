//! What access policies are decided by in this process: where a client is, in which country, and
//! what the platform forbids. Tenants' own policies stand in their routes.

mod countries;
mod refusals;
mod settings;

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use clock::Clock;
use cp_domain::{
    Country, TrustedProxies,
    access_policy::{PlatformPolicies, Unknown, Visit},
};
use cp_store::{PlatformPolicyStore, StoreError, UnsafeCountryStore};
use db::CentralDb;
use serde::de::DeserializeOwned;
use tokio::sync::{Notify, watch};

use crate::sessions::ClientAddress;

pub use countries::{CountryData, CountryDatabase};
pub use cp_store::AuditActor;
pub use refusals::{Refusals, Refused};
use settings::Terms;
pub use settings::{AccessSettings, InvalidAccess};

/// How often the platform's policies are read when nobody tells of a change: with the time that
/// this takes, well within the second in which a policy has to hold.
const POLICIES_EVERY: Duration = Duration::from_millis(500);
/// How often the file of countries is looked at.
const COUNTRIES_EVERY: Duration = Duration::from_secs(2);

/// Decides, and knows what to decide by. Clones share everything.
#[derive(Debug, Clone)]
pub struct Access(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    central: CentralDb,
    people: TrustedProxies,
    staff: TrustedProxies,
    unknown_country: Unknown,
    local_country: Option<Country>,
    countries: CountryDatabase,
    known: RwLock<Option<Arc<PlatformPolicies>>>,
    look: Notify,
    changes: watch::Sender<u64>,
    refusals: Refusals,
}

impl Access {
    /// With these settings.
    ///
    /// # Errors
    /// When a setting is not usable.
    pub fn new(
        settings: &AccessSettings,
        central: CentralDb,
        clock: Clock,
    ) -> Result<Self, InvalidAccess> {
        let terms = settings.read()?;
        let path = Some(settings.country_database.as_str()).filter(|path| !path.is_empty());
        let countries = CountryDatabase::open(path.map(PathBuf::from));
        Ok(Self::assemble(terms, countries, central, clock))
    }

    /// Without proxies and without countries.
    #[must_use]
    pub fn open(central: CentralDb, clock: Clock) -> Self {
        let countries = CountryDatabase::open(None);
        Self::assemble(Terms::default(), countries, central, clock)
    }

    fn assemble(
        terms: Terms,
        countries: CountryDatabase,
        central: CentralDb,
        clock: Clock,
    ) -> Self {
        Self(Arc::new(Shared {
            refusals: Refusals::new(central.clone(), clock),
            central,
            people: terms.people,
            staff: terms.staff,
            unknown_country: terms.unknown_country,
            local_country: terms.local_country,
            countries,
            known: RwLock::default(),
            look: Notify::new(),
            changes: watch::Sender::new(0),
        }))
    }

    /// Where a client of the public listener is, whose connection came from `peer` with this header
    /// (see [`Self::header`]).
    pub fn locate<'a>(
        &self,
        peer: IpAddr,
        lines: impl IntoIterator<Item = &'a str>,
    ) -> ClientAddress {
        self.at(self.0.people.client(peer, lines))
    }

    /// Where a client of the staff listener is, behind the back office.
    pub fn locate_staff<'a>(
        &self,
        peer: IpAddr,
        lines: impl IntoIterator<Item = &'a str>,
    ) -> ClientAddress {
        self.at(self.0.staff.client(peer, lines))
    }

    /// The header in which trusted proxies tell of a client.
    #[must_use]
    pub fn header(&self) -> &'static str {
        self.0.people.header().name()
    }

    /// An address with its country.
    #[must_use]
    pub fn at(&self, ip: IpAddr) -> ClientAddress {
        ClientAddress {
            ip,
            country: self.country_of(ip),
        }
    }

    /// The country of an address, when it is known.
    #[must_use]
    pub fn country_of(&self, ip: IpAddr) -> Option<Country> {
        if countries::is_local(ip) {
            return self.0.local_country;
        }
        self.0.countries.find(ip)
    }

    /// Somebody who comes from there now.
    #[must_use]
    pub fn visit(&self, from: Option<ClientAddress>, now: DateTime<Utc>) -> Visit {
        Visit {
            ip: from.map(|from| from.ip),
            country: from.and_then(|from| from.country),
            at: now,
        }
    }

    /// What is known of the countries of addresses.
    #[must_use]
    pub fn country_data(&self) -> CountryData {
        self.0.countries.status()
    }

    /// What happens to people whose country is not known.
    #[must_use]
    pub fn unknown_country(&self) -> Unknown {
        self.0.unknown_country
    }

    /// The platform's policies: as known, or read when they are not.
    ///
    /// # Errors
    /// When they are not known and cannot be read.
    pub async fn policies(&self) -> Result<Arc<PlatformPolicies>, StoreError> {
        let known = self.known();
        match known {
            Some(known) => Ok(known),
            None => self.refresh().await,
        }
    }

    /// Reads the platform's policies.
    ///
    /// # Errors
    /// When they cannot be read; what is known stays.
    pub async fn refresh(&self) -> Result<Arc<PlatformPolicies>, StoreError> {
        let conn = self.0.central.conn();
        let countries = UnsafeCountryStore::list(conn).await?;
        let mut policies = PlatformPolicies {
            unsafe_countries: countries.iter().map(|listed| listed.country).collect(),
            unknown_country: self.0.unknown_country,
            ..PlatformPolicies::default()
        };
        for row in PlatformPolicyStore::list(conn).await? {
            match row.subject.as_str() {
                "people" => policies.people = read(&row.policy)?,
                "staff" => policies.staff = read(&row.policy)?,
                _ => {}
            }
        }
        Ok(self.keep(policies))
    }

    /// Asks whoever keeps the policies to read them now.
    pub fn look(&self) {
        self.0.look.notify_one();
    }

    /// Told whenever an answer may be another one than before.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Tells that an answer may be another one than before.
    pub fn changed(&self) {
        self.0
            .changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Where refusals are remembered.
    #[must_use]
    pub fn refusals(&self) -> &Refusals {
        &self.0.refusals
    }

    /// Keeps everything up to date and writes refusals, for as long as it is polled.
    pub async fn run(&self) {
        tokio::join!(
            self.keep_policies(),
            self.keep_countries(),
            self.0.refusals.run()
        );
    }

    async fn keep_policies(&self) {
        loop {
            if let Err(error) = self.refresh().await {
                tracing::debug!(%error, "the platform's access policies were not read");
            }
            let _ = tokio::time::timeout(POLICIES_EVERY, self.0.look.notified()).await;
        }
    }

    async fn keep_countries(&self) {
        loop {
            tokio::time::sleep(COUNTRIES_EVERY).await;
            let shared = Arc::clone(&self.0);
            let looked = tokio::task::spawn_blocking(move || shared.countries.look());
            if looked.await.unwrap_or(false) {
                self.changed();
            }
        }
    }

    fn known(&self) -> Option<Arc<PlatformPolicies>> {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    fn keep(&self, policies: PlatformPolicies) -> Arc<PlatformPolicies> {
        if let Some(known) = self.known().filter(|known| **known == policies) {
            return known;
        }
        let policies = Arc::new(policies);
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        *known = Some(Arc::clone(&policies));
        drop(known);
        self.changed();
        policies
    }
}

fn read<P: DeserializeOwned>(text: &str) -> Result<P, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::corrupt("platform_policies", "policy"))
}
