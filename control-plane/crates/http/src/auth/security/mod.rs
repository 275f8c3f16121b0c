//! The pages on which a member looks after their own security: how they sign in, where they are
//! signed in, and what acts for them.

mod overview;
mod sessions;
mod tokens;
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
            .service(tokens::list)
            .service(tokens::ask)
            .service(tokens::create)
            .service(tokens::ask_revoke)
            .service(tokens::revoke),
    );
}

/// The pages as links, the present one marked.
fn tabs(current: &str) -> Tabs {
    let entry = |label, path| (label, path, path == current);
    Tabs {
        label: "Your security",
        entries: vec![
            entry("Overview", "/security"),
            entry("Sessions", "/security/sessions"),
            entry("Tokens", "/security/tokens"),
        ],
    }
}
