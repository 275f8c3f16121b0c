//! Calls about people, tenants' providers and what waits for a second person.

use kernel::{ConnectionId, Page, PersonId, TenantId};
use reqwest::Method;

use super::{Answer, Nothing, StaffCalls, send};
use crate::{
    Accepted, ApprovalView, ConnectionSummaryView, PageQuery, PeopleQuery, PersonSessionView,
    PersonSummary, PersonView, Reason,
};

impl StaffCalls {
    /// A page of people.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn people(&self, query: &PeopleQuery) -> Answer<Page<PersonSummary>> {
        self.get("/people", query).await
    }

    /// One person.
    ///
    /// # Errors
    /// An unknown id is a problem `not_found`.
    pub async fn person(&self, id: PersonId) -> Answer<PersonView> {
        self.get(&format!("/people/{id}"), &()).await
    }

    /// A page of a person's sessions.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn person_sessions(
        &self,
        id: PersonId,
        query: &PageQuery,
    ) -> Answer<Page<PersonSessionView>> {
        self.get(&format!("/people/{id}/sessions"), query).await
    }

    /// Ends one session of a person.
    ///
    /// # Errors
    /// An unknown session is a problem `not_found`.
    pub async fn end_person_session(&self, id: PersonId, session: &str) -> Answer<()> {
        self.delete(&format!("/people/{id}/sessions/{session}"))
            .await
    }

    /// Ends every session of a person.
    ///
    /// # Errors
    /// An unknown id is a problem `not_found`.
    pub async fn end_person_sessions(&self, id: PersonId) -> Answer<()> {
        self.act(&format!("/people/{id}/end-sessions"), &Nothing {})
            .await
    }

    /// Lets a person try again at once.
    ///
    /// # Errors
    /// An unknown id is a problem `not_found`.
    pub async fn clear_lockout(&self, id: PersonId) -> Answer<()> {
        self.act(&format!("/people/{id}/clear-lockout"), &Nothing {})
            .await
    }

    /// Takes a person's second factors away.
    ///
    /// # Errors
    /// An unknown id is a problem `not_found`.
    pub async fn reset_person_factors(&self, id: PersonId, body: &Reason) -> Answer<()> {
        self.act(&format!("/people/{id}/reset-factors"), body).await
    }

    /// A tenant's providers.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn connections(&self, tenant: TenantId) -> Answer<Page<ConnectionSummaryView>> {
        self.get(&format!("/tenants/{tenant}/connections"), &())
            .await
    }

    /// Stops sign-in through a tenant's provider.
    ///
    /// # Errors
    /// An unknown provider is a problem `not_found`.
    pub async fn stop_connection(
        &self,
        tenant: TenantId,
        id: ConnectionId,
        body: &Reason,
    ) -> Answer<ConnectionSummaryView> {
        self.post(
            &format!("/tenants/{tenant}/connections/{id}/stop"),
            body,
            None,
        )
        .await
    }

    /// A page of what waits for a second person, and what was decided.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn approvals(&self, query: &PageQuery) -> Answer<Page<ApprovalView>> {
        self.get("/approvals", query).await
    }

    /// One of them.
    ///
    /// # Errors
    /// An unknown id is a problem `not_found`.
    pub async fn approval(&self, id: &str) -> Answer<ApprovalView> {
        self.get(&format!("/approvals/{id}"), &()).await
    }

    /// Agrees, as the second person.
    ///
    /// # Errors
    /// One's own request is a problem `forbidden`.
    pub async fn approve(&self, id: &str) -> Answer<Accepted> {
        self.post(&format!("/approvals/{id}/approve"), &Nothing {}, None)
            .await
    }

    /// Says no, or takes one's own request back.
    ///
    /// # Errors
    /// What was decided is a problem `invalid_state`.
    pub async fn decline(&self, id: &str) -> Answer<ApprovalView> {
        self.post(&format!("/approvals/{id}/decline"), &Nothing {}, None)
            .await
    }

    async fn act(&self, path: &str, body: &impl serde::Serialize) -> Answer<()> {
        send(self.request(Method::POST, path).json(body))
            .await
            .map(drop)
    }
}
