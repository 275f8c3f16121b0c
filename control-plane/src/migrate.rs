//! The central schema.

use anyhow::Context as _;
use migrations::{Pending, Report, Target};
use url::Url;

use crate::settings::Settings;

/// Brings the central database to the newest schema.
pub fn run(settings: &Settings) -> anyhow::Result<Report> {
    Ok(migrations::central::run(&target(settings)?)?)
}

/// What a run would do.
pub fn pending(settings: &Settings) -> anyhow::Result<Pending> {
    Ok(migrations::central::pending(&target(settings)?)?)
}

/// The account and database of `database.url`.
fn target(settings: &Settings) -> anyhow::Result<Target> {
    // The address has a password: it must not come into a message.
    let url = Url::parse(settings.database.url.expose())
        .ok()
        .filter(|url| url.scheme() == "mysql")
        .context("database.url must be mysql://user:password@host:port/name")?;
    Ok(Target {
        host: url
            .host_str()
            .context("database.url has no host")?
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
        .context("database.url has characters that are no UTF-8")?
        .into_owned())
}
