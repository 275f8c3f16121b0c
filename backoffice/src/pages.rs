//! The pages, by address.

mod home;
mod new_tenant;
mod operation;
mod operations;
mod servers;
mod sign_in;
mod tenant;
mod tenants;
mod words;

use actix_web::web::{ServiceConfig, get, post, to};

use crate::failure::no_page;

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .route("/", get().to(home::show))
        .route("/sign-in", get().to(sign_in::show))
        .route("/sign-in", post().to(sign_in::submit))
        .route("/sign-in/code", get().to(sign_in::show_code))
        .route("/sign-in/code", post().to(sign_in::submit_code))
        .route("/sign-out", post().to(sign_in::sign_out))
        .route("/tenants", get().to(tenants::show))
        .route("/tenants/new", get().to(new_tenant::show))
        .route("/tenants/new", post().to(new_tenant::submit))
        .route("/tenants/{id}", get().to(tenant::show))
        .route("/operations", get().to(operations::show))
        .route("/operations/{id}", get().to(operation::show))
        .route("/operations/{id}/events", get().to(operation::events))
        .route("/operations/{id}/retry", post().to(operation::retry))
        .route("/operations/{id}/cancel", post().to(operation::cancel))
        .route("/servers", get().to(servers::show))
        .default_service(to(no_page));
}
