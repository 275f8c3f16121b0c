//! Watching over a tunnel: it ends when a new request like the one that opened it would be refused,
//! or would be made as somebody else.

use std::{sync::Arc, time::Duration};

use cp_app::{
    push::Push,
    sessions::{CachedSession, ClientAddress, PresentedCredential},
};
use cp_domain::{Route, Service};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, sleep_until},
};

use crate::{gateway::Shared, policy::Asking};

/// How often the clock is asked while a policy depends on it.
const HOURS_EVERY: Duration = Duration::from_millis(500);

/// Who opened a tunnel, and how.
#[derive(Debug)]
pub(crate) struct Opener {
    pub(crate) credential: PresentedCredential,
    pub(crate) session: Arc<CachedSession>,
    pub(crate) from: Option<ClientAddress>,
}

/// Done when the tunnel has to end.
pub(crate) async fn until_ended(shared: Arc<Shared>, opener: Opener) {
    let mut heard = shared.pushes.subscribe();
    let mut changes = shared.policies.changes();
    // Something may have changed between the check at the door and now.
    let mut session_due = Instant::now();
    loop {
        // Nobody tells of a session that was left alone for too long, so this has a time of its
        // own, however often something else is to be looked into.
        if Instant::now() >= session_due {
            if !is_same(&shared, &opener).await {
                return;
            }
            session_due = Instant::now() + shared.relay.settings.recheck();
        }
        let Some(patience) = may_stay(&shared, &opener).await else {
            return;
        };
        tokio::select! {
            Ok(()) = changes.changed() => {}
            () = sleep_until(session_due.min(Instant::now() + patience)) => {}
            told = is_told_of(&mut heard, &opener.credential) => {
                if !told {
                    return;
                }
                session_due = Instant::now();
            }
        }
    }
}

/// Waits for something that concerns the credential; false when nothing can be heard any more.
async fn is_told_of(
    heard: &mut tokio::sync::broadcast::Receiver<Push>,
    credential: &PresentedCredential,
) -> bool {
    loop {
        match heard.recv().await {
            Ok(Push::Session(hash)) if hash == *credential.hash() => return true,
            Ok(Push::Lost) | Err(RecvError::Lagged(_)) => return true,
            Ok(_) => {}
            Err(RecvError::Closed) => return false,
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

/// Whether the tunnel may stay open as far as the policies say, and for how long before that is
/// asked again.
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
    let left = left.max(Duration::from_millis(1));
    Some(if by_the_clock {
        HOURS_EVERY.min(left)
    } else {
        left
    })
}
