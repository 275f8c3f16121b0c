//! Calls about looking into tenants with their consent.

use kernel::{Page, SupportAccessId};

use super::{Answer, Nothing, StaffCalls};
use crate::{EntranceView, SupportAccessView, SupportQuery, SupportRequest};

impl StaffCalls {
    /// A page of requests.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn support_accesses(&self, query: &SupportQuery) -> Answer<Page<SupportAccessView>> {
        self.get("/support-access", query).await
    }

    /// One request.
    ///
    /// # Errors
    /// An unknown id is a problem `not_found`.
    pub async fn support_access(&self, id: SupportAccessId) -> Answer<SupportAccessView> {
        self.get(&format!("/support-access/{id}"), &()).await
    }

    /// Asks a tenant's architects.
    ///
    /// # Errors
    /// An open request of one's own is a problem `conflict`.
    pub async fn request_support_access(
        &self,
        body: &SupportRequest,
        key: Option<&str>,
    ) -> Answer<SupportAccessView> {
        self.post("/support-access", body, key).await
    }

    /// Makes a way into the tenant.
    ///
    /// # Errors
    /// Without consent, a problem `invalid_state`.
    pub async fn enter_tenant(&self, id: SupportAccessId) -> Answer<EntranceView> {
        self.post(&format!("/support-access/{id}/enter"), &Nothing {}, None)
            .await
    }

    /// Gives access, or a request, back.
    ///
    /// # Errors
    /// One that has ended is a problem `invalid_state`.
    pub async fn end_support_access(&self, id: SupportAccessId) -> Answer<SupportAccessView> {
        self.post(&format!("/support-access/{id}/end"), &Nothing {}, None)
            .await
    }
}
