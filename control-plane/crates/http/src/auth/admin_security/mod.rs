//! The pages on which architects decide how people and programs get into their tenant. For
//! everybody else they do not exist.

mod access_policy;
mod connection;
mod connection_draft;
mod connection_test;
mod connections;
mod directory;
mod directory_tokens;
mod domains;
mod enforcement;
mod errors;
mod groups;
mod overview;
mod rules;
mod support_access;

use actix_web::{
    middleware::from_fn,
    web::{ServiceConfig, scope},
};
use kernel::Role;
use ui::Tabs;

use super::pages::as_pages;

/// The way to every page below the first.
const WAY: &[(&str, &str)] = &[("Administration", "/admin/security")];

/// The pages.
pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(
        scope("/admin/security")
            .wrap(from_fn(as_pages))
            .service(overview::show)
            .service(connections::list)
            .service(connection::ask)
            .service(connection::create)
            .service(connection::show)
            .service(connection::save)
            .service(connection_test::start)
            .service(connection_test::show)
            .service(connections::switch)
            .service(connections::ask_delete)
            .service(connections::delete)
            .service(groups::show)
            .service(groups::save)
            .service(domains::show)
            .service(domains::add)
            .service(domains::check)
            .service(domains::ask_remove)
            .service(domains::remove)
            .service(enforcement::show)
            .service(enforcement::save)
            .service(enforcement::save_owners)
            .service(rules::show)
            .service(rules::save)
            .service(access_policy::show)
            .service(access_policy::save)
            .service(directory::show)
            .service(directory::map)
            .service(directory_tokens::ask)
            .service(directory_tokens::create)
            .service(directory_tokens::ask_revoke)
            .service(directory_tokens::revoke)
            .service(support_access::list)
            .service(support_access::answer),
    );
}

/// The pages as links, the present one marked.
fn tabs(current: &str) -> Tabs {
    let entry = |label, path| (label, path, path == current);
    Tabs {
        label: "Administration",
        entries: vec![
            entry("Overview", "/admin/security"),
            entry("Connections", connections::PAGE),
            entry("Domains", domains::PAGE),
            entry("Enforcement", enforcement::PAGE),
            entry("Rules", rules::PAGE),
            entry("Access policy", access_policy::PAGE),
            entry("Directory", directory::PAGE),
            entry("Support access", support_access::PAGE),
        ],
    }
}

/// A role as people read it.
const fn role_name(role: Role) -> &'static str {
    match role {
        Role::User => "User",
        Role::Builder => "Builder",
        Role::Architect => "Architect",
    }
}
