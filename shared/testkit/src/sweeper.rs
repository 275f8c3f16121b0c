//! A sweep account as the control plane makes one, for one test.

use migrations::sweep;
use mysql::prelude::Queryable;
use url::Url;
use uuid::Uuid;

use crate::{admin, blocking, clean_up, must, services};

/// A sweep account on the server of tests. Gone with the value.
#[derive(Debug)]
pub struct TestSweeper {
    /// Its name, for connections from 127.0.0.1.
    pub user: String,
    /// Its password.
    pub password: String,
    /// Host of the server.
    pub host: String,
    /// Port of the server.
    pub port: u16,
}

impl TestSweeper {
    /// An account that may look at nothing yet.
    pub async fn new() -> Self {
        let url = must(
            Url::parse(&services().mariadb_admin_url),
            "MariaDB's URL is malformed",
        );
        let sweeper = Self {
            user: format!("s_{}", Uuid::new_v4().simple()),
            password: Uuid::new_v4().simple().to_string(),
            host: url.host_str().unwrap_or("127.0.0.1").to_owned(),
            port: url.port().unwrap_or(3306),
        };
        let made = format!(
            "CREATE USER {} IDENTIFIED BY '{}'",
            sweeper.account(),
            sweeper.password
        );
        blocking(move || admin::execute(&mut admin::connect(), &made)).await;
        sweeper
    }

    /// Lets it look at these databases, whose tables are there.
    pub async fn may_look_at(&self, databases: &[&str]) {
        let account = self.account();
        let grants: Vec<String> = databases
            .iter()
            .flat_map(|database| sweep::grants(database, &account))
            .collect();
        blocking(move || {
            let mut conn = admin::connect();
            for grant in grants {
                admin::execute(&mut conn, &grant);
            }
        })
        .await;
    }

    fn account(&self) -> String {
        format!("'{}'@'127.0.0.1'", self.user)
    }
}

impl Drop for TestSweeper {
    fn drop(&mut self) {
        let account = self.account();
        clean_up(move || {
            let mut conn = admin::connect();
            // Its rights go with it.
            let _ = conn.query_drop(format!("DROP USER IF EXISTS {account}"));
            let _ = conn.query_drop(format!("KILL HARD USER {account}"));
        });
    }
}
