//! The frame of a signed-in page and the answers that pages give.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use askama::Template;
use ui::{Crumb, NavItem, Nonce, Page, Who};

use crate::{failure::Failure, session::SignedIn};

/// What the pages call themselves.
pub(crate) const BRAND: &str = "Trellis back office";

/// The frame of a page below the navigation entry at `section`.
pub(crate) fn frame(
    title: &str,
    section: &str,
    way: &[(&str, &str)],
    signed_in: &SignedIn,
    nonce: &Nonce,
) -> Page {
    let entry = |label, href, key| NavItem {
        label,
        href,
        key,
        current: href == section,
    };
    let mut crumbs: Vec<Crumb> = way
        .iter()
        .map(|(label, href)| Crumb {
            label: (*label).to_owned(),
            href: Some((*href).to_owned()),
        })
        .collect();
    if !crumbs.is_empty() {
        crumbs.push(Crumb {
            label: title.to_owned(),
            href: None,
        });
    }
    Page {
        nav: vec![
            entry("Home", "/", "g h"),
            entry("Tenants", "/tenants", "g t"),
            entry("Operations", "/operations", "g o"),
            entry("Servers", "/servers", "g s"),
        ],
        crumbs,
        who: Some(Who {
            name: signed_in.staff.name.clone(),
            detail: format!("{:?}", signed_in.staff.role).to_lowercase(),
            sign_out: "/sign-out",
            form_token: signed_in.form_token.clone(),
        }),
        ..Page::new(title, BRAND, nonce)
    }
}

/// An HTML answer.
///
/// # Errors
/// When the template cannot be written.
pub(crate) fn answer(
    status: StatusCode,
    nonce: &Nonce,
    page: &impl Template,
) -> Result<HttpResponse, Failure> {
    let body = page
        .render()
        .map_err(|error| Failure::Broken(error.to_string()))?;
    let mut response = ui::html(status, nonce).body(body);
    response.extensions_mut().insert(web::AsIs);
    Ok(response)
}

/// 303 to a page of ours.
pub(crate) fn see_other(path: impl Into<String>) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path.into()))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}
