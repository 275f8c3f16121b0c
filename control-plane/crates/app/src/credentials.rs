//! A person's own credentials: changing the password, replacing a forgotten one, and moving to
//! another e-mail address. Each ends what an intruder could have, and tells the owner by mail.

mod email;
mod password;
mod reset;

pub use email::{
    EmailChangeError, WaitingEmail, confirm_email_change, find_email_change, request_email_change,
};
pub use password::{ChangePassword, PasswordChangeError, change_password, has_password};
pub use reset::{
    OpenReset, ResetError, ResetPassword, ResetRequest, find_reset, request_reset, reset_password,
};

use cp_domain::PasswordUse;
use cp_store::{AuditActor, AuditEvent, AuditStore, FactorStore, Person, StoreError};
use kernel::{PersonId, TenantId};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::{
    Auth, Client,
    mail::{self, QueueError},
};

/// Whether the person's password stands alone.
async fn password_use(
    conn: &impl ConnectionTrait,
    person: PersonId,
) -> Result<PasswordUse, StoreError> {
    let factors = FactorStore::get(conn, person).await?.factors;
    Ok(if factors.any() {
        PasswordUse::WithSecondFactor
    } else {
        PasswordUse::Alone
    })
}

/// What a good password has nothing of.
fn about(person: &Person) -> Vec<String> {
    vec![person.email.to_string(), person.name.clone()]
}

async fn audit(
    tx: &DatabaseTransaction,
    auth: &Auth,
    person: PersonId,
    (action, tenant): (&'static str, Option<TenantId>),
    client: &Client,
) -> Result<(), StoreError> {
    let event = AuditEvent {
        actor: AuditActor::Person(person),
        action,
        tenant,
        object: Some(person.as_uuid()),
        detail: serde_json::json!({ "address": client.address, "device": client.device }),
        request_id: None,
    };
    AuditStore::insert(tx, auth.clock.new_uuid(), event, auth.clock.now()).await
}

async fn tell(
    tx: &DatabaseTransaction,
    auth: &Auth,
    person: &Person,
    (subject, happened): (&str, String),
    client: &Client,
) -> Result<(), QueueError> {
    let notice = mailer::SecurityNotice {
        name: person.name.clone(),
        subject: subject.to_owned(),
        happened,
        at: auth.clock.now(),
        address: client.address.clone(),
        device: client.device.clone(),
        advice: "If it was not you, set a new password on the sign-in page (“Forgot password”) \
                 and tell your administrator."
            .to_owned(),
    };
    mail::queue_notice(tx, auth, person, notice).await
}
