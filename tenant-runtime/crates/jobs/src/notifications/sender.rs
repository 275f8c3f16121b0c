//! The effect of class `mail`.

use std::sync::Arc;

use broker::{Class, Verdict};
use clock::Clock;
use db::TenantDb;
use kernel::TenantContext;
use mailer::Mailer;
use tr_store::StoreError;

use super::facts::Facts;
use super::jobs::{DIGEST, MAIL, VERSION};
use super::mail::{self, Sending};
use crate::{Effect, Work, Writing};

/// Sends mail to people.
#[derive(Debug, Clone)]
pub struct MailSender<F> {
    facts: Arc<F>,
    pub(super) mailer: Mailer,
    pub(super) clock: Clock,
}

impl<F: Facts> MailSender<F> {
    /// One that hands mail over by this mailer.
    #[must_use]
    pub const fn new(facts: Arc<F>, mailer: Mailer, clock: Clock) -> Self {
        Self {
            facts,
            mailer,
            clock,
        }
    }
}

impl<F: Facts> Effect for MailSender<F> {
    const CLASS: Class = Class::Mail;
    const ACTS: bool = true;
    type Acted = Sending;

    fn knows(&self, kind: &str, version: u16) -> bool {
        [MAIL, DIGEST].contains(&kind) && version == VERSION
    }

    async fn act(&self, tenant: &TenantContext, db: &TenantDb, work: &Work) -> Sending {
        match self.facts.of(tenant.tenant).await {
            Ok(facts) => mail::send(self, db, &facts, work).await,
            Err(error) => Sending::Later(error.to_string()),
        }
    }

    async fn write(
        &self,
        on: &Writing<'_>,
        work: &[(Work, Sending)],
    ) -> Result<Vec<Verdict>, StoreError> {
        let mut verdicts = Vec::with_capacity(work.len());
        for (work, sending) in work {
            verdicts.push(mail::note(on, work, sending).await?);
        }
        Ok(verdicts)
    }
}
