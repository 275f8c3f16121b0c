//! From nothing to a tenant at work: staff provision it in the back office, its architect follows
//! the mail, plans, and sees what happened.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{
    Browser, Stack, Staff, TenantClient, Theme,
    client::{builder, text},
};
use serde_json::{Value, json};
use testkit::{eventually, mailbox};

const PATIENCE: Duration = Duration::from_secs(20);
const PASSWORD: &str = "nine lanterns by the river";

#[tokio::test(flavor = "multi_thread")]
async fn staff_make_a_tenant_and_its_people_work() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start(Theme::Light, true).await?;
    sign_in(&stack, &browser).await?;
    look_at(
        &stack,
        &browser,
        "empty",
        &["/", "/tenants", "/operations", "/servers"],
    )
    .await?;

    let architect = mailbox().new_address("ada");
    provision(&stack, &browser, "acme", &architect).await?;
    accept(&browser, &architect).await?;
    let acme = work(&stack, "acme", &architect).await?;

    let other = mailbox().new_address("bea");
    provision(&stack, &browser, "globex", &other).await?;
    accept(&browser, &other).await?;
    strangers_see_nothing(&stack, &acme, &architect, &other).await?;

    let full = [
        "/",
        "/tenants",
        "/tenants?state=active",
        "/tenants?q=zzz",
        "/operations",
        "/servers",
    ];
    look_at(&stack, &browser, "full", &full).await?;
    look_at(
        &stack,
        &browser,
        "error",
        &["/no-such-page", "/tenants/nonsense"],
    )
    .await?;
    without_scripts(&stack, &browser).await
}

async fn sign_in(stack: &Stack, browser: &Browser) -> Result<()> {
    let staff = Staff::owner();
    browser.goto(&stack.backoffice("/sign-in")).await?;
    accessible(browser, "sign-in").await?;
    browser.fill("#email", staff.email).await?;
    browser.fill("#password", "not the password").await?;
    browser.press("button[type=submit]").await?;
    browser.see(".error-summary").await?;
    accessible(browser, "sign-in refused").await?;
    browser.fill("#password", staff.password).await?;
    browser.press("form.stack button[type=submit]").await?;
    browser.see("#code").await?;
    accessible(browser, "code").await?;
    browser.fill("#code", &staff.code()?).await?;
    browser.press("form.stack button[type=submit]").await?;
    browser.read("Needs attention").await?;
    // The refused sign-in is a 422, which the browser writes into its console.
    browser.complaints().await?;
    Ok(())
}

async fn provision(stack: &Stack, browser: &Browser, slug: &str, architect: &str) -> Result<()> {
    browser.goto(&stack.backoffice("/tenants")).await?;
    browser.press("a[href='/tenants/new']").await?;
    browser.fill("#name", &format!("{slug} works")).await?;
    browser.fill("#slug", "api").await?;
    browser.fill("#architect_name", "Ada Farrow").await?;
    browser.fill("#architect_email", architect).await?;
    accessible(browser, "new tenant").await?;
    browser.press("button[value=check]").await?;
    browser.press("button[value=create]").await?;
    // `api` is the platform's own name: the form comes back with what was typed.
    browser.see("#slug-error").await?;
    accessible(browser, "new tenant refused").await?;
    browser.fill("#slug", slug).await?;
    browser.press("button[value=check]").await?;
    browser.see("dl.facts").await?;
    accessible(browser, "check answers").await?;
    browser.press("button[value=create]").await?;
    browser.read("Succeeded").await?;
    browser.read("6 of 6 steps").await?;
    accessible(browser, "operation").await?;
    browser.picture(&format!("operation-{slug}")).await?;
    browser.press("#operation a.button.primary").await?;
    browser.read("Active").await?;
    accessible(browser, "tenant").await?;
    browser.picture(&format!("tenant-{slug}")).await
}

