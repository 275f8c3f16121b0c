//! The tenant that gets the provider: its architect registers it through the tenant's own API.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::keycloak::Addresses;
use crate::http::Client;
use crate::paths::Stack;
use crate::services::MariaDb;
use crate::up::{CENTRAL_DATABASE, GATEWAY_PORT, demo};

const SLUG: &str = "acme";
const DOMAIN: &str = "acme.example";
/// What the connection is called: a second run finds it by that.
const NAME: &str = "Keycloak";
const CONNECTIONS: &str = "/auth/v1/security/connections";
const DOMAINS: &str = "/auth/v1/security/domains";

/// The tenant, with its architect signed in.
pub struct Tenant {
    client: Client,
    stack: Stack,
    host: String,
    /// Where its people go.
    pub url: String,
    /// The password of the demo's people, here and at the provider.
    pub password: String,
}

impl Tenant {
    /// Signs the architect in.
    pub fn sign_in(stack: &Stack) -> Result<Self> {
        let demo = demo::Demo::new(stack, &[SLUG.to_owned()])?;
        let tenant = demo.tenants.first().context("the demo has a tenant")?;
        let [architect, ..] = demo::PEOPLE;
        let (host, email) = (tenant.host(), tenant.email(architect));
        let mut client = Client::new(&host, GATEWAY_PORT.number());
        let who = json!({ "email": email, "password": demo.password });
        let answer = client.post("/auth/v1/sign-in", &who)?.json()?;
        ensure!(text(&answer, "status") == "signed_in", "{email}: {answer}");
        Ok(Self {
            client,
            stack: stack.clone(),
            url: format!("http://{host}:{}", GATEWAY_PORT.number()),
            host,
            password: demo.password,
        })
    }

    /// Registers a provider, or finds it; the connection's id.
    pub fn register(&mut self, issuer: &str, secret: &str) -> Result<String> {
        self.own_domain()?;
        let found = self.named()?;
        if let Some(found) = found.filter(|found| text(found, "issuer") == issuer) {
            return Ok(text(&found, "id").to_owned());
        }
        let body = json!({
            "name": NAME,
            "issuer": issuer,
            "client_id": "trellis",
            "client_secret": secret,
            "scopes": ["openid", "email", "profile"],
            "group_claim": "groups",
            "provisions": true,
            "default_role": "user",
            "group_roles": [
                { "group": "leads", "role": "architect" },
                { "group": "planners", "role": "builder" },
            ],
        });
        let made = self.client.post(CONNECTIONS, &body)?.json()?;
        Ok(text(&made, "id").to_owned())
    }

    /// Where the provider finds us.
    pub fn addresses(&self, connection: &str) -> Addresses {
        let sso = format!("{}/auth/sso/{connection}", self.url);
        Addresses {
            host: self.host.clone(),
            callback: format!("{sso}/callback"),
            backchannel: format!("{sso}/backchannel-logout"),
            home: format!("{}/*", self.url),
        }
    }

    fn named(&mut self) -> Result<Option<Value>> {
        let page = self.client.get(CONNECTIONS)?.json()?;
        let rows = page.get("data").and_then(Value::as_array);
        let rows = rows.context("a list without data")?;
        Ok(rows.iter().find(|row| text(row, "name") == NAME).cloned())
    }

    /// Claims the demo's domain. No name server of the world knows it, so that it is verified is
    /// written straight into the database: this is a development machine.
    fn own_domain(&mut self) -> Result<()> {
        let page = self.client.get(DOMAINS)?.json()?;
        let rows = page.get("data").and_then(Value::as_array);
        let known = rows
            .context("a list without data")?
            .iter()
            .any(|row| text(row, "domain") == DOMAIN);
        if !known {
            let claim = json!({ "domain": DOMAIN });
            self.client.post(DOMAINS, &claim)?.must()?;
        }
        MariaDb::new(&self.stack)?.query(&format!(
            "UPDATE {CENTRAL_DATABASE}.verified_domains SET verified_at = NOW(6), \
             checked_at = NOW(6) WHERE domain = '{DOMAIN}' AND verified_at IS NULL"
        ))?;
        Ok(())
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
