//! Password, authenticator app, recovery code, passkey, reset, and from one tenant to another.

use anyhow::{Context as _, Result, ensure};
use e2e::{Authenticator, Browser, People, Stack, Theme};

use super::{
    PASSWORD, accept, central, give_password, link,
    look::{complains, look, quiet, visit},
    page, status, tenant, tenant_of,
};

const SLUG: &str = "acme";
const COOKIE: &str = "trellis";

#[tokio::test(flavor = "multi_thread")]
async fn people_prove_who_they_are_in_a_browser() -> Result<()> {
    let stack = Stack::start().await?;
    let ada = tenant(&stack, SLUG)?;
    let browser = Browser::start(Theme::Light, true).await?;
    browser.own_authenticator().await?;
    accept(&browser, &ada).await?;
    sign_out(&browser, &stack).await?;

    by_password(&browser, &stack, &ada).await?;
    let app = authenticator(&browser, &stack).await?;
    let codes = recovery_codes(&browser, &stack).await?;
    sign_out(&browser, &stack).await?;
    by_code(&browser, &stack, &ada, &app).await?;
    sign_out(&browser, &stack).await?;
    by_recovery_code(&browser, &stack, &ada, &codes).await?;
    passkey(&browser, &stack).await?;
    sessions(&browser, &stack, &ada, &codes).await?;
    sign_out(&browser, &stack).await?;
    by_passkey(&browser, &stack).await?;
    sign_out(&browser, &stack).await?;
    reset(&browser, &stack, &ada).await?;
    quiet(&browser, "signing in").await
}

async fn sign_out(browser: &Browser, stack: &Stack) -> Result<()> {
    browser.goto(&page(stack, SLUG, "/")).await?;
    browser
        .press("form[action='/auth/sign-out'] button")
        .await?;
    browser.read("You are signed out.").await
}

/// An unknown address and a wrong password are told the same; then the right one.
async fn by_password(browser: &Browser, stack: &Stack, ada: &str) -> Result<()> {
    browser.goto(&page(stack, SLUG, "/security")).await?;
    look(browser, "sign-in").await?;
    browser.fill("#email", "not an address").await?;
    browser
        .press("form[action='/sign-in'] button[type=submit]")
        .await?;
    complains(browser, "sign-in-refused").await?;
    let mut told = Vec::new();
    for email in ["nobody@nowhere.example", ada] {
        browser
            .goto(&page(stack, SLUG, "/sign-in?return_to=/security"))
            .await?;
        browser.fill("#email", email).await?;
        browser
            .press("form[action='/sign-in'] button[type=submit]")
            .await?;
        browser
            .fill("#password", "not the password of anybody")
            .await?;
        browser
            .press("form[action='/sign-in/password'] button[type=submit]")
            .await?;
        complains(browser, "password-refused").await?;
        told.push(browser.text().await?);
    }
    ensure!(told.first() == told.last(), "{told:#?}");
    browser.fill("#password", PASSWORD).await?;
    browser
        .press("form[action='/sign-in/password'] button[type=submit]")
        .await?;
    browser.see("a[href='/security/two-step']").await?;
    ensure!(
        browser.current_url().await?.path() == "/security",
        "it goes on where it was going"
    );
    look(browser, "security").await
}

/// Sets up an authenticator app from what the page shows as text.
async fn authenticator(browser: &Browser, stack: &Stack) -> Result<Authenticator> {
    visit(
        browser,
        &page(stack, SLUG, "/security/two-step"),
        "two-step-empty",
    )
    .await?;
    browser
        .press("form[action='/security/two-step/authenticator'] button")
        .await?;
    let secret = browser.see("code.secret").await?.text().await?;
    browser.see("svg").await?;
    look(browser, "authenticator").await?;
    let app = Authenticator::told(&secret);
    browser.fill("#code", "000000").await?;
    browser.press("form[action$='/confirm'] button").await?;
    complains(browser, "authenticator-refused").await?;
    Authenticator::settle().await?;
    browser.fill("#code", &app.code_before()?).await?;
    browser.press("form[action$='/confirm'] button").await?;
    Ok(app)
}

/// The codes are shown with the first factor, once.
async fn recovery_codes(browser: &Browser, stack: &Stack) -> Result<Vec<String>> {
    browser.see("ol.codes").await?;
    look(browser, "recovery-codes").await?;
    let shown = browser
        .execute(
            "return [...document.querySelectorAll('ol.codes code')].map(code => code.textContent)",
            vec![],
        )
        .await?;
    let codes: Vec<String> = serde_json::from_value(shown)?;
    ensure!(codes.len() >= 8, "{} codes", codes.len());
    visit(
        browser,
        &page(stack, SLUG, "/security/two-step"),
        "two-step",
    )
    .await?;
    let kept = browser.text().await?;
    ensure!(
        codes.iter().all(|code| !kept.contains(code)),
        "they are shown again"
    );
    Ok(codes)
}

