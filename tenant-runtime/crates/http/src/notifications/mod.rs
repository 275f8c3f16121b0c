//! `/notifications`: what the caller was told; `/notification-settings`: by which ways they are;
//! `/unsubscribe`: the link of mail, for which nobody has to be signed in.

mod body;
mod mark;
mod read;
mod settings;
mod unsubscribe;

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the routes.
pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(read::list)
        .service(read::unread_count)
        .service(mark::mark_up_to)
        .service(mark::mark_read)
        .service(mark::mark_unread)
        .service(settings::get_own)
        .service(settings::put_own)
        .service(settings::get_defaults)
        .service(settings::put_defaults)
        .service(unsubscribe::ask)
        .service(unsubscribe::confirm);
}
