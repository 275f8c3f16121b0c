//! The central schema.

use anyhow::Context as _;
use migrations::{Pending, Report, Target};
use url::Url;

use crate::settings::Settings;

/// Brings the central database to the newest schema. With an account of its own for that, gives
/// the account of serving programs its rights, too.
pub fn run(settings: &Settings) -> anyhow::Result<Report> {
    let serving = serving(settings)?;
    let Some(owner) = owner(settings)? else {
        return Ok(migrations::central::run(&serving)?);
    };
    let report = migrations::central::run(&owner)?;
    migrations::central::grant(&owner, &serving)?;
    Ok(report)
}

/// What a run would do, asked with the account that would do it.
pub fn planned(settings: &Settings) -> anyhow::Result<Pending> {
    let target = match owner(settings)? {
        Some(owner) => owner,
        None => serving(settings)?,
    };
    Ok(migrations::central::pending(&target)?)
}

/// What is pending, as a serving program sees it.
pub fn pending(settings: &Settings) -> anyhow::Result<Pending> {
    Ok(migrations::central::pending(&serving(settings)?)?)
}

/// The account of `database.url`.
fn serving(settings: &Settings) -> anyhow::Result<Target> {
    target("database.url", settings.database.url.expose())
}

/// The account of `migrate.url`, when there is one.
fn owner(settings: &Settings) -> anyhow::Result<Option<Target>> {
    let url = settings.migrate.url.expose();
    (!url.is_empty())
        .then(|| target("migrate.url", url))
        .transpose()
}

fn target(key: &str, url: &str) -> anyhow::Result<Target> {
    // The address has a password: it must not come into a message.
    let url = Url::parse(url)
        .ok()
        .filter(|url| url.scheme() == "mysql")
        .with_context(|| format!("{key} must be mysql://user:password@host:port/name"))?;
    Ok(Target {
        host: url
            .host_str()
            .with_context(|| format!("{key} has no host"))?
            .to_owned(),
        port: url.port().unwrap_or(3306),
        user: decode(url.username())?,
        password: decode(url.password().unwrap_or_default())?,
        database: decode(url.path().trim_start_matches('/'))?,
    })
}

fn decode(text: &str) -> anyhow::Result<String> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    Ok(decoded
        .context("the address of the database has characters that are no UTF-8")?
        .into_owned())
}
