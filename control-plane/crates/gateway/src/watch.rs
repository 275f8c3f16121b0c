//! Watching over a tunnel: it ends when a new request like the one that opened it would be refused,
//! or would be made as somebody else.

use std::{sync::Arc, time::Duration};

use cp_app::{
    push::Push,
    sessions::{CachedSession, ClientAddress, PresentedCredential},
};
use cp_domain::{Route, Service};
use tokio::sync::broadcast::error::RecvError;

use crate::{gateway::Shared, policy::Asking};

/// How often the clock is asked while a policy depends on it.
const HOURS_EVERY: Duration = Duration::from_millis(500);
/// How often everything is asked when nobody tells of a change.
const RECHECK_EVERY: Duration = Duration::from_secs(15);

/// Who opened a tunnel, and how.
#[derive(Debug)]
pub(crate) struct Opener {
    pub(crate) credential: PresentedCredential,
    pub(crate) session: Arc<CachedSession>,
    pub(crate) from: Option<ClientAddress>,
}

/// Something to look into.
enum Look {
    /// Who it is may be another.
    Session,
    /// What the policies say may be another.
    Policies,
}

/// Done when the tunnel has to end.
pub(crate) async fn until_ended(shared: Arc<Shared>, opener: Opener) {
    let mut heard = shared.pushes.subscribe();
    let mut changes = shared.policies.changes();
    // Something may have changed between the check at the door and now.
    let mut look = Look::Session;
    loop {
        if matches!(look, Look::Session) && !is_same(&shared, &opener).await {
            return;
        }
        let Some(patience) = may_stay(&shared, &opener).await else {
            return;
        };
        look = tokio::select! {
            Ok(()) = changes.changed() => Look::Policies,
            () = tokio::time::sleep(patience.min(RECHECK_EVERY)) => {
                if patience < RECHECK_EVERY { Look::Policies } else { Look::Session }
            }
            told = told_of(&mut heard, &opener.credential) => match told {
                Some(look) => look,
                None => return,
            },
        };
    }
}

/// Waits for something that concerns the credential; nothing when nothing can be heard any more.
async fn told_of(
    heard: &mut tokio::sync::broadcast::Receiver<Push>,
    credential: &PresentedCredential,
) -> Option<Look> {
    loop {
        match heard.recv().await {
            Ok(Push::Session(hash)) if hash == *credential.hash() => return Some(Look::Session),
            Ok(Push::Lost) | Err(RecvError::Lagged(_)) => return Some(Look::Session),
            Ok(_) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}

/// Whether the credential still stands for whom it stood when the tunnel was opened. While nobody
/// can say, it does.
async fn is_same(shared: &Shared, opener: &Opener) -> bool {
    let opened = &opener.session;
    // Another listener may not have dropped its copy yet.
    shared.access.forget(opener.credential.hash()).await;
    match shared
        .access
        .look(opened.tenant_id, &opener.credential)
        .await
    {
        Ok(Some(now)) => {
            now.version == opened.version
                && (now.role, now.external) == (opened.role, opened.external)
        }
        Ok(None) => false,
        Err(_) => true,
    }
}

/// Whether the tunnel may stay open, and for how long before that is asked again.
async fn may_stay(shared: &Shared, opener: &Opener) -> Option<Duration> {
    let opened = &opener.session;
    let left = (opened.expires_at - shared.clock.now()).to_std().ok()?;
    let Ok(route) = shared.routes.by_tenant(opened.tenant_id).await else {
        return Some(HOURS_EVERY);
    };
    let route: Arc<Route> = route.filter(|route| route.service == Service::Open)?;
    let from = opener.from.map(|from| shared.policies.at(from.ip));
    let judged = shared.judge(&route, Asking::Somebody(opened), from).await;
    if matches!(judged, Ok(Err(_))) {
        return None;
    }
    let platform = shared.policies.policies().await;
    let by_the_clock =
        route.access.policy.has_hours() || platform.is_ok_and(|platform| platform.has_hours());
    let patience = if by_the_clock {
        HOURS_EVERY
    } else {
        RECHECK_EVERY
    };
    Some(patience.min(left.max(Duration::from_millis(1))))
}
