//! A person's own credentials over the API: second factors, passkeys, password, e-mail address,
//! and confirming who one is.

mod confirm;
mod email;
mod factors;
mod holder;
mod passkeys;
mod password;
mod recover;
mod second_factor;
mod views;

pub(crate) use holder::{BrowserCookie, Holder, PendingSignIn};
pub(super) use passkeys::{ceremony, given};
pub(super) use views::PasskeyRequest;

use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn documented(config: &mut ServiceConfig<'_>) {
    config
        .service(second_factor::totp)
        .service(second_factor::recovery_code)
        .service(passkeys::begin_sign_in)
        .service(passkeys::sign_in)
        .service(factors::list)
        .service(factors::begin_totp)
        .service(factors::confirm_totp)
        .service(factors::remove_totp)
        .service(factors::renew_recovery_codes)
        .service(passkeys::begin_registration)
        .service(passkeys::register)
        .service(passkeys::rename)
        .service(passkeys::remove)
        .service(password::change)
        .service(recover::request)
        .service(recover::complete)
        .service(email::request)
        .service(email::confirm)
        .service(confirm::methods)
        .service(confirm::begin_passkey)
        .service(confirm::confirm);
}
