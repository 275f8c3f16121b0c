//! Another cookie for a session whose member was given another role.
//!
//! A cookie that somebody planted or saw while it was worth little must not become worth more under
//! their hands. So the change of a role or of externality marks the member's sessions, and a marked
//! session gets another cookie when its browser next goes to a page: only such an answer is sure to
//! be kept by a browser. Whoever never goes to a page, a program or a script, keeps the cookie;
//! planting cookies is a thing that is done to browsers. What the new role allows and forbids holds
//! for every request at once, whichever cookie it comes with.

use cp_domain::{MemberState, TokenHash};
use cp_store::{MembershipStore, Session, SessionStore, StoreError};
use secrecy::SecretString;

use super::{CachedSession, Credential, PresentedCredential, SessionDirectory};
use crate::secrets::{Minted, mint_opaque};

/// A session that goes on under another cookie.
#[derive(Debug)]
pub struct Rotated {
    /// Who it stands for.
    pub session: CachedSession,
    /// What its browser shows from now on.
    pub credential: PresentedCredential,
    /// The cookie's value.
    pub cookie: SecretString,
}

impl SessionDirectory {
    /// Puts another session in the place of one that is marked: the same in everything but its id
    /// and its cookie. The old cookie is good for nothing from then on, everywhere. Of several that
    /// try at once one gets the new cookie, the others nothing.
    ///
    /// # Errors
    /// When the database fails; the session goes on as it was.
    pub async fn rotate(
        &self,
        session: &CachedSession,
        hash: &TokenHash,
    ) -> Result<Option<Rotated>, StoreError> {
        let Some(id) = session.session_id() else {
            return Ok(None);
        };
        let now = self.clock.now();
        let tx = self.central.begin().await.map_err(StoreError::from)?;
        // Held before the session, as by whoever changes what the member is.
        let member = MembershipStore::find_shared(&tx, session.tenant_id, session.member_id);
        let active = member
            .await?
            .is_some_and(|member| member.membership.state == MemberState::Active);
        if !active || !SessionStore::begin_rotation(&tx, hash, now).await? {
            return Ok(None);
        }
        let before = SessionStore::find(&tx, id).await?;
        let Some(before) = before.filter(|before| before.token_hash == *hash) else {
            return Ok(None);
        };
        let Minted { secret, hash } = mint_opaque();
        let after = Session {
            id: self.clock.new_id(),
            token_hash: hash,
            last_seen_at: now,
            revoked_at: None,
            ..before
        };
        SessionStore::insert(&tx, &after).await?;
        tx.commit().await.map_err(StoreError::from)?;
        self.member_changed(session.member_id).await;
        Ok(Some(Rotated {
            session: CachedSession {
                credential: Credential::Session(after.id),
                rotate_due: false,
                ..session.clone()
            },
            credential: PresentedCredential::Cookie(hash),
            cookie: secret,
        }))
    }
}