/// The architect follows the link in the mail and sets a password.
async fn accept(browser: &Browser, architect: &str) -> Result<()> {
    let mail = mailbox().wait_for(architect, PATIENCE).await;
    let plain = mail.text.unwrap_or_default();
    let link = plain
        .split_whitespace()
        .find(|word| word.contains("/invite/"));
    let link = link.unwrap_or_default().to_owned();
    ensure!(
        mail.html.is_some_and(|html| html.contains(&link)),
        "both parts have the link"
    );
    browser.goto(&link).await?;
    browser.see("#password").await?;
    ensure!(
        !browser.current_url().await?.as_str().contains(&link),
        "the token left the address"
    );
    accessible(browser, "invitation").await?;
    browser.picture("invitation").await?;
    browser.fill("#password", "short").await?;
    browser.press("form button[type=submit]").await?;
    browser.see("#password-error").await?;
    accessible(browser, "invitation refused").await?;
    browser.fill("#password", PASSWORD).await?;
    browser.press("form button[type=submit]").await?;
    browser.read("You are in").await?;
    accessible(browser, "invitation accepted").await?;
    let complaints = browser.complaints().await?;
    // The short password was a 422, which the browser writes down.
    let others: Vec<_> = complaints
        .iter()
        .filter(|text| !text.contains("422"))
        .collect();
    ensure!(others.is_empty(), "{others:?}");
    browser.delete_all_cookies().await?;
    browser.goto(&link).await?;
    browser.read("This invitation cannot be used").await?;
    accessible(browser, "invitation spent").await?;
    // That page is a 410, which the browser writes down too.
    browser.complaints().await?;
    Ok(())
}

/// Plans a little, completes it, and sees it in board and activity. Answers the grid.
async fn work(stack: &Stack, slug: &str, architect: &str) -> Result<Value> {
    let tenant = TenantClient::new(stack, slug)?;
    ensure!(
        tenant.get("/api/v1/work-items").await?.status == 401,
        "nobody is signed in"
    );
    let signed_in = tenant.sign_in(architect, PASSWORD).await?;
    ensure!(
        text(&signed_in, "/member/role") == "architect",
        "{signed_in}"
    );
    let folders = tenant.get("/api/v1/folders").await?.expect(200)?;
    let root = text(&folders, "/data/0/id").to_owned();
    let grid = tenant
        .create(&json!({ "kind": "grid", "name": "Launch", "folder_id": root }))
        .await?;
    let id = text(&grid, "/id").to_owned();
    let part = |kind: &str, name: &str| json!({ "kind": kind, "name": name, "parent_id": id });
    let stage = tenant.create(&part("stage", "Build")).await?;
    let theme = tenant.create(&part("theme", "Quality")).await?;
    let element = tenant
        .create(&json!({
            "kind": "element", "name": "Tests", "element_type": "with_tasks",
            "parent_id": text(&stage, "/id"), "theme_id": text(&theme, "/id"),
        }))
        .await?;
    for name in ["Write", "Run"] {
        let task = json!({ "kind": "task", "name": name, "parent_id": text(&element, "/id") });
        let task = tenant.create(&task).await?;
        let complete = format!("/api/v1/work-items/{}/complete", text(&task, "/id"));
        tenant.post(&complete, &json!({})).await?.expect(200)?;
    }
    let element_path = format!("/api/v1/work-items/{}", text(&element, "/id"));
    let done = tenant.get(&element_path).await?.expect(200)?;
    ensure!(
        done.get("progress") == Some(&json!(1.0)) && !text(&done, "/completed_at").is_empty(),
        "{done}"
    );
    let board = tenant
        .get(&format!("/api/v1/grids/{id}/board"))
        .await?
        .expect(200)?;
    ensure!(board.to_string().contains("Tests"), "{board}");
    let activity = format!("{element_path}/activity");
    eventually(PATIENCE, || async {
        let entries = tenant.get(&activity).await?.expect(200)?;
        let count = entries
            .get("data")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        ensure!(count > 0, "no activity yet: {entries}");
        anyhow::Ok(())
    })
    .await;
    Ok(grid)
}

