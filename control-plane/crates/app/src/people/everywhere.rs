//! Signing out everywhere: on the host of people and in every tenant.

use cp_store::{AuditActor, AuditEvent, AuditStore, SessionStore, StoreError};
use kernel::PersonId;

use crate::Auth;

/// Ends all sessions of a person, wherever. Tokens go on: they are ended one by one.
///
/// # Errors
/// When the database fails; nothing has ended then.
pub async fn sign_out_everywhere(
    auth: &Auth,
    person: PersonId,
    request_id: String,
) -> Result<(), StoreError> {
    let now = auth.clock.now();
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    SessionStore::revoke_all_of_person(&tx, person, None, now).await?;
    let event = AuditEvent {
        actor: AuditActor::Person(person),
        action: "session.revoke_everywhere",
        tenant: None,
        object: Some(person.as_uuid()),
        detail: serde_json::json!({}),
        request_id: Some(request_id),
    };
    AuditStore::insert(&tx, auth.clock.new_uuid(), event, now).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.directory.person_changed(person).await?;
    Ok(())
}
