//! What webhooks are kept with.

use kernel::TenantId;
use outbound::{FetchError, Fetcher};
use seal::{Purpose, Sealer};
use tr_domain::Faults;
use url::Url;

use super::error::WebhookError;
use super::secret::NewSecret;

/// The longest address.
const LONGEST: usize = 2000;

/// The keys that seal secrets, and the guard of where messages may go. Clones share both.
#[derive(Debug, Clone)]
pub struct Webhooks {
    sealer: Option<Sealer>,
    fetcher: Fetcher,
}

impl Webhooks {
    /// Without a sealer no webhook can be made.
    #[must_use]
    pub const fn new(sealer: Option<Sealer>, fetcher: Fetcher) -> Self {
        Self { sealer, fetcher }
    }

    /// Seals a secret for a tenant.
    pub(super) fn seal(
        &self,
        tenant: TenantId,
        secret: &NewSecret,
    ) -> Result<Vec<u8>, WebhookError> {
        let sealer = self.sealer.as_ref().ok_or(WebhookError::NotSetUp)?;
        Ok(sealer.seal(Purpose::Webhook, tenant, secret.bytes())?)
    }

    /// The address of a text, when messages may be sent there. It is looked at again before each.
    pub(super) async fn vet(&self, text: &str) -> Result<String, Faults> {
        let wrong = |code, detail: String| Faults::one("url", code, detail);
        if text.len() > LONGEST {
            return Err(wrong("too_long", format!("at most {LONGEST} bytes")));
        }
        let url = Url::parse(text.trim())
            .map_err(|_| wrong("invalid", "this is no address".to_owned()))?;
        match self.fetcher.vet(&url).await {
            Ok(()) => Ok(url.into()),
            Err(FetchError::Forbidden(forbidden)) => {
                Err(wrong("forbidden_address", forbidden.to_string()))
            }
            Err(error) => Err(wrong("unknown_host", error.to_string())),
        }
    }
}
