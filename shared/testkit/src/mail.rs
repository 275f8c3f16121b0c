//! The development mailbox, for tests that wait for a mail.

use std::time::Duration;

use serde::Deserialize;
use ureq::Agent;
use uuid::Uuid;

use crate::{blocking, eventually, must, services};

/// A mail that arrived.
#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    /// Number, in the order of arrival.
    pub id: u64,
    /// Who it went to.
    pub to: Vec<String>,
    /// Who sent it.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// The plain text, if it has any.
    pub text: Option<String>,
    /// The HTML, if it has any.
    pub html: Option<String>,
}

/// The mailbox that all tests share: use addresses of your own.
#[derive(Debug, Clone, Copy)]
pub struct TestMailbox;

/// The mailbox.
#[must_use]
pub fn mailbox() -> TestMailbox {
    TestMailbox
}

#[derive(Debug, Deserialize)]
struct Listing {
    data: Vec<Mail>,
}

impl TestMailbox {
    /// Where programs send their mail.
    #[must_use]
    pub fn smtp_url(self) -> &'static str {
        &services().smtp_url
    }

    /// An address that no other test has.
    #[must_use]
    pub fn new_address(self, name: &str) -> String {
        format!("{name}-{}@mail.example", Uuid::new_v4().simple())
    }

    /// What arrived for an address, newest first.
    pub async fn messages_to(self, address: &str) -> Vec<Mail> {
        let url = format!("{}/api/v1/messages", services().mailbox_url);
        let address = address.to_owned();
        blocking(move || {
            let agent: Agent = Agent::config_builder()
                .timeout_global(Some(Duration::from_secs(10)))
                .build()
                .into();
            let answer = agent.get(&url).query("to", &address).call();
            let body = answer.and_then(|mut answer| answer.body_mut().read_to_string());
            let listing: Listing = must(
                serde_json::from_str(&must(body, "the mailbox does not answer")),
                "the mailbox answers something else",
            );
            listing.data
        })
        .await
    }

    /// Waits for the next mail to an address.
    ///
    /// # Panics
    ///
    /// When none comes within the limit.
    pub async fn wait_for(self, address: &str, limit: Duration) -> Mail {
        eventually(limit, async || {
            self.messages_to(address).await.into_iter().next()
        })
        .await
    }
}

impl Mail {
    /// The first link in its text, or in its HTML.
    #[must_use]
    pub fn link(&self) -> Option<&str> {
        let bodies = [self.text.as_deref(), self.html.as_deref()];
        bodies.into_iter().flatten().find_map(|body| {
            let start = ["http://", "https://"]
                .iter()
                .filter_map(|s| body.find(s))
                .min()?;
            let link = body.get(start..)?;
            let end = link.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '\''));
            link.get(..end.unwrap_or(link.len()))
        })
    }
}
