//! Calls about timers and what tenants use.

use kernel::{Page, TenantId};

use super::{Answer, Nothing, StaffCalls};
use crate::{ReleaseRing, TenantUsageView, TimerRunView, TimerView, UsageQuery};

impl StaffCalls {
    /// Every timer of every ring.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn timers(&self) -> Answer<Page<TimerView>> {
        self.get("/timers", &()).await
    }

    /// Has a timer run out of turn.
    ///
    /// # Errors
    /// A timer that its ring has not is a problem `not_found`.
    pub async fn run_timer(
        &self,
        ring: ReleaseRing,
        name: &str,
        key: Option<&str>,
    ) -> Answer<TimerRunView> {
        let ring = match ring {
            ReleaseRing::Internal => "internal",
            ReleaseRing::Early => "early",
            ReleaseRing::General => "general",
        };
        self.post(&format!("/timers/{ring}/{name}/run"), &Nothing {}, key)
            .await
    }

    /// What a tenant used, day by day.
    ///
    /// # Errors
    /// An unknown id is a problem `not_found`, more than 366 days `invalid_query`.
    pub async fn tenant_usage(
        &self,
        tenant: TenantId,
        query: &UsageQuery,
    ) -> Answer<TenantUsageView> {
        self.get(&format!("/tenants/{tenant}/usage"), query).await
    }
}
