//! A headless Chromium of a test's own, driven through chromedriver.

use std::{
    ops::Deref,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{chrome::ChromeCommand, stack::free_port};

/// The accessibility checker, run inside the page.
const AXE: &str = include_str!("../assets/axe.min.js");
/// How long an element may take to appear.
const PATIENCE: Duration = Duration::from_secs(15);

/// Colours of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// A browser with a profile of its own. Dropped, it ends.
pub struct Browser {
    client: Client,
    driver: Child,
    _profile: TempDir,
}

impl Deref for Browser {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver leads a group of its own, in which its browser runs.
        let group = format!("-{}", self.driver.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.driver.wait();
    }
}

impl Browser {
    /// Starts a browser of this theme, without JavaScript when so asked.
    ///
    /// # Errors
    /// When Chromium or its driver is missing or does not start.
    pub async fn start(theme: Theme, scripts: bool) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let port = free_port()?;
        let driver = std::os::unix::process::CommandExt::process_group(
            Command::new("chromedriver").arg(format!("--port={port}")),
            0,
        )
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("chromedriver does not start; `cargo xtask test` installs it")?;
        let client = connect(port, capabilities(scripts, &profile)).await?;
        let browser = Self {
            client,
            driver,
            _profile: profile,
        };
        browser.wear(theme).await?;
        Ok(browser)
    }

    /// Tells pages that the person prefers this theme.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn wear(&self, theme: Theme) -> Result<()> {
        let value = if theme == Theme::Dark {
            "dark"
        } else {
            "light"
        };
        // Without motion: a colour on its way to another is neither.
        let parameters = json!({ "features": [
                { "name": "prefers-color-scheme", "value": value },
                { "name": "prefers-reduced-motion", "value": "reduce" },
            ] });
        let command = ChromeCommand::DevTools {
            name: "Emulation.setEmulatedMedia",
            parameters,
        };
        self.client.issue_cmd(command).await?;
        Ok(())
    }

    /// Makes the page this wide, as a phone would.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn be_wide(&self, width: u32) -> Result<()> {
        let parameters =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        let name = "Emulation.setDeviceMetricsOverride";
        self.client
            .issue_cmd(ChromeCommand::DevTools { name, parameters })
            .await?;
        Ok(())
    }

    /// Gives the browser an authenticator of its own, which verifies its user and keeps passkeys.
    ///
    /// # Errors
    /// When the browser has none to give.
    pub async fn own_authenticator(&self) -> Result<()> {
        self.client
            .issue_cmd(ChromeCommand::AddAuthenticator)
            .await?;
        Ok(())
    }

    /// Puts a cookie into the browser, for the host of this address.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub async fn carry(&self, name: &str, value: &str, address: &str) -> Result<()> {
        let parameters = json!({ "name": name, "value": value, "url": address });
        let command = ChromeCommand::DevTools {
            name: "Network.setCookie",
            parameters,
        };
        self.client.issue_cmd(command).await?;
        Ok(())
    }

    /// Keeps a picture of the page under `target/screenshots`.
    ///
    /// # Errors
    /// When it cannot be taken or written.
    pub async fn picture(&self, name: &str) -> Result<()> {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/screenshots");
        std::fs::create_dir_all(dir)?;
        std::fs::write(format!("{dir}/{name}.png"), self.client.screenshot().await?)?;
        Ok(())
    }

    /// Waits until the page shows the text.
    ///
    /// # Errors
    /// When it does not in time; what it shows is told.
    pub async fn read(&self, wanted: &str) -> Result<()> {
        let limit = std::time::Instant::now() + PATIENCE;
        loop {
            // In the middle of a navigation there is no page to read.
            let text = self.text().await.unwrap_or_default();
            if text.contains(wanted) {
                return Ok(());
            }
            if std::time::Instant::now() > limit {
                bail!("the page does not say {wanted:?}, but:\n{text}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The element, once it is there.
    ///
    /// # Errors
    /// When it does not appear in time; the page's text is told.
    pub async fn see(&self, css: &str) -> Result<Element> {
        match self
            .client
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Css(css))
            .await
        {
            Ok(element) => Ok(element),
            Err(error) => bail!(
                "{css} is not there ({error}) on the page:\n{}",
                self.text().await?
            ),
        }
    }

    /// Types into a field, over what was there.
    ///
    /// # Errors
    /// When there is no such field.
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let field = self.see(css).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// Presses a button or follows a link.
    ///
    /// # Errors
    /// When there is no such element.
    pub async fn press(&self, css: &str) -> Result<()> {
        Ok(self.see(css).await?.click().await?)
    }

    /// The visible text of the page.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn text(&self) -> Result<String> {
        let body = self.client.find(Locator::Css("body")).await?;
        Ok(body.text().await?)
    }

    /// Faults that axe-core finds on the page, rule and element each.
    ///
    /// # Errors
    /// When the checker does not run.
    pub async fn accessibility_faults(&self) -> Result<Vec<String>> {
        self.client.execute(AXE, vec![]).await?;
        let run = "const done = arguments[arguments.length - 1]; \
                   axe.run(document).then(r => done(r.violations.flatMap(v => \
                   v.nodes.map(n => v.id + ': ' + n.html))), e => done(['axe: ' + e]))";
        let faults = self.client.execute_async(run, vec![]).await?;
        Ok(serde_json::from_value(faults)?)
    }

    /// Whether the page is wider than the window.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn scrolls_sideways(&self) -> Result<bool> {
        let script = "return document.documentElement.scrollWidth > window.innerWidth";
        Ok(self.client.execute(script, vec![]).await? == json!(true))
    }

    /// Complaints of the browser since the last call: refused scripts and styles, failed requests,
    /// uncaught errors.
    ///
    /// # Errors
    /// When the driver has no log.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let entries = self.client.issue_cmd(ChromeCommand::TakeLog).await?;
        let entries: Vec<Value> = serde_json::from_value(entries)?;
        Ok(entries
            .iter()
            .filter_map(|e| Some(e.get("message")?.as_str()?.to_owned()))
            .collect())
    }
}

async fn connect(port: u16, wanted: Value) -> Result<Client> {
    let Value::Object(wanted) = wanted else {
        bail!("capabilities are an object")
    };
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(wanted);
    let address = format!("http://127.0.0.1:{port}");
    let mut last = None;
    for _ in 0..100 {
        match builder.connect(&address).await {
            Ok(client) => return Ok(client),
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("chromedriver does not answer on port {port}: {last:?}")
}

fn capabilities(scripts: bool, profile: &TempDir) -> Value {
    let arguments = vec![
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-quic".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--window-size=1200,900".to_owned(),
        format!("--user-data-dir={}", profile.path().display()),
    ];
    let mut options = json!({ "args": arguments });
    if !scripts && let Some(options) = options.as_object_mut() {
        let setting = json!({ "profile.managed_default_content_settings.javascript": 2 });
        options.insert("prefs".to_owned(), setting);
    }
    json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": { "browser": "ALL" },
    })
}
