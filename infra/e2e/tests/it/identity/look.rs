//! What every page has to be, whatever it says: accessible, in both themes, on a telephone, within
//! its policy.

use anyhow::{Result, ensure};
use e2e::{Browser, Theme};
use serde_json::json;

/// Looks at the page that the browser shows, in both themes and on a telephone, and keeps pictures.
pub(super) async fn look(browser: &Browser, name: &str) -> Result<()> {
    for theme in [Theme::Light, Theme::Dark] {
        browser.wear(theme).await?;
        let faults = browser.accessibility_faults().await?;
        ensure!(faults.is_empty(), "{name}, {theme:?}: {faults:#?}");
        browser.picture(&format!("{name}-{theme:?}")).await?;
        browser.be_wide(320).await?;
        ensure!(
            !browser.scrolls_sideways().await?,
            "{name} scrolls sideways at 320 px"
        );
        if theme == Theme::Dark {
            browser.picture(&format!("{name}-320")).await?;
        }
        browser.be_wide(1200).await?;
    }
    browser.wear(Theme::Light).await?;
    let heads = browser
        .execute("return document.querySelectorAll('h1').length", vec![])
        .await?;
    ensure!(
        heads == json!(1),
        "{name} has {heads} headings of the first level"
    );
    Ok(())
}

/// Goes to a page and looks at it.
pub(super) async fn visit(browser: &Browser, address: &str, name: &str) -> Result<()> {
    browser.goto(address).await?;
    look(browser, name).await
}

/// The page complains of what was typed: its title says so, and the summary has the focus.
pub(super) async fn complains(browser: &Browser, name: &str) -> Result<()> {
    browser.see(".error-summary").await?;
    let told = browser
        .execute(
            "return [document.title.startsWith('Error:'), \
             document.activeElement.classList.contains('error-summary')]",
            vec![],
        )
        .await?;
    ensure!(told == json!([true, true]), "{name}: {told}");
    look(browser, name).await
}

/// The browser had nothing to complain of, but for answers that are errors on purpose.
pub(super) async fn quiet(browser: &Browser, name: &str) -> Result<()> {
    let complaints = browser.complaints().await?;
    let others: Vec<_> = complaints
        .iter()
        .filter(|text| {
            !["422", "403", "404", "410", "429"]
                .iter()
                .any(|code| text.contains(code))
        })
        .collect();
    ensure!(others.is_empty(), "{name}: {others:?}");
    Ok(())
}
