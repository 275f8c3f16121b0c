//! `/work-items`: items of all six kinds.

mod activity;
mod body;
mod complete;
mod create;
mod lifetime;
mod list;
mod moves;
mod patch;
mod query;
mod read;
mod reopen;

use tr_app::{StoredAnswer, views::WorkItemView};
use tr_domain::labels::LabelChoice;
use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the routes.
pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list::list)
        .service(create::create)
        .service(read::get)
        .service(patch::patch)
        .service(lifetime::delete)
        .service(lifetime::undelete)
        .service(complete::complete)
        .service(reopen::reopen)
        .service(moves::move_to)
        .service(activity::activity);
}

/// The answer of a verb.
fn changed(item: &WorkItemView) -> StoredAnswer {
    crate::reply::changed(item.revision, item)
}

/// Labels as the domain takes them.
fn labels(labels: Vec<body::Label>) -> Vec<LabelChoice> {
    let choice = |label: body::Label| LabelChoice {
        label: label.id.into(),
        primary: label.primary,
    };
    labels.into_iter().map(choice).collect()
}
