//! Single sign-on: browsers on their way to a provider and back, providers that say that a session
//! ended, and the API by which architects and members look after it.

mod callback;
mod connections;
mod departure;
mod domains;
mod failures;
mod identities;
mod logout;
mod security;
mod views;

pub(in crate::auth) use departure::{Trip, depart};
pub(in crate::auth) use failures::admin;

use actix_web::{
    middleware::from_fn,
    web::{get, post, resource},
};
use utoipa_actix_web::service_config::ServiceConfig as Documented;

use super::pages::as_pages;

/// What browsers and providers call.
pub(super) fn configure(config: &mut actix_web::web::ServiceConfig) {
    config
        .service(
            resource("/auth/sso/{connection}/start")
                .wrap(from_fn(as_pages))
                .route(get().to(departure::start)),
        )
        .service(
            resource("/auth/sso/{connection}/callback")
                .wrap(from_fn(as_pages))
                .route(get().to(callback::callback)),
        )
        .service(
            resource("/auth/sso/{connection}/link")
                .wrap(from_fn(as_pages))
                .route(post().to(departure::link)),
        )
        .service(logout::back_channel);
}

/// What clients call.
pub(super) fn documented(config: &mut Documented<'_>) {
    config
        .service(connections::list)
        .service(connections::create)
        .service(connections::find)
        .service(connections::change)
        .service(connections::delete)
        .service(connections::start_test)
        .service(connections::find_test)
        .service(domains::list)
        .service(domains::claim)
        .service(domains::check)
        .service(domains::remove)
        .service(security::find)
        .service(security::change)
        .service(identities::list)
        .service(identities::link)
        .service(identities::unlink);
}
