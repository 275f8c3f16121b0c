//! Layers, secrets and faults, as a program sees them.

#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;
use settings::{Fault, Loaded, Secret, SettingsError, Source, Validate};

const DEFAULTS: &str = r#"
# Where it listens.
listen = "127.0.0.1:8080"

[database]
# The address.
url = "mysql://app:default-secret@localhost/app"
# The most connections.
max_connections = 16
# How long a call waits, in seconds.
wait = 1.5

[mail]
# Whether mail is sent.
enabled = false
# Who may send.
senders = ["a@x.example"]
# json or text.
format = "json"

# Free words.
[labels]
"#;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    listen: std::net::SocketAddr,
    database: Database,
    mail: Mail,
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Database {
    url: Secret,
    max_connections: u32,
    wait: f64,
}

#[derive(Debug, Deserialize)]
struct Mail {
    enabled: bool,
    senders: Vec<String>,
    format: Format,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Format {
    Json,
    Text,
}

impl Validate for Settings {
    fn validate(&self, faults: &mut Vec<Fault>) {
        if self.database.max_connections == 0 {
            faults.push(Fault::new("database.max_connections", "must be at least 1"));
        }
        if self.mail.enabled && self.mail.senders.is_empty() {
            faults.push(Fault::new(
                "mail.senders",
                "mail is enabled, but nobody may send",
            ));
        }
    }
}

fn load(file: Option<&Path>, env: &[(&str, &str)]) -> Result<Loaded<Settings>, SettingsError> {
    let env = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    settings::load_from(
        Source {
            prefix: "CP",
            defaults: DEFAULTS,
            file,
        },
        env,
    )
}

fn file(name: &str, text: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("trellis-settings-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let path = file(
        "layers.toml",
        "[database]\nmax_connections = 8\nwait = 2\n[labels]\nregion = \"eu\"\n",
    );
    let env = [
        ("CP__DATABASE__MAX_CONNECTIONS", "4"),
        ("CP__MAIL__SENDERS", "b@x.example, c@x.example"),
        ("CP__MAIL__ENABLED", "true"),
        ("CP__MAIL__FORMAT", "text"),
        ("OTHER__LISTEN", "nonsense"),
    ];
    let loaded = load(Some(&path), &env).unwrap();
    let settings = &loaded.settings;
    assert_eq!(settings.listen.port(), 8080);
    assert_eq!(settings.database.max_connections, 4);
    assert!((settings.database.wait - 2.0).abs() < f64::EPSILON);
    assert_eq!(settings.mail.senders, ["b@x.example", "c@x.example"]);
    assert!(settings.mail.enabled);
    assert_eq!(settings.mail.format, Format::Text);
    assert_eq!(
        settings.labels.get("region").map(String::as_str),
        Some("eu")
    );
    std::fs::remove_file(path).unwrap();
}

#[test]
fn every_fault_is_reported_at_once() {
    let path = file(
        "faults.toml",
        "lisen = \"x\"\n[database]\nmax_connections = \"many\"\n",
    );
    let env = [
        ("CP__LISTEN", "nowhere"),
        ("CP__MAIL__ENABLED", "perhaps"),
        ("CP__MAIL__FORMAT", "xml"),
        ("CP__DATABASE__URL_FILE", "/nonexistent/secret"),
        ("CP__TYPO__X", "1"),
    ];
    let error = load(Some(&path), &env).unwrap_err();
    let text = error.to_string();
    let keys = [
        "lisen: there is no such setting (in the file)",
        "database.max_connections: must be a whole number (in the file)",
        "listen: ",
        "mail.enabled: must be true or false (in the environment)",
        "mail.format: unknown variant `xml`",
        "database.url_file: /nonexistent/secret: ",
        "typo: there is no such setting (in the environment)",
    ];
    for key in keys {
        assert!(
            text.contains(&format!("\n  {key}")),
            "{key} is missing in:\n{text}"
        );
    }
    assert_eq!(error.faults.len(), keys.len(), "{text}");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn rules_across_fields_report_every_fault() {
    let env = [
        ("CP__DATABASE__MAX_CONNECTIONS", "0"),
        ("CP__MAIL__ENABLED", "true"),
        ("CP__MAIL__SENDERS", ""),
    ];
    assert_eq!(load(None, &env).unwrap_err().faults.len(), 2);
}

#[test]
fn a_secret_comes_from_its_file_and_is_never_shown() {
    let path = file("secret", "mysql://app:from-file@localhost/app\n");
    let env = [("CP__DATABASE__URL_FILE", path.to_str().unwrap())];
    let loaded = load(None, &env).unwrap();
    assert_eq!(
        loaded.settings.database.url.expose(),
        "mysql://app:from-file@localhost/app"
    );
    let shown = format!("{}\n{:?}", loaded.print(), loaded.settings);
    assert!(!shown.contains("from-file"), "{shown}");
    assert!(
        loaded.print().contains("url = \"<redacted>\""),
        "{}",
        loaded.print()
    );
    assert!(loaded.print().contains("max_connections = 16"));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_file_that_is_not_there_or_not_toml_is_a_fault() {
    let error = load(Some(Path::new("/nonexistent.toml")), &[]).unwrap_err();
    assert!(error.to_string().contains("/nonexistent.toml: "), "{error}");
    let path = file("broken.toml", "[database\n");
    assert_eq!(load(Some(&path), &[]).unwrap_err().faults.len(), 1);
    std::fs::remove_file(path).unwrap();
}
