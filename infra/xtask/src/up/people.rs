//! The demo people: invited, and accepting the way a person does, by the link in the mail and the
//! page behind it.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::Up;
use super::demo::{PEOPLE, Person, Tenant};
use super::form::Form;
use super::listen::GATEWAY_PORT;
use super::staff::text;
use crate::http::{Client, encode};

const MAIL_LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(200);

/// Sees to it that everybody can sign in; answers the members' ids by the part they play.
pub fn run(up: &Up, tenant: &Tenant) -> Result<HashMap<&'static str, String>> {
    let [architect, others @ ..] = PEOPLE;
    admit(up, tenant, architect)?;
    let mut client = sign_in(up, tenant, architect)?;
    let known = members(&mut client)?;
    for person in others {
        match known.get(&tenant.email(person)) {
            Some(member) if member.active => continue,
            // The mail of another run may be gone with the mailbox.
            Some(member) => invite_again(&mut client, &member.id)?,
            None => invite(&mut client, tenant, person)?,
        }
        admit(up, tenant, person)?;
    }
    let known = members(&mut client)?;
    sign_out(&mut client)?;
    PEOPLE
        .iter()
        .map(|person| {
            let member = known.get(&tenant.email(*person));
            let id = member.map(|member| member.id.clone());
            Ok((
                person.part,
                id.with_context(|| format!("{} is no member", person.part))?,
            ))
        })
        .collect()
}

/// Signs in; the password is everybody's.
pub fn sign_in(up: &Up, tenant: &Tenant, person: Person) -> Result<Client> {
    let email = tenant.email(person);
    let mut client = Client::new(&tenant.host(), GATEWAY_PORT.number());
    let answer = client
        .post(
            "/auth/v1/sign-in",
            &json!({"email": email, "password": up.demo.password}),
        )?
        .json()?;
    ensure!(
        text(&answer, "status") == Some("signed_in"),
        "{email}: {answer}"
    );
    Ok(client)
}

/// Ends the session.
pub fn sign_out(client: &mut Client) -> Result<()> {
    client
        .post("/auth/v1/sign-out", &json!({}))?
        .must()
        .map(drop)
}

/// Accepts the invitation, unless the person can sign in already.
fn admit(up: &Up, tenant: &Tenant, person: Person) -> Result<()> {
    if let Ok(mut client) = sign_in(up, tenant, person) {
        return sign_out(&mut client);
    }
    let email = tenant.email(person);
    let link = invitation(up, &email)?;
    let mut browser = Client::new(&tenant.host(), GATEWAY_PORT.number());
    let (page, at) = browser.browse(&browser.path_of(&link)?)?;
    let form = Form::with_password(&page.must()?.body)
        .with_context(|| format!("the invitation of {email}"))?;
    let target = match &form.action {
        Some(action) if !action.is_empty() => browser.path_of(action)?,
        _ => at,
    };
    let (accepted, _) = browser.submit(&target, &form.filled(&up.demo.password))?;
    accepted
        .must()
        .with_context(|| format!("{email} cannot accept the invitation"))?;
    sign_in(up, tenant, person).and_then(|mut client| sign_out(&mut client))
}

/// The link in the newest mail to an address.
fn invitation(up: &Up, email: &str) -> Result<String> {
    let mut mailbox = Client::new("127.0.0.1", up.stack.ports.mailbox);
    let started = Instant::now();
    loop {
        let page = mailbox
            .get(&format!("/api/v1/messages?to={}", encode(email)))?
            .json()?;
        let newest = page
            .get("data")
            .and_then(|data| data.get(0))
            .and_then(|m| text(m, "text"));
        if let Some(mail) = newest {
            let start = mail.find("http").context("the invitation has no link")?;
            let link = mail
                .get(start..)
                .and_then(|rest| rest.split_whitespace().next());
            return Ok(link.unwrap_or_default().to_owned());
        }
        if started.elapsed() > MAIL_LIMIT {
            bail!(
                "no invitation to {email} came within {} s",
                MAIL_LIMIT.as_secs()
            );
        }
        thread::sleep(POLL);
    }
}

fn invite(client: &mut Client, tenant: &Tenant, person: Person) -> Result<()> {
    let email = tenant.email(person);
    let body = json!({
        "email": email,
        "name": tenant.name_of(person),
        "role": person.role,
        "external": person.external,
    });
    let key = format!("invite-{}", person.part);
    client.post_once("/api/v1/members", &key, &body)?.must()?;
    Ok(())
}

fn invite_again(client: &mut Client, member: &str) -> Result<()> {
    client
        .post(&format!("/api/v1/members/{member}/invite"), &json!({}))?
        .must()
        .map(drop)
}

/// A member as the tenant knows them.
struct Member {
    id: String,
    active: bool,
}

/// The members by e-mail.
fn members(client: &mut Client) -> Result<HashMap<String, Member>> {
    let page = client.get("/api/v1/members?limit=200")?.json()?;
    let rows = page
        .get("data")
        .and_then(Value::as_array)
        .context("a list without data")?;
    Ok(rows
        .iter()
        .filter_map(|row| {
            let active = text(row, "state") == Some("active");
            let member = Member {
                id: text(row, "id")?.to_owned(),
                active,
            };
            Some((text(row, "email")?.to_owned(), member))
        })
        .collect())
}
