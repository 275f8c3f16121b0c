//! `/folders`: the tree that plans lie in.

mod body;
mod create;
mod lifetime;
mod moves;
mod patch;
mod read;

use tr_app::{StoredAnswer, views::FolderView};
use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the routes.
pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(read::list)
        .service(create::create)
        .service(read::get)
        .service(patch::patch)
        .service(lifetime::delete)
        .service(lifetime::undelete)
        .service(moves::move_to);
}

/// The answer of a verb.
fn changed(folder: &FolderView) -> StoredAnswer {
    crate::reply::changed(folder.revision, folder)
}