/// The code that set the app up is good no more; the one after it lets in.
async fn by_code(browser: &Browser, stack: &Stack, ada: &str, app: &Authenticator) -> Result<()> {
    give_password(browser, stack, SLUG, ada).await?;
    browser.see("#code").await?;
    look(browser, "code").await?;
    let pending = browser.get_named_cookie(COOKIE).await?;
    ensure!(
        status(stack, SLUG, "/api/v1/folders", pending.value()).await? == 401,
        "the password alone lets nobody in"
    );
    browser.fill("#code", "000000").await?;
    browser
        .press("form[action='/sign-in/code'] button[type=submit]")
        .await?;
    complains(browser, "code-refused").await?;
    browser.fill("#code", &app.code()?).await?;
    browser
        .press("form[action='/sign-in/code'] button[type=submit]")
        .await?;
    browser.read("you are signed in to").await?;
    let cookie = browser.get_named_cookie(COOKIE).await?;
    ensure!(cookie.value() != pending.value(), "the cookie is a new one");
    look(browser, "home").await
}

/// A recovery code lets in once.
async fn by_recovery_code(
    browser: &Browser,
    stack: &Stack,
    ada: &str,
    codes: &[String],
) -> Result<()> {
    let code = codes.first().context("a code")?;
    for time in ["first", "second"] {
        give_password(browser, stack, SLUG, ada).await?;
        browser.see("#code").await?;
        browser.press("a[href^='/sign-in/recovery-code']").await?;
        browser.see("form[action='/sign-in/recovery-code']").await?;
        look(browser, "recovery-code").await?;
        browser.fill("#code", code).await?;
        browser
            .press("form[action='/sign-in/recovery-code'] button[type=submit]")
            .await?;
        if time == "first" {
            browser.read("you are signed in to").await?;
            sign_out(browser, stack).await?;
        }
    }
    complains(browser, "recovery-code-spent").await?;
    browser
        .fill("#code", codes.get(1).context("another code")?)
        .await?;
    browser
        .press("form[action='/sign-in/recovery-code'] button[type=submit]")
        .await?;
    browser.read("you are signed in to").await
}

async fn passkey(browser: &Browser, stack: &Stack) -> Result<()> {
    visit(
        browser,
        &page(stack, SLUG, "/security/passkeys"),
        "passkeys-empty",
    )
    .await?;
    browser.fill("main [data-passkey] input", "Laptop").await?;
    browser.press("main [data-passkey] button").await?;
    browser.see("a[href^='/security/passkeys/']").await?;
    browser.read("Added just now").await?;
    look(browser, "passkeys").await
}

/// A session that is ended from another browser is over there at once.
async fn sessions(browser: &Browser, stack: &Stack, ada: &str, codes: &[String]) -> Result<()> {
    let other = Browser::start(Theme::Light, false).await?;
    give_password(&other, stack, SLUG, ada).await?;
    other.see("#code").await?;
    other.press("a[href^='/sign-in/recovery-code']").await?;
    other
        .fill("#code", codes.get(2).context("another code")?)
        .await?;
    other
        .press("form[action='/sign-in/recovery-code'] button[type=submit]")
        .await?;
    other.read("you are signed in to").await?;
    visit(
        browser,
        &page(stack, SLUG, "/security/sessions"),
        "sessions",
    )
    .await?;
    let cookie = other.get_named_cookie(COOKIE).await?;
    ensure!(
        status(stack, SLUG, "/api/v1/folders", cookie.value()).await? == 200,
        "it is in"
    );
    browser
        .press("form[action='/security/sessions/end-others'] button")
        .await?;
    browser.read("You are signed in nowhere else.").await?;
    ensure!(
        status(stack, SLUG, "/api/v1/folders", cookie.value()).await? == 401,
        "the next request is refused"
    );
    other.goto(&page(stack, SLUG, "/security")).await?;
    other.see("#email").await?;
    Ok(())
}

async fn by_passkey(browser: &Browser, stack: &Stack) -> Result<()> {
    browser
        .goto(&page(stack, SLUG, "/sign-in?return_to=/security"))
        .await?;
    browser.press("[data-passkey] button").await?;
    browser.see("a[href='/security/two-step']").await?;
    let second_factor = browser.text().await?;
    ensure!(
        !second_factor.contains("Verify"),
        "a passkey is both factors"
    );
    Ok(())
}

