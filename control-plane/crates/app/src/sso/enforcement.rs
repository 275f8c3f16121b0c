//! What a tenant decides about signing in as a whole: enforced single sign-on and who may still
//! use a password in an emergency, the second factor, limits of sessions, contact and colour.

use cp_domain::{ConnectionState, EnforcementGround, MAX_BREAK_GLASS_OWNERS};
use cp_store::{
    Connection, ConnectionStore, Member, MembershipStore, SsoSessionStore, StoreError,
    TenantSecurity, TenantSecurityStore, TenantStore,
};
use kernel::{IfMatch, MemberId, Revision};
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};

use super::{SsoAdminError, connections::audit};
use crate::{Auth, members::Administrator, step_up};

/// Minutes of a limit: from five to a year.
const LIMIT: std::ops::RangeInclusive<u32> = 5..=366 * 24 * 60;

/// A tenant's decisions, with those who may still use a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Security {
    /// The decisions.
    pub decisions: TenantSecurity,
    /// The break-glass owners.
    pub owners: Vec<MemberId>,
}

/// What changes; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct SecurityChange {
    /// Members come in through an identity provider only.
    pub sso_enforced: Option<bool>,
    /// Who may still use a password then.
    pub break_glass_owners: Option<Vec<MemberId>>,
    /// Whoever signs in gives a second factor.
    pub second_factor_required: Option<bool>,
    /// Minutes after which an unused session ends; inner none for the platform's limit.
    pub idle_minutes: Option<Option<u32>>,
    /// Minutes after which any session ends; inner none for the platform's limit.
    pub absolute_minutes: Option<Option<u32>>,
    /// Whom one who is refused may ask.
    pub contact: Option<Option<String>>,
    /// The tenant's colour.
    pub colour: Option<Option<String>>,
}

/// Checks `If-Match`.
pub(super) fn check_match(if_match: IfMatch, current: Revision) -> Result<(), SsoAdminError> {
    match if_match {
        IfMatch::Missing => Err(SsoAdminError::PreconditionRequired),
        wanted if !wanted.holds(current) => Err(SsoAdminError::PreconditionFailed(current)),
        _ => Ok(()),
    }
}

/// The tenant's decisions.
///
/// # Errors
/// When the caller is no architect or the database fails.
pub async fn find_security(auth: &Auth, by: &Administrator<'_>) -> Result<Security, SsoAdminError> {
    let tx = by.begin_as_architect(auth).await?;
    read(&tx, by).await
}

async fn read(tx: &DatabaseTransaction, by: &Administrator<'_>) -> Result<Security, SsoAdminError> {
    let tenant = by.tenant.tenant_id;
    Ok(Security {
        decisions: TenantSecurityStore::get(tx, tenant).await?,
        owners: TenantSecurityStore::list_break_glass_owners(tx, tenant).await?,
    })
}

/// Changes the tenant's decisions. Enforcing single sign-on ends at once every session that did
/// not come through a provider, every client secret and every token.
///
/// # Errors
/// When the caller may not, the precondition or a rule forbids it, or the database fails.
pub async fn change_security(
    auth: &Auth,
    by: &Administrator<'_>,
    change: &SecurityChange,
    if_match: IfMatch,
) -> Result<Security, SsoAdminError> {
    let (tenant, now) = (by.tenant.tenant_id, auth.clock.now());
    let tx = by.begin_as_architect(auth).await?;
    let before = read(&tx, by).await?;
    check_match(if_match, Revision(before.decisions.revision))?;
    step_up::require(auth, by.session)?;
    let decisions = decide(&before.decisions, change)?;
    let owners = change.break_glass_owners.as_ref();
    let owners = normal(owners.unwrap_or(&before.owners));
    let enforces = decisions.sso_enforced && !before.decisions.sso_enforced;
    if decisions.sso_enforced {
        ground(&tx, by, &owners, before.decisions.sso_enforced)
            .await?
            .check()?;
    } else if change.break_glass_owners.is_some() {
        candidates(&tx, by, &owners).await?;
    }
    if owners != before.owners {
        let caller = by.session.member_id;
        TenantSecurityStore::replace_break_glass_owners(&tx, tenant, &owners, caller, now).await?;
    }
    TenantSecurityStore::put(&tx, tenant, &decisions, now).await?;
    let mut detail = json!({ "before": describe(&before), "after": describe(&Security {
        decisions: decisions.clone(), owners: owners.clone(),
    }) });
    if enforces {
        let ended = SsoSessionStore::revoke_others(&tx, tenant, now).await?;
        if let Some(detail) = detail.as_object_mut() {
            let ended = json!({
                "sessions": ended.sessions, "clients": ended.clients, "tokens": ended.tokens,
            });
            detail.insert("ended".to_owned(), ended);
        }
    }
    audit(&tx, auth, by, "security.change", tenant, detail).await?;
    let after = read(&tx, by).await?;
    TenantStore::touch(&tx, tenant, now).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.pushes.routes_changed(tenant).await;
    auth.directory.tenant_changed(tenant).await?;
    Ok(after)
}

