//! What development and tests want from package registries: installed as locked under
//! `target/dev-tools`, once. Nothing here is part of the product; what cannot be had is told, and
//! what needs it says so itself.

pub mod go;
pub mod node;
mod python;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::paths::{Profile, Repository, Stack};
use crate::progress;
use crate::services::Addresses;

/// Which country an address belongs to: data in the public domain.
const COUNTRIES: &str = "node_modules/@ip-location-db/geo-whois-asn-country-mmdb";

/// Makes ready what a set of servers is used with, and tells where it is.
pub fn make_ready(repository: &Repository, stack: &Stack) -> Addresses {
    let mut addresses = Addresses::new();
    let mut offer = |key: &str, what: &str, found: Result<PathBuf>| match found {
        Ok(path) => addresses.push((key.to_owned(), path.display().to_string())),
        Err(reason) => progress::note(&format!("{what}: {reason:#}")),
    };
    if stack.profile == Profile::Dev {
        offer(
            "TRELLIS_COUNTRY_DATABASE",
            "no country database, so every address is of an unknown country",
            countries(repository, stack),
        );
        return addresses;
    }
    offer(
        "TRELLIS_TEST_COUNTRY_DATABASE",
        "no country database, so tests of countries will fail",
        countries(repository, stack),
    );
    if stack.profile == Profile::Test {
        offer(
            "TRELLIS_TEST_PROVIDER",
            "no OpenID provider, so tests of single sign-on in a browser will fail",
            node::install(repository, stack, "infra/e2e/provider", "provider"),
        );
        offer(
            "TRELLIS_TEST_SCIM_TESTER",
            "no SCIM tester, so its test will fail",
            python::install(repository, stack, "infra/e2e/scim", "scim"),
        );
    }
    addresses
}

/// The database of countries, fetched when it is not there.
fn countries(repository: &Repository, stack: &Stack) -> Result<PathBuf> {
    let installed = node::install(repository, stack, "infra/dev/countries", "countries")?;
    let file = installed.join(COUNTRIES).join("geo-whois-asn-country.mmdb");
    ensure!(file.exists(), "the package has no {}", file.display());
    Ok(file)
}

/// What an installation under `target/dev-tools` was made from, as the file beside it says.
struct Kept {
    directory: PathBuf,
    wanted: String,
}

impl Kept {
    /// The installation of this name, made from this lock file.
    fn of(repository: &Repository, sources: &str, lock: &str, name: &str) -> Result<Self> {
        let lock = repository.root().join(sources).join(lock);
        let wanted = std::fs::read_to_string(&lock)
            .with_context(|| format!("cannot read {}", lock.display()))?;
        let directory = repository.target().join("dev-tools").join(name);
        Ok(Self { directory, wanted })
    }

    /// Whether it is as it should be.
    fn is_fresh(&self) -> bool {
        std::fs::read_to_string(self.directory.join("installed"))
            .is_ok_and(|kept| kept == self.wanted)
    }

    /// Writes down that it is.
    fn remember(&self) -> Result<()> {
        Ok(std::fs::write(
            self.directory.join("installed"),
            &self.wanted,
        )?)
    }
}