/// A link by mail sets another password; the second factor is still asked for, and the link is
/// good once.
async fn reset(browser: &Browser, stack: &Stack, ada: &str) -> Result<()> {
    visit(browser, &page(stack, SLUG, "/recover"), "recover").await?;
    let mut told = Vec::new();
    for email in ["nobody@nowhere.example", ada] {
        browser.goto(&page(stack, SLUG, "/recover")).await?;
        browser.fill("#email", email).await?;
        browser
            .press("form[action='/recover'] button[type=submit]")
            .await?;
        browser.read("mail").await?;
        told.push(browser.text().await?.replace(email, "that address"));
    }
    ensure!(told.first() == told.last(), "{told:#?}");
    look(browser, "recover-sent").await?;
    let link = link(ada, "/recover/").await?;
    browser.goto(&link).await?;
    browser.see("#password").await?;
    ensure!(
        browser.current_url().await?.as_str() != link,
        "the token left the address"
    );
    look(browser, "recover-password").await?;
    browser.fill("#password", "short").await?;
    browser.press("form button[type=submit]").await?;
    complains(browser, "recover-password-refused").await?;
    browser
        .fill("#password", "eleven kettles on the moor")
        .await?;
    browser.press("form button[type=submit]").await?;
    browser.see("#code, .banner, h1").await?;
    let signed_in = browser.get_named_cookie(COOKIE).await;
    if let Ok(cookie) = signed_in {
        ensure!(
            status(stack, SLUG, "/api/v1/folders", cookie.value()).await? == 401,
            "the link alone lets nobody in"
        );
    }
    browser.goto(&link).await?;
    browser.read("cannot be used").await?;
    look(browser, "recover-spent").await
}

/// The same without a script: all of it but passkeys.
#[tokio::test(flavor = "multi_thread")]
async fn everything_but_passkeys_works_without_scripts() -> Result<()> {
    let stack = Stack::start().await?;
    let ada = tenant(&stack, SLUG)?;
    let browser = Browser::start(Theme::Light, false).await?;
    accept(&browser, &ada).await?;
    sign_out(&browser, &stack).await?;
    give_password(&browser, &stack, SLUG, &ada).await?;
    browser.read("you are signed in to").await?;
    from_one_to_another(&stack, &browser, &ada).await?;

    let address = page(&stack, SLUG, "/security/two-step");
    browser.goto(&address).await?;
    browser
        .press("form[action='/security/two-step/authenticator'] button")
        .await?;
    let app = Authenticator::told(&browser.see("code.secret").await?.text().await?);
    Authenticator::settle().await?;
    browser.fill("#code", &app.code_before()?).await?;
    browser.press("form[action$='/confirm'] button").await?;
    browser.see("ol.codes").await?;
    sign_out(&browser, &stack).await?;
    give_password(&browser, &stack, SLUG, &ada).await?;
    browser.fill("#code", &app.code()?).await?;
    browser
        .press("form[action='/sign-in/code'] button[type=submit]")
        .await?;
    browser.read("you are signed in to").await
}

/// By the host of people into a tenant that lets in whoever it knows; one that wants a second
/// factor shows where to get one, and nothing else.
async fn from_one_to_another(stack: &Stack, browser: &Browser, ada: &str) -> Result<()> {
    for slug in ["globex", "initech"] {
        tenant_of(stack, slug, ada)?;
        People::of(&central(stack).await?, slug)
            .await?
            .architect()
            .await?;
    }
    let strict = "INSERT INTO tenant_security (tenant_id, second_factor_required, updated_at) \
         SELECT id, TRUE, NOW(6) FROM tenants WHERE slug = 'initech'";
    sqlx::query(strict).execute(&central(stack).await?).await?;

    browser.goto(&page(stack, SLUG, "/accounts")).await?;
    browser.see("#email").await?;
    let at = browser.current_url().await?;
    ensure!(at.host_str() == Some("id.trellis.localhost"), "{at}");
    browser.fill("#email", ada).await?;
    browser
        .press("form[action='/sign-in'] button[type=submit]")
        .await?;
    browser.fill("#password", PASSWORD).await?;
    browser
        .press("form[action='/sign-in/password'] button[type=submit]")
        .await?;
    browser.read("globex works").await?;
    browser.press("a[href*='globex']").await?;
    browser.read("you are signed in to globex works").await?;
    let at = browser.current_url().await?;
    ensure!(at.host_str() == Some("globex.trellis.localhost"), "{at}");

    browser.goto(&page(stack, SLUG, "/accounts")).await?;
    browser.press("a[href*='initech']").await?;
    browser.read("initech works").await?;
    let cookie = browser.get_named_cookie(COOKIE).await?;
    ensure!(
        status(stack, "initech", "/api/v1/folders", cookie.value()).await? == 401,
        "it wants a second factor"
    );
    Ok(())
}
