//! The pages on the way in: on a tenant's host in the tenant's name and colour, and on the host of
//! people. They work without scripts, but for passkeys; no page tells a known address from an
//! unknown one; where a browser goes afterwards is a path of the same host.

mod accounts;
mod arrival;
mod browser;
mod confirm;
mod email_change;
mod enrolment;
mod handoff;
mod home;
mod identifier;
mod leave;
mod passkeys;
mod password;
mod people_passkeys;
mod place;
mod prove;
mod recover;
mod refused;
mod second_factor;
mod sso;

use actix_web::{
    middleware::from_fn,
    web::{ServiceConfig, get, post, resource},
};

use super::pages::as_pages;

macro_rules! pages {
    ($config:ident: $($path:literal => $($method:ident $handler:path),+;)*) => {$(
        $config.service(
            resource($path).wrap(from_fn(as_pages))$(.route($method().to($handler)))+
        );
    )*};
}

/// The pages.
pub(super) fn configure(config: &mut ServiceConfig) {
    pages! { config:
        "/" => get home::show;
        "/sign-in" => get identifier::show, post identifier::submit;
        "/sign-in/organisation" => get identifier::organisation;
        "/sign-in/password" => get password::show, post password::submit;
        "/sign-in/sso/{connection}" => get sso::show;
        "/sign-in/code" => get second_factor::show_code, post second_factor::submit_code;
        "/sign-in/recovery-code" => get second_factor::show_recovery,
            post second_factor::submit_recovery;
        "/sign-in/second-factor" => get enrolment::show, post enrolment::submit;
        "/recover" => get recover::show, post recover::submit;
        "/recover/new-password" => get recover::show_new, post recover::submit_new;
        "/recover/{token}" => get recover::open;
        "/confirm-identity" => get confirm::show, post confirm::submit;
        "/confirm-email" => get email_change::show, post email_change::submit;
        "/confirm-email/{token}" => get email_change::open;
        "/access-refused" => get refused::show;
        "/accounts" => get accounts::either;
        "/accounts/sign-out-everywhere" => post leave::everywhere;
        "/auth/handoff" => get handoff::tenant;
        "/auth/sign-out" => post leave::here;
        "/handoff" => get handoff::issue;
    }
    config
        .route(people_passkeys::BEGIN, post().to(people_passkeys::begin))
        .route(people_passkeys::FINISH, post().to(people_passkeys::finish));
}
