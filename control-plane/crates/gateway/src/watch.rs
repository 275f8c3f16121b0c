//! Watching a session for as long as a tunnel that it opened.

use std::sync::Arc;

use cp_app::{push::Push, sessions::PresentedCredential};
use kernel::TenantId;
use tokio::sync::broadcast::error::RecvError;

use crate::gateway::Shared;

/// Done when the session or token may not be used any more.
pub(crate) async fn until_ended(
    shared: Arc<Shared>,
    tenant: TenantId,
    credential: PresentedCredential,
) {
    let mut heard = shared.pushes.subscribe();
    loop {
        match heard.recv().await {
            Ok(Push::Session(hash)) if hash == *credential.hash() => {}
            Ok(Push::Lost) | Err(RecvError::Lagged(_)) => {}
            Ok(_) => continue,
            Err(RecvError::Closed) => return,
        }
        // Another listener may not have dropped its copy yet.
        shared.access.forget(credential.hash()).await;
        // While nobody can say, the tunnel stays.
        if matches!(shared.access.resolve(tenant, &credential).await, Ok(None)) {
            return;
        }
    }
}
