//! Remembering what staff did, in the transaction that does it, and doing it once per key.

use cp_store::{AuditEvent, AuditStore, StoreError};
use kernel::TenantId;
use sea_orm::ConnectionTrait;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    Auth,
    fleet::{
        KeyError, Keyed, Requester,
        keyed::{keep_in, kept_in},
    },
};

/// Who asks, and the key of the request, when it has one.
#[derive(Debug, Clone)]
pub struct By {
    /// Who asks.
    pub requester: Requester,
    /// The key of the request: with the same key and body, the same answer and one effect.
    pub keyed: Option<Keyed>,
}

/// Something done by staff, or by a command on the server.
pub(crate) struct Deed {
    pub action: &'static str,
    pub tenant: Option<TenantId>,
    pub object: Option<Uuid>,
    pub detail: serde_json::Value,
}

impl By {
    /// A command on the server.
    #[must_use]
    pub const fn system() -> Self {
        Self {
            requester: Requester::system(),
            keyed: None,
        }
    }

    /// What was kept of the answer to an earlier request with this key.
    pub(crate) async fn answered<T: DeserializeOwned>(
        &self,
        auth: &Auth,
    ) -> Result<Option<T>, KeyError> {
        kept_in(&auth.central, &auth.clock, self.keyed.as_ref()).await
    }

    /// Remembers who did what, and what the answer is made of.
    pub(crate) async fn record(
        &self,
        tx: &impl ConnectionTrait,
        auth: &Auth,
        deed: Deed,
        answer: &impl Serialize,
    ) -> Result<(), StoreError> {
        record(tx, auth, &self.requester, deed).await?;
        self.keep(tx, auth, answer).await
    }

    /// Remembers what the answer is made of where nothing was done: the same request is not to do
    /// it later.
    pub(crate) async fn keep(
        &self,
        tx: &impl ConnectionTrait,
        auth: &Auth,
        answer: &impl Serialize,
    ) -> Result<(), StoreError> {
        keep_in(&auth.clock, tx, self.keyed.as_ref(), 200, answer).await
    }
}

/// Remembers who did what.
pub(crate) async fn record(
    tx: &impl ConnectionTrait,
    auth: &Auth,
    requester: &Requester,
    deed: Deed,
) -> Result<(), StoreError> {
    let request_id = requester.request_id.as_ref();
    let event = AuditEvent {
        actor: requester.actor(),
        action: deed.action,
        tenant: deed.tenant,
        object: deed.object,
        detail: deed.detail,
        request_id: request_id.map(|id| id.as_str().to_owned()),
    };
    AuditStore::insert(tx, auth.clock.new_uuid(), event, auth.clock.now()).await
}
