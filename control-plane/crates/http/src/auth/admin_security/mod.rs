//! The pages on which architects decide how people and programs get into their tenant. For
//! everybody else they do not exist.

mod access_policy;

use actix_web::{
    middleware::from_fn,
    web::{ServiceConfig, scope},
};
use ui::Tabs;

use super::pages::as_pages;

/// The way to every page below the first.
const WAY: &[(&str, &str)] = &[("Administration", "/admin/security")];

/// The pages.
pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(
        scope("/admin/security")
            .wrap(from_fn(as_pages))
            .service(access_policy::show)
            .service(access_policy::save),
    );
}

/// The pages as links, the present one marked.
fn tabs(current: &str) -> Tabs {
    let entry = |label, path| (label, path, path == current);
    Tabs {
        label: "Administration",
        entries: vec![entry("Access policy", "/admin/security/access-policy")],
    }
}