/// Neither the other tenant's people nor a cookie carried over see anything.
async fn strangers_see_nothing(
    stack: &Stack,
    grid: &Value,
    architect: &str,
    other: &str,
) -> Result<()> {
    let path = format!("/api/v1/work-items/{}", text(grid, "/id"));
    let globex = TenantClient::new(stack, "globex")?;
    globex.sign_in(other, PASSWORD).await?;
    ensure!(
        globex.get(&path).await?.status == 404,
        "another tenant's item does not exist"
    );
    let refused = globex
        .post(
            "/auth/v1/sign-in",
            &json!({ "email": architect, "password": PASSWORD }),
        )
        .await?;
    ensure!(refused.status == 401, "{refused:?}");

    let acme = builder().build()?;
    let base = format!("http://127.0.0.1:{}", stack.ports().gateway);
    let signed_in = acme
        .post(format!("{base}/auth/v1/sign-in"))
        .header("host", stack.host("acme"))
        .json(&json!({ "email": architect, "password": PASSWORD }))
        .send()
        .await?;
    let cookie = signed_in.headers()["set-cookie"]
        .to_str()?
        .split(';')
        .next()
        .unwrap_or_default();
    for (slug, status) in [("acme", 200), ("globex", 401), ("nobody", 404)] {
        let answer = acme
            .get(format!("{base}{path}"))
            .header("host", stack.host(slug))
            .header("cookie", cookie)
            .send()
            .await?;
        ensure!(answer.status().as_u16() == status, "{slug}: {answer:?}");
    }
    Ok(())
}

/// Every page in both themes and on a phone: no accessibility fault, nothing refused by its policy.
async fn look_at(stack: &Stack, browser: &Browser, state: &str, paths: &[&str]) -> Result<()> {
    for theme in [Theme::Light, Theme::Dark] {
        browser.wear(theme).await?;
        for path in paths {
            browser.goto(&stack.backoffice(path)).await?;
            let name = format!("{state}{}-{theme:?}", path.replace(['/', '?', '='], "-"));
            accessible(browser, &name).await?;
            browser.picture(&name).await?;
            browser.be_wide(320).await?;
            ensure!(
                !browser.scrolls_sideways().await?,
                "{name} scrolls sideways at 320 px"
            );
            browser.be_wide(1200).await?;
        }
        let complaints = browser.complaints().await?;
        ensure!(
            state == "error" || complaints.is_empty(),
            "{state}: {complaints:?}"
        );
    }
    browser.wear(Theme::Light).await
}

async fn accessible(browser: &Browser, page: &str) -> Result<()> {
    let faults = browser.accessibility_faults().await?;
    ensure!(faults.is_empty(), "{page}: {faults:#?}");
    let heads = browser
        .execute("return document.querySelectorAll('h1').length", vec![])
        .await?;
    ensure!(
        heads == json!(1),
        "{page} has {heads} headings of the first level"
    );
    Ok(())
}

/// With scripts off, the same pages do the same.
async fn without_scripts(stack: &Stack, signed_in: &Browser) -> Result<()> {
    signed_in.goto(&stack.backoffice("/")).await?;
    let session = signed_in.get_named_cookie("trellis-backoffice").await?;
    let plain = Browser::start(Theme::Light, false).await?;
    plain.goto(&stack.backoffice("/sign-in")).await?;
    let address = stack.backoffice("/");
    plain
        .carry("trellis-backoffice", session.value(), &address)
        .await?;
    let architect = mailbox().new_address("cleo");
    plain.goto(&stack.backoffice("/tenants/new")).await?;
    plain.fill("#name", "Initech").await?;
    plain.fill("#slug", "initech").await?;
    plain.fill("#architect_name", "Cleo Marsh").await?;
    plain.fill("#architect_email", &architect).await?;
    plain.press("button[value=check]").await?;
    plain.press("button[value=create]").await?;
    plain.read("Succeeded").await?;
    plain.press(".who button").await?;
    plain.see("#email").await?;
    signed_in.goto(&stack.backoffice("/tenants")).await?;
    signed_in.see("#email").await?;
    Ok(())
}