fn normal(owners: &[MemberId]) -> Vec<MemberId> {
    let mut owners = owners.to_vec();
    owners.sort_unstable();
    owners.dedup();
    owners
}

fn decide(
    before: &TenantSecurity,
    change: &SecurityChange,
) -> Result<TenantSecurity, SsoAdminError> {
    let after = TenantSecurity {
        sso_enforced: change.sso_enforced.unwrap_or(before.sso_enforced),
        second_factor_required: change
            .second_factor_required
            .unwrap_or(before.second_factor_required),
        idle_minutes: change.idle_minutes.unwrap_or(before.idle_minutes),
        absolute_minutes: change.absolute_minutes.unwrap_or(before.absolute_minutes),
        contact: change
            .contact
            .clone()
            .unwrap_or_else(|| before.contact.clone()),
        colour: change
            .colour
            .clone()
            .unwrap_or_else(|| before.colour.clone()),
        ..before.clone()
    };
    let limits = [after.idle_minutes, after.absolute_minutes];
    if limits
        .into_iter()
        .flatten()
        .any(|minutes| !LIMIT.contains(&minutes))
    {
        return Err(SsoAdminError::Limit);
    }
    if after
        .contact
        .as_deref()
        .is_some_and(|contact| !is_contact(contact))
    {
        return Err(SsoAdminError::Contact);
    }
    if after
        .colour
        .as_deref()
        .is_some_and(|colour| !is_colour(colour))
    {
        return Err(SsoAdminError::Colour);
    }
    Ok(after)
}

fn is_contact(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= 254 && !text.chars().any(char::is_control)
}

fn is_colour(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or_default();
    digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// What enforcing stands on. Who enforces has to have come in by a connection themselves; once it
/// is enforced, only that somebody can help is asked for again.
pub(super) async fn ground(
    tx: &DatabaseTransaction,
    by: &Administrator<'_>,
    owners: &[MemberId],
    enforced: bool,
) -> Result<EnforcementGround, SsoAdminError> {
    let candidates = candidates(tx, by, owners).await?;
    let mut tested = enforced;
    for connection in ConnectionStore::list(tx, by.tenant.tenant_id).await? {
        tested = tested || is_proven_by(by, &connection);
    }
    Ok(EnforcementGround {
        tested,
        owners: owners.len(),
        candidates,
    })
}

/// Whether the caller tested the connection as it is now: a test counts only for who it showed
/// that they themselves would come in.
fn is_proven_by(by: &Administrator<'_>, connection: &Connection) -> bool {
    connection.state == ConnectionState::Enabled
        && connection.tested.is_some_and(|(_, member, revision)| {
            member == by.session.member_id && revision == connection.revision
        })
}

/// How many could be owners; an error when one who is named could not.
async fn candidates(
    tx: &DatabaseTransaction,
    by: &Administrator<'_>,
    owners: &[MemberId],
) -> Result<usize, SsoAdminError> {
    let architects = MembershipStore::list_architects(tx, by.tenant.tenant_id).await?;
    let able: Vec<&Member> = architects
        .iter()
        .filter(|architect| architect.person.password_hash.is_some())
        .collect();
    let is_able = |owner: &MemberId| able.iter().any(|member| member.membership.member == *owner);
    if owners.len() > MAX_BREAK_GLASS_OWNERS || !owners.iter().all(is_able) {
        return Err(SsoAdminError::Owners);
    }
    Ok(able.len())
}

fn describe(security: &Security) -> Value {
    let decisions = &security.decisions;
    json!({
        "sso_enforced": decisions.sso_enforced, "break_glass_owners": security.owners,
        "second_factor_required": decisions.second_factor_required,
        "idle_minutes": decisions.idle_minutes, "absolute_minutes": decisions.absolute_minutes,
        "contact": decisions.contact, "colour": decisions.colour,
    })
}
