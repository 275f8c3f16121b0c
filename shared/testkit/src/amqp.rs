//! A RabbitMQ virtual host for one test.

use std::time::Duration;

use serde_json::json;
use ureq::Agent;
use url::Url;
use uuid::Uuid;

use crate::{blocking, clean_up, must, services};

/// How long a declaration may take that is under way.
const SETTLED: Duration = Duration::from_millis(300);

/// A virtual host for one test: its queues and exchanges are nobody else's. Deleted with the value.
#[derive(Debug)]
pub struct TestVhost {
    name: String,
    url: String,
}

/// A virtual host that no other test has.
///
/// # Panics
///
/// When RabbitMQ or its management API cannot be reached.
pub async fn amqp_vhost() -> TestVhost {
    let name = format!("test-{}", Uuid::new_v4().simple());
    let made = name.clone();
    blocking(move || {
        let api = Api::new();
        api.put(
            &format!("/api/vhosts/{made}"),
            &json!({"default_queue_type": "classic"}),
        );
        let all = json!({"configure": ".*", "write": ".*", "read": ".*"});
        api.put(&format!("/api/permissions/{made}/{}", api.user), &all);
    })
    .await;
    let mut url = must(
        Url::parse(&services().amqp_url),
        "RabbitMQ's URL is malformed",
    );
    url.set_path(&name);
    TestVhost {
        name,
        url: url.into(),
    }
}

impl TestVhost {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How to connect to it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestVhost {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        clean_up(move || {
            let api = Api::new();
            // Whoever still declares queues is refused from now on, and what is being declared is
            // done before all is deleted: 3.10 loses the supervisor of dead letters, for every
            // virtual host, when quorum queues go that are only just there.
            api.delete(&format!("/api/permissions/{name}/{}", api.user));
            std::thread::sleep(SETTLED);
            api.delete(&format!("/api/vhosts/{name}"));
        });
    }
}

/// RabbitMQ's management API.
struct Api {
    agent: Agent,
    base: Url,
    user: String,
    authorization: String,
}

impl Api {
    fn new() -> Self {
        let mut base = must(
            Url::parse(&services().amqp_api_url),
            "RabbitMQ's API URL is malformed",
        );
        let user = base.username().to_owned();
        let authorization = format!(
            "Basic {}",
            base64(&format!("{user}:{}", base.password().unwrap_or_default()))
        );
        // Both fail only for URLs without a host.
        let _ = base.set_username("");
        let _ = base.set_password(None);
        let agent = Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .build();
        Self {
            agent: agent.into(),
            base,
            user,
            authorization,
        }
    }

    fn put(&self, path: &str, body: &serde_json::Value) {
        let url = must(self.base.join(path), "a path of RabbitMQ's API");
        let sent = self
            .agent
            .put(url.as_str())
            .header("Authorization", &self.authorization)
            .header("Content-Type", "application/json")
            .send(body.to_string());
        must(sent, path);
    }

    fn delete(&self, path: &str) {
        if let Ok(url) = self.base.join(path) {
            let header = ("Authorization", &self.authorization);
            let _ = self
                .agent
                .delete(url.as_str())
                .header(header.0, header.1)
                .call();
        }
    }
}

/// Base64 of a user and a password.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk
            .iter()
            .chain(std::iter::repeat(&0))
            .take(3)
            .fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte));
        for position in 0..4 {
            let digit = (bits >> (18 - 6 * position)) & 63;
            let shown = position <= chunk.len();
            let letter = DIGITS.get(digit as usize).copied().unwrap_or(b'=');
            encoded.push(if shown { char::from(letter) } else { '=' });
        }
    }
    encoded
}
