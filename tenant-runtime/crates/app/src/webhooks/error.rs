use tr_domain::Faults;
use tr_store::StoreError;

use crate::error::{Denied, use_case_error};
use crate::idempotency::IdempotencyError;

/// Why something is not done with a webhook.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// Not there, not allowed, or another revision.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The values are wrong.
    #[error(transparent)]
    Invalid(#[from] Faults),
    /// There are as many as there may be.
    #[error("there are {0} webhooks, which is the most")]
    TooMany(i64),
    /// It is disabled, and this is for one that is not.
    #[error("the webhook is disabled")]
    Disabled,
    /// There is no key to seal secrets with.
    #[error("webhooks are not set up here")]
    NotSetUp,
    /// A secret cannot be sealed.
    #[error("the secret cannot be sealed: {0}")]
    Seal(#[from] seal::SealError),
    /// The key of the request.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

use_case_error!(WebhookError);
