//! The pages on which a member looks after their own security: how they sign in, where they are
//! signed in, and what acts for them.

mod authenticator;
mod client_secrets;
mod email;
mod factors;
mod identities;
mod overview;
mod passkeys;
mod password;
mod recovery_codes;
mod sessions;
mod tokens;
mod two_step;
mod views;

use actix_web::{
    middleware::from_fn,
    web::{ServiceConfig, scope},
};
use ui::Tabs;

use super::pages::as_pages;

/// The way to every page below the first.
const WAY: &[(&str, &str)] = &[("Your security", "/security")];

/// The pages.
pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(
        scope("/security")
            .wrap(from_fn(as_pages))
            .service(overview::show)
            .service(sessions::list)
            .service(sessions::end)
            .service(sessions::end_others)
            .service(password::show)
            .service(password::change)
            .service(email::show)
            .service(email::request)
            .service(identities::list)
            .service(identities::link)
            .service(identities::ask_unlink)
            .service(identities::remove)
            .service(two_step::show)
            .service(authenticator::begin)
            .service(authenticator::set_up)
            .service(authenticator::confirm)
            .service(authenticator::ask_remove)
            .service(authenticator::remove)
            .service(recovery_codes::ask_codes)
            .service(recovery_codes::make_codes)
            .service(passkeys::list)
            .service(passkeys::ask_name)
            .service(passkeys::rename)
            .service(passkeys::ask_remove)
            .service(passkeys::remove)
            .service(tokens::list)
            .service(tokens::ask)
            .service(tokens::create)
            .service(tokens::ask_revoke)
            .service(tokens::revoke)
            .service(client_secrets::list)
            .service(client_secrets::ask)
            .service(client_secrets::create)
            .service(client_secrets::ask_revoke)
            .service(client_secrets::revoke),
    );
}

/// The pages as links, the present one marked.
fn tabs(current: &str) -> Tabs {
    let entry = |label, path| (label, path, path == current);
    Tabs {
        label: "Your security",
        entries: vec![
            entry("Overview", "/security"),
            entry("Two-step sign-in", two_step::PAGE),
            entry("Passkeys", passkeys::PAGE),
            entry("Sessions", "/security/sessions"),
            entry("Tokens", "/security/tokens"),
            entry("Client secrets", client_secrets::PAGE),
            entry("Linked accounts", identities::PAGE),
        ],
    }
}
