//! Calls of the leader of timers, and of whoever counts what a tenant uses.

use chrono::NaiveDate;
use kernel::{TenantId, TimerRunId};
use reqwest::Method;

use super::{NodeApi, NodeApiError, body, send};
use crate::{
    RunProgress, SlotClaim, SlotClaimed, TenantUsage, TimersBeat, TimersLead, TimersLed, TimersNews,
};

impl NodeApi {
    /// Says that this process leads its ring's timers from now on; whoever did before is refused.
    ///
    /// # Errors
    /// See [`NodeApiError`].
    pub async fn lead_timers(&self, lead: &TimersLead) -> Result<TimersLed, NodeApiError> {
        body(send(self.call(Method::POST, "timers/lead").json(lead)).await?).await
    }

    /// Says that the leader is there, and asks what is to be run. [`NodeApiError::is_conflict`]:
    /// another leads.
    ///
    /// # Errors
    /// See [`NodeApiError`].
    pub async fn beat_timers(&self, beat: TimersBeat) -> Result<TimersNews, NodeApiError> {
        body(send(self.call(Method::POST, "timers/beat").json(&beat)).await?).await
    }

    /// Asks for a slot, which is given once. [`NodeApiError::is_conflict`]: another leads.
    ///
    /// # Errors
    /// See [`NodeApiError`].
    pub async fn claim_slot(
        &self,
        timer: &str,
        claim: SlotClaim,
    ) -> Result<SlotClaimed, NodeApiError> {
        let call = self.call(Method::POST, &format!("timers/{timer}/slots"));
        body(send(call.json(&claim)).await?).await
    }

    /// Says how far a run is. [`NodeApiError::is_conflict`]: another leads.
    ///
    /// # Errors
    /// See [`NodeApiError`].
    pub async fn report_run(
        &self,
        run: TimerRunId,
        progress: &RunProgress,
    ) -> Result<(), NodeApiError> {
        let call = self.call(Method::PUT, &format!("timers/runs/{run}"));
        send(call.json(progress)).await.map(drop)
    }

    /// Reports what a tenant used on a day. [`NodeApiError::NotFound`]: it is not of this node's
    /// ring.
    ///
    /// # Errors
    /// See [`NodeApiError`].
    pub async fn report_usage(
        &self,
        tenant: TenantId,
        day: NaiveDate,
        usage: &TenantUsage,
    ) -> Result<(), NodeApiError> {
        let call = self.call(Method::PUT, &format!("tenants/{tenant}/usage/{day}"));
        send(call.json(usage)).await.map(drop)
    }
}
