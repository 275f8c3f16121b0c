//! The tenants of a person, and the way into each.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use cp_app::people::{Account, list_accounts};
use ui::{Moment, Page, Who};
use web::ApiError;

use super::{
    arrival::Person,
    browser::Asked,
    place::{Frame, Place},
};
use crate::auth::{pages::see_other, problems};

/// From how many on there is a search.
const SEARCH_ABOVE: usize = 7;

struct Entry {
    name: String,
    slug: String,
    role: String,
    used: Option<Moment>,
    href: String,
}

#[derive(Template)]
#[template(path = "auth/entrance/accounts.html")]
struct Accounts {
    page: Page,
    form_token: String,
    entries: Vec<Entry>,
    search: Option<String>,
    total: usize,
}

/// On a tenant's host the page of the host of people is meant.
pub(super) async fn lead(frame: Frame) -> Result<HttpResponse, ApiError> {
    frame.place.tenant()?;
    Ok(see_other(format!("{}/accounts", frame.auth.links.people())))
}

pub(super) async fn show(
    frame: Frame,
    Person {
        access: person,
        form_token,
    }: Person,
    asked: Asked,
) -> Result<HttpResponse, ApiError> {
    let accounts = list_accounts(&frame.auth, person.person)
        .await
        .map_err(|error| problems::store(&error))?;
    let total = accounts.len();
    let search = (total > SEARCH_ABOVE).then(|| asked.get("q").unwrap_or_default().to_owned());
    let wanted = search.as_deref().unwrap_or_default().trim().to_lowercase();
    let matches = |account: &Account| {
        account.name.to_lowercase().contains(&wanted) || account.slug.contains(&wanted)
    };
    let entries = accounts.iter().filter(|account| matches(account));
    let mut page = frame.page("Your workspaces");
    page.who = Some(Who {
        name: person.name.clone(),
        detail: person.email.to_string(),
        sign_out: "/auth/sign-out",
        form_token: form_token.clone(),
    });
    let template = Accounts {
        page,
        form_token,
        entries: entries.map(|account| entry(&frame, account)).collect(),
        search,
        total,
    };
    frame.render(&template, StatusCode::OK)
}

fn entry(frame: &Frame, account: &Account) -> Entry {
    let now = frame.auth.clock.now();
    Entry {
        name: account.name.clone(),
        slug: account.slug.clone(),
        role: if account.external {
            format!("{}, external", account.role)
        } else {
            account.role.to_string()
        },
        used: account.last_seen_at.map(|at| Moment { at, now }),
        href: format!("{}/auth/handoff", frame.auth.links.tenant(&account.slug)),
    }
}

/// Which of both a host's page is.
pub(super) async fn either(
    place_frame: Frame,
    request: actix_web::HttpRequest,
    asked: Asked,
) -> Result<HttpResponse, ApiError> {
    use actix_web::FromRequest as _;
    match place_frame.place {
        Place::Tenant(_) => lead(place_frame).await,
        Place::People => {
            let person = Person::extract(&request).await?;
            show(place_frame, person, asked).await
        }
    }
}
