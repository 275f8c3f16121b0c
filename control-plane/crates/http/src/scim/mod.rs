//! `/scim/v2` of a tenant's host (RFC 7644). Every answer is in the words of the standard, errors
//! and unknown paths too.
//!
//! The gateway hands requests over without a session: what counts here is the directory's token,
//! good in the tenant whose host it is. Browsers send none by themselves, so nothing is forged.

mod answer;
mod body;
mod caller;
mod discovery;
mod groups;
mod refusal;
mod users;

use actix_web::{
    HttpRequest, Resource,
    web::{self as actix, ServiceConfig},
};

use refusal::Refusal;

/// The routes.
pub fn configure(config: &mut ServiceConfig) {
    config.service(
        actix::scope("/scim/v2")
            .service(
                only("/ServiceProviderConfig").route(actix::get().to(discovery::service_provider)),
            )
            .service(only("/ResourceTypes").route(actix::get().to(discovery::resource_types)))
            .service(only("/ResourceTypes/{id}").route(actix::get().to(discovery::resource_type)))
            .service(only("/Schemas").route(actix::get().to(discovery::schemas)))
            .service(only("/Schemas/{id}").route(actix::get().to(discovery::schema)))
            .service(
                only("/Users")
                    .route(actix::get().to(users::list))
                    .route(actix::post().to(users::create)),
            )
            .service(only("/Users/.search").route(actix::post().to(users::search)))
            .service(
                only("/Users/{id}")
                    .route(actix::get().to(users::find))
                    .route(actix::put().to(users::replace))
                    .route(actix::patch().to(users::patch))
                    .route(actix::delete().to(users::delete)),
            )
            .service(
                only("/Groups")
                    .route(actix::get().to(groups::list))
                    .route(actix::post().to(groups::create)),
            )
            .service(only("/Groups/.search").route(actix::post().to(groups::search)))
            .service(
                only("/Groups/{id}")
                    .route(actix::get().to(groups::find))
                    .route(actix::put().to(groups::replace))
                    .route(actix::patch().to(groups::patch))
                    .route(actix::delete().to(groups::delete)),
            )
            .service(actix::resource("/Me").to(not_supported))
            .service(actix::resource("/Bulk").to(not_supported))
            .service(actix::resource("/.search").to(not_supported))
            .default_service(actix::to(nothing_here)),
    );
}

/// A path that answers 405 to other methods.
fn only(path: &str) -> Resource {
    actix::resource(path).default_service(actix::to(other_method))
}

async fn other_method() -> Refusal {
    Refusal::status(405, "This is not done here.")
}

async fn not_supported() -> Refusal {
    Refusal::status(501, "The server does not do this.")
}

async fn nothing_here(request: HttpRequest) -> Refusal {
    let path = request.path();
    Refusal::status(404, &format!("There is nothing at {path}."))
}
