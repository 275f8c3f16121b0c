//! Where the servers of tests are.

use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

const ADVICE: &str =
    "run `cargo xtask test`, or `cargo xtask services test` once before `cargo test`";

/// Addresses of the servers of tests.
#[derive(Debug, Clone)]
pub struct Services {
    /// MariaDB as its administrator: `mysql://root:…@127.0.0.1:port`, without a database.
    pub mariadb_admin_url: String,
    /// MariaDB's Unix socket.
    pub mariadb_socket: String,
    /// Redis, database 0.
    pub redis_url: String,
    /// RabbitMQ, the default virtual host.
    pub amqp_url: String,
    /// RabbitMQ's management API, with user and password.
    pub amqp_api_url: String,
    /// MongoDB, when there is one.
    pub mongodb_url: Option<String>,
    /// Where mail goes.
    pub smtp_url: String,
    /// Where it can be read.
    pub mailbox_url: String,
    /// Which country an address belongs to, when it could be fetched.
    pub country_database: Option<String>,
    /// Where `oidc-provider` is installed, when it could be fetched.
    pub provider: Option<String>,
    /// The Python that has `scim2-tester`, when it could be fetched.
    pub scim_tester: Option<String>,
}

/// The servers that `cargo xtask test` started: from the environment, else from the file that
/// `cargo xtask services test` writes.
///
/// # Panics
///
/// When there are none.
pub fn services() -> &'static Services {
    static SERVICES: OnceLock<Services> = OnceLock::new();
    SERVICES.get_or_init(|| {
        let written = written();
        let find = |key: &str| {
            std::env::var(key)
                .ok()
                .or_else(|| written.get(key).cloned())
        };
        let need = |key: &str| match find(key) {
            Some(value) => value,
            None => panic!("{key} is not set: {ADVICE}"),
        };
        Services {
            mariadb_admin_url: need("TRELLIS_TEST_MARIADB_URL"),
            mariadb_socket: need("TRELLIS_TEST_MARIADB_SOCKET"),
            redis_url: need("TRELLIS_TEST_REDIS_URL"),
            amqp_url: need("TRELLIS_TEST_AMQP_URL"),
            amqp_api_url: need("TRELLIS_TEST_AMQP_API_URL"),
            mongodb_url: find("TRELLIS_TEST_MONGODB_URL"),
            smtp_url: need("TRELLIS_TEST_SMTP_URL"),
            mailbox_url: need("TRELLIS_TEST_MAILBOX"),
            country_database: find("TRELLIS_TEST_COUNTRY_DATABASE"),
            provider: find("TRELLIS_TEST_PROVIDER"),
            scim_tester: find("TRELLIS_TEST_SCIM_TESTER"),
        }
    })
}

fn written() -> HashMap<String, String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-services/env");
    std::fs::read_to_string(file)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}
