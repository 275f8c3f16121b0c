//! The tables of `tr_app::events::dispatch` are what the effects know.

use std::{any::type_name, sync::Arc, time::Duration};

use broker::Class;
use clock::Clock;
use kernel::TenantId;
use mailer::{Mailer, SmtpSettings};
use outbound::{Fetcher, Guard, Names};
use tr_app::events::dispatch::{HANDLERS, JOBS, classes};
use tr_domain::event::{Event, EventKind};

use crate::housekeeping::{HousekeepingHandler, PURGE};
use crate::usage::COUNT_USAGE;
use crate::{
    ActivityLog, Effect, Facts, FactsError, MailSender, Notifier, TenantFacts, WebhookSender,
};

struct Nobody;

impl Facts for Nobody {
    async fn of(&self, _: TenantId) -> Result<Arc<TenantFacts>, FactsError> {
        Err(FactsError("a test".to_owned()))
    }
}

/// The last name of a type, without what it is generic over.
fn named<T>() -> &'static str {
    let name = type_name::<T>().split('<').next().unwrap_or_default();
    name.rsplit("::").next().unwrap_or_default()
}

fn agrees<E: Effect>(effect: &E) {
    let (name, class) = (named::<E>(), E::CLASS.name());
    for kind in EventKind::ALL {
        let handlers = HANDLERS.iter().filter(|handler| handler.effect == name);
        let of_class = handlers.filter(|handler| handler.class == class).count() == 1;
        let listed = of_class && classes(*kind).contains(&class);
        let knows = effect.knows(kind.as_str(), Event::VERSION);
        // It may know more than it is sent.
        assert!(knows || !listed, "{name} {kind:?}");
        assert!(of_class || !knows, "{name} {kind:?}");
    }
    for job in JOBS {
        let listed = job.effect == name;
        assert_eq!(effect.knows(job.kind, 1), listed, "{name} {}", job.kind);
        assert!(!listed || job.class == class, "{name} {}", job.kind);
    }
}

#[tokio::test]
async fn every_effect_knows_what_the_tables_say() {
    let facts = Arc::new(Nobody);
    let smtp = SmtpSettings {
        url: "smtp://127.0.0.1:9".to_owned().into(),
        from: "no-reply@trellis.example".to_owned(),
    };
    let mailer = Mailer::new(&smtp).unwrap();
    let fetcher = Fetcher::new(Guard::new(true), Names::new(None), Duration::from_secs(1));
    agrees(&ActivityLog);
    agrees(&Notifier::new(Arc::clone(&facts)));
    agrees(&MailSender::new(facts, mailer, Clock::system()));
    agrees(&WebhookSender::new(None, fetcher, Clock::system()));
    let kept: Vec<_> = JOBS
        .iter()
        .filter(|job| job.effect == named::<HousekeepingHandler>())
        .map(|job| (job.kind, job.class))
        .collect();
    let class = Class::Housekeeping.name();
    assert_eq!(kept, [(PURGE, class), (COUNT_USAGE, class)]);
}
