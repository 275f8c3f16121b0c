//! Calls about accounts of staff.

use kernel::{Page, StaffId, StaffSessionId};
use reqwest::Method;

use super::{Answer, Nothing, StaffCalls, send};
use crate::{
    LinkToken, ListedSessionView, OpenedStaffLink, PageQuery, StaffAccountView, StaffInvite,
    StaffLinkView, StaffQuery, StaffRoleChange, UseStaffLink,
};

impl StaffCalls {
    /// A page of accounts of staff.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn staff(&self, query: &StaffQuery) -> Answer<Page<StaffAccountView>> {
        self.get("/staff", query).await
    }

    /// One account of staff.
    ///
    /// # Errors
    /// An unknown id is a problem `not_found`.
    pub async fn staff_account(&self, id: StaffId) -> Answer<StaffAccountView> {
        self.get(&format!("/staff/{id}"), &()).await
    }

    /// Sends somebody a link to a new account.
    ///
    /// # Errors
    /// An address that is taken is a problem `already_exists`.
    pub async fn invite_staff(
        &self,
        body: &StaffInvite,
        key: Option<&str>,
    ) -> Answer<StaffLinkView> {
        self.post("/staff", body, key).await
    }

    /// Gives a member of staff another role.
    ///
    /// # Errors
    /// One's own account, and the last owner's, are a problem `rule_broken`.
    pub async fn change_staff_role(
        &self,
        id: StaffId,
        body: &StaffRoleChange,
    ) -> Answer<StaffAccountView> {
        self.post(&format!("/staff/{id}/role"), body, None).await
    }

    /// Closes an account of staff.
    ///
    /// # Errors
    /// One's own account, and the last owner's, are a problem `rule_broken`.
    pub async fn disable_staff(&self, id: StaffId) -> Answer<StaffAccountView> {
        self.post(&format!("/staff/{id}/disable"), &Nothing {}, None)
            .await
    }

    /// Opens a closed account of staff.
    ///
    /// # Errors
    /// One's own account is a problem `rule_broken`.
    pub async fn enable_staff(&self, id: StaffId) -> Answer<StaffAccountView> {
        self.post(&format!("/staff/{id}/enable"), &Nothing {}, None)
            .await
    }

    /// Sends a member of staff a link by which they set both factors anew.
    ///
    /// # Errors
    /// One's own account is a problem `rule_broken`.
    pub async fn reset_staff_factors(&self, id: StaffId) -> Answer<StaffLinkView> {
        self.post(&format!("/staff/{id}/reset-factors"), &Nothing {}, None)
            .await
    }

    /// A page of somebody's sessions; of one's own without an id.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn staff_sessions(
        &self,
        of: Option<StaffId>,
        query: &PageQuery,
    ) -> Answer<Page<ListedSessionView>> {
        match of {
            Some(id) => self.get(&format!("/staff/{id}/sessions"), query).await,
            None => self.get("/sessions", query).await,
        }
    }

    /// Ends a session of somebody; one's own without an id.
    ///
    /// # Errors
    /// An unknown session is a problem `not_found`.
    pub async fn end_staff_session(
        &self,
        of: Option<StaffId>,
        session: StaffSessionId,
    ) -> Answer<()> {
        match of {
            Some(id) => {
                self.delete(&format!("/staff/{id}/sessions/{session}"))
                    .await
            }
            None => self.delete(&format!("/sessions/{session}")).await,
        }
    }

    /// A page of links to staff that may still be used.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn staff_links(&self, query: &PageQuery) -> Answer<Page<StaffLinkView>> {
        self.get("/links", query).await
    }

    /// Withdraws a link.
    ///
    /// # Errors
    /// An unknown link is a problem `not_found`.
    pub async fn withdraw_staff_link(&self, id: &str) -> Answer<()> {
        self.delete(&format!("/links/{id}")).await
    }

    /// What a link is for, with the secret for the authenticator.
    ///
    /// # Errors
    /// A link that may not be used is a problem `not_found`.
    pub async fn open_staff_link(&self, body: &LinkToken) -> Answer<OpenedStaffLink> {
        self.post("/links/open", body, None).await
    }

    /// Uses a link.
    ///
    /// # Errors
    /// A wrong code is a problem `invalid_credentials`, a weak password has a field error.
    pub async fn use_staff_link(&self, body: &UseStaffLink) -> Answer<()> {
        let request = self.request(Method::POST, "/links/use").json(body);
        send(request).await.map(drop)
    }
}
