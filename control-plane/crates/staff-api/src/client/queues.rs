//! Calls about queues and dead letters.

use kernel::Page;

use super::{Answer, Nothing, StaffCalls};
use crate::{
    BacklogPage, BacklogQuery, DeadLetterCount, DeadLetterGroup, DeadLetterQuery,
    DeadLetterSelection, DeadLetterSummary, DeadLetterView, OutboxView, QueueView, Reason,
};

impl StaffCalls {
    /// How the queues are, class by class.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn queues(&self) -> Answer<Page<QueueView>> {
        self.get("/queues", &()).await
    }

    /// What waits in which tenant, the most first.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn backlog(&self, query: &BacklogQuery) -> Answer<BacklogPage> {
        self.get("/queues/backlog", query).await
    }

    /// What waits on which database server, the longest waiting first.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn outboxes(&self) -> Answer<Page<OutboxView>> {
        self.get("/queues/outboxes", &()).await
    }

    /// Pauses a class on every worker.
    ///
    /// # Errors
    /// An unknown class is a problem `not_found`.
    pub async fn pause_queue(&self, class: &str, body: &Reason) -> Answer<Page<QueueView>> {
        self.post(&format!("/queues/{class}/pause"), body, None)
            .await
    }

    /// Resumes a class.
    ///
    /// # Errors
    /// An unknown class is a problem `not_found`.
    pub async fn resume_queue(&self, class: &str) -> Answer<Page<QueueView>> {
        self.post(&format!("/queues/{class}/resume"), &Nothing {}, None)
            .await
    }

    /// A page of dead letters.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn dead_letters(&self, query: &DeadLetterQuery) -> Answer<Page<DeadLetterSummary>> {
        self.get("/queues/dead-letters", query).await
    }

    /// How many dead letters there are.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn dead_letter_count(&self, query: &DeadLetterQuery) -> Answer<DeadLetterCount> {
        self.get("/queues/dead-letters/count", query).await
    }

    /// What dead letters have in common.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn dead_letter_groups(
        &self,
        query: &DeadLetterQuery,
    ) -> Answer<Page<DeadLetterGroup>> {
        self.get("/queues/dead-letters/groups", query).await
    }

    /// One dead letter with its body.
    ///
    /// # Errors
    /// An unknown id is a problem `not_found`.
    pub async fn dead_letter(&self, id: &str) -> Answer<DeadLetterView> {
        self.get(&format!("/queues/dead-letters/{id}"), &()).await
    }

    /// Has a dead letter sent again.
    ///
    /// # Errors
    /// One that is no envelope, or not dead, is a problem `invalid_state`.
    pub async fn redrive_dead_letter(&self, id: &str) -> Answer<DeadLetterView> {
        let path = format!("/queues/dead-letters/{id}/redrive");
        self.post(&path, &Nothing {}, None).await
    }

    /// Lets a dead letter be.
    ///
    /// # Errors
    /// One that is not dead is a problem `invalid_state`.
    pub async fn discard_dead_letter(&self, id: &str, body: &Reason) -> Answer<DeadLetterView> {
        let path = format!("/queues/dead-letters/{id}/discard");
        self.post(&path, body, None).await
    }

    /// Has dead letters sent again; answers how many.
    ///
    /// # Errors
    /// When there are not as many as was confirmed, a problem `conflict`.
    pub async fn redrive_dead_letters(
        &self,
        body: &DeadLetterSelection,
    ) -> Answer<DeadLetterCount> {
        self.post("/queues/dead-letters/redrive", body, None).await
    }

    /// Lets dead letters be; answers how many.
    ///
    /// # Errors
    /// When there are not as many as was confirmed, a problem `conflict`.
    pub async fn discard_dead_letters(
        &self,
        body: &DeadLetterSelection,
    ) -> Answer<DeadLetterCount> {
        self.post("/queues/dead-letters/discard", body, None).await
    }
}
