//! Signing in, staying in and getting out again, in a real browser against real processes.

mod forgotten;
mod look;
mod pages;
mod sso;
mod ways_in;

use std::time::Duration;

use anyhow::{Context as _, Result};
use e2e::{Browser, Stack, client::Client};
use sqlx::MySqlPool;
use testkit::mailbox;

/// How long a mail may take.
const PATIENCE: Duration = Duration::from_secs(20);
const PASSWORD: &str = "nine lanterns by the river";

/// A tenant, provisioned by the command line; its architect's address.
fn tenant(stack: &Stack, slug: &str) -> Result<String> {
    let architect = mailbox().new_address("ada");
    tenant_of(stack, slug, &architect)?;
    Ok(architect)
}

/// The same, with this architect.
fn tenant_of(stack: &Stack, slug: &str, architect: &str) -> Result<()> {
    stack.run(&[
        "tenant",
        "create",
        slug,
        "--name",
        &format!("{slug} works"),
        "--architect-name",
        "Ada Farrow",
        "--architect-email",
        architect,
        "--wait",
    ])?;
    Ok(())
}

/// The link of the newest mail to an address whose path has this in it.
async fn link(address: &str, part: &str) -> Result<String> {
    let found = testkit::eventually(PATIENCE, async || {
        let mails = mailbox().messages_to(address).await;
        mails.into_iter().find_map(|mail| {
            let text = mail.text.unwrap_or_default();
            let word = text.split_whitespace().find(|word| word.contains(part));
            word.map(str::to_owned)
        })
    });
    Ok(found.await)
}

/// Accepts the invitation that was sent to an address; the browser is signed in afterwards.
async fn accept(browser: &Browser, address: &str) -> Result<()> {
    browser.goto(&link(address, "/invite/").await?).await?;
    browser.fill("#password", PASSWORD).await?;
    browser.press("form button[type=submit]").await?;
    browser.read("You are in").await
}

/// A page of a tenant.
fn page(stack: &Stack, slug: &str, path: &str) -> String {
    format!("http://{}{path}", stack.host(slug))
}

/// Goes as far as a password leads.
async fn give_password(browser: &Browser, stack: &Stack, slug: &str, email: &str) -> Result<()> {
    browser.goto(&page(stack, slug, "/sign-in")).await?;
    browser.fill("#email", email).await?;
    browser
        .press("form[action='/sign-in'] button[type=submit]")
        .await?;
    browser.fill("#password", PASSWORD).await?;
    browser
        .press("form[action='/sign-in/password'] button[type=submit]")
        .await
}

/// The central database of a stack.
async fn central(stack: &Stack) -> Result<MySqlPool> {
    MySqlPool::connect(stack.central().url())
        .await
        .context("the central database")
}

/// The status that a page answers to a browser's cookie, redirects not followed.
async fn status(stack: &Stack, slug: &str, path: &str, cookie: &str) -> Result<u16> {
    let http: Client = e2e::client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let address = format!("http://127.0.0.1:{}{path}", stack.ports().gateway);
    let answer = http
        .get(address)
        .header("host", stack.host(slug))
        .header("cookie", format!("trellis={cookie}"))
        .send()
        .await?;
    Ok(answer.status().as_u16())
}
