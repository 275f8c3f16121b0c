//! Going in: a code from the staff API becomes a session on the tenant's host.

use chrono::{DateTime, TimeDelta, Utc};
use cp_domain::SupportState;
use cp_store::{
    StoreError, SupportConsentStore, SupportSession, SupportSessionStore, SupportVisit,
};
use kernel::{RequestId, SupportAccessId, TenantId};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{SupportError, SupportGuest, find, tenant_db};
use crate::{
    Auth, Client,
    fleet::Requester,
    secrets::{Minted, hash_opaque, mint_opaque},
    sessions::SUPPORT_PREFIX,
    staff::{
        By,
        record::{Deed, record},
    },
};

/// How long a code is good.
const CODE: TimeDelta = TimeDelta::seconds(30);

/// A way into a tenant, good once and for half a minute.
#[derive(Debug)]
pub struct Entrance {
    /// Where the code is to be posted.
    pub url: String,
    /// The code.
    pub code: SecretString,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// A member of staff is in a tenant.
#[derive(Debug)]
pub struct SupportSignedIn {
    /// The value of the cookie.
    pub cookie: SecretString,
    /// Who, and until when.
    pub guest: SupportGuest,
}

/// Makes a code for a member of staff whose access was granted.
///
/// # Errors
/// When there is no such access of theirs that holds now, or a database fails.
pub async fn enter(
    auth: &Auth,
    by: &By,
    id: SupportAccessId,
    client: &Client,
) -> Result<Entrance, SupportError> {
    let now = auth.clock.now();
    let staff = by.requester.staff.ok_or(SupportError::Nobody)?;
    let access = find(auth, id).await?;
    let access = access
        .filter(|access| access.staff == staff)
        .ok_or(SupportError::NotFound)?;
    match access.state_at(now) {
        SupportState::Granted => {}
        state => return Err(SupportError::State(state)),
    }
    let Minted { secret, hash } = mint_opaque();
    let session = SupportSession {
        id: auth.clock.new_uuid(),
        access: id,
        tenant: access.tenant,
        staff,
        expires_at: now + CODE,
        address: client.address.clone(),
        device: client.device.clone(),
    };
    if auth.directory.support().admit(&session).await?.is_none() {
        return Err(SupportError::State(SupportState::Ended));
    }
    SupportSessionStore::insert_code(auth.central.conn(), &session, &hash, now).await?;
    Ok(Entrance {
        url: format!("{}/auth/support", auth.links.tenant(&access.tenant_slug)),
        code: secret,
        expires_at: session.expires_at,
    })
}

/// Makes a session of a code, on the host of the tenant that it is for. Of several that try at
/// once, one gets in; both sides write it down.
///
/// # Errors
/// [`SupportError::NotFound`] when the code is used, too old or another tenant's, or the access is
/// over.
pub async fn redeem(
    auth: &Auth,
    tenant: TenantId,
    code: &str,
    client: Client,
    request_id: RequestId,
) -> Result<SupportSignedIn, SupportError> {
    let now = auth.clock.now();
    let conn = auth.central.conn();
    let code = hash_opaque(code).ok_or(SupportError::NotFound)?;
    let found = SupportSessionStore::find_usable(conn, tenant, &code, false, now).await?;
    let mut session = found.ok_or(SupportError::NotFound)?;
    let guest = auth.directory.support().admit(&session).await?;
    let guest = guest.ok_or(SupportError::NotFound)?;
    let Minted { secret, hash } = mint_opaque();
    session.expires_at = guest.expires_at;
    session.address = client.address;
    session.device = client.device;
    let db = tenant_db(auth, tenant).await?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    if !SupportSessionStore::begin(&tx, &session, &code, &hash, now).await? {
        return Err(SupportError::NotFound);
    }
    let requester = Requester {
        staff: Some(session.staff),
        request_id: Some(request_id),
    };
    let deed = Deed {
        action: "support.enter",
        tenant: Some(tenant),
        object: Some(session.access.as_uuid()),
        detail: json!({ "address": session.address, "device": session.device }),
    };
    record(&tx, auth, &requester, deed).await?;
    let visit = SupportVisit {
        id: session.id,
        staff_name: guest.staff_name.clone(),
        address: session.address.clone(),
        entered_at: now,
        ended_at: None,
    };
    // Nobody is in whom the tenant has not written down.
    SupportConsentStore::enter(db.conn(), session.access, &visit).await?;
    tx.commit().await.map_err(StoreError::from)?;
    let cookie = format!("{SUPPORT_PREFIX}{}", secret.expose_secret());
    Ok(SupportSignedIn {
        cookie: SecretString::from(cookie),
        guest,
    })
}

/// Leaves the tenant, in every browser; the access stays until its time is over.
///
/// # Errors
/// When a database fails.
pub async fn leave(
    auth: &Auth,
    tenant: TenantId,
    access: SupportAccessId,
    request_id: RequestId,
) -> Result<(), SupportError> {
    let now = auth.clock.now();
    let found = find(auth, access).await?;
    let found = found
        .filter(|found| found.tenant == tenant)
        .ok_or(SupportError::NotFound)?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let sessions = SupportSessionStore::revoke_of(&tx, access, now).await?;
    if sessions.is_empty() {
        return Ok(());
    }
    let requester = Requester {
        staff: Some(found.staff),
        request_id: Some(request_id),
    };
    let deed = Deed {
        action: "support.leave",
        tenant: Some(tenant),
        object: Some(access.as_uuid()),
        detail: json!({ "sessions": sessions.len() }),
    };
    record(&tx, auth, &requester, deed).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.directory.support_ended(&sessions).await;
    let db = tenant_db(auth, tenant).await?;
    SupportConsentStore::leave(db.conn(), access, now).await?;
    Ok(())
}
