//! The staff API as the owner uses it: signed in once, the session kept between runs.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{Up, totp};
use crate::http::{Answer, Client, encode};
use crate::progress;
use crate::secrets;

/// A provisioning takes a second; a busy machine gets this long.
const OPERATION_LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(200);

/// The staff API with a session.
pub struct Staff {
    client: Client,
}

impl Staff {
    /// Takes up the session of the last run, or signs in.
    pub fn sign_in(up: &Up) -> Result<Self> {
        let kept = kept(up)?;
        let mut client = Client::new("127.0.0.1", super::listen::STAFF_PORT.number());
        client.resume(&fs::read_to_string(&kept).unwrap_or_default());
        if client.get("/staff/v1/session")?.status == 200 {
            return Ok(Self { client });
        }
        let mut client = Client::new("127.0.0.1", super::listen::STAFF_PORT.number());
        let who = json!({"email": up.demo.staff_email, "password": up.demo.staff_password});
        client
            .post("/staff/v1/sign-in", &who)?
            .must()
            .context("the staff owner cannot sign in")?;
        give_code(&mut client, &super::bootstrap::totp_secret(up)?)?;
        secrets::write(&kept, &client.cookies()?)?;
        Ok(Self { client })
    }

    /// The tenant with that slug.
    pub fn tenant(&mut self, slug: &str) -> Result<Option<Value>> {
        let path = format!("/staff/v1/tenants?q={}&limit=200", encode(slug));
        let page = self.client.get(&path)?.json()?;
        let rows = page
            .get("data")
            .and_then(Value::as_array)
            .context("a list without data")?;
        Ok(rows
            .iter()
            .find(|row| text(row, "slug") == Some(slug))
            .cloned())
    }

    /// The tenant's own page.
    pub fn detail(&mut self, id: &str) -> Result<Value> {
        self.client.get(&format!("/staff/v1/tenants/{id}"))?.json()
    }

    /// Asks for a tenant; answers its id and the operation's.
    pub fn create(&mut self, body: &Value) -> Result<(String, String)> {
        let accepted = self.client.post("/staff/v1/tenants", body)?.json()?;
        let of = |key: &str| {
            text(&accepted, key)
                .map(str::to_owned)
                .context("not accepted")
        };
        Ok((of("tenant_id")?, of("operation_id")?))
    }

    /// Waits until an operation is at rest; an error unless it succeeded.
    pub fn follow(&mut self, operation: &str) -> Result<()> {
        let started = Instant::now();
        loop {
            let view = self
                .client
                .get(&format!("/staff/v1/operations/{operation}"))?
                .json()?;
            match text(&view, "state") {
                Some("succeeded") => return Ok(()),
                Some("failed" | "cancelled") => bail!("the operation failed: {}", reason(&view)),
                _ if started.elapsed() > OPERATION_LIMIT => {
                    bail!("the operation has not ended: {}", reason(&view))
                }
                _ => thread::sleep(POLL),
            }
        }
    }
}

/// Gives the code of the present step; one that was used already (by another sign-in within the
/// same half minute) is refused, and the next one is waited for.
fn give_code(client: &mut Client, secret: &str) -> Result<()> {
    let step = totp::step_now();
    if confirm(client, secret, step)?.status == 200 {
        return Ok(());
    }
    progress::note("the staff owner's code was used already; waiting for the next one");
    while totp::step_now() == step {
        thread::sleep(POLL);
    }
    confirm(client, secret, step + 1)?
        .must()
        .context("the staff owner's code is refused")?;
    Ok(())
}

fn confirm(client: &mut Client, secret: &str, step: u64) -> Result<Answer> {
    client.post(
        "/staff/v1/sign-in/totp",
        &json!({"code": totp::code(secret, step)?}),
    )
}

fn kept(up: &Up) -> Result<PathBuf> {
    Ok(up.stack.directory("secrets")?.join("staff-session"))
}

/// A text of an object.
pub fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// Which step is not done, and why.
fn reason(view: &Value) -> String {
    let steps = view.get("steps").and_then(Value::as_array);
    let open = steps
        .into_iter()
        .flatten()
        .find(|step| text(step, "state") != Some("succeeded"));
    open.map_or_else(
        || "no step is open".to_owned(),
        |step| {
            let name = text(step, "name").unwrap_or_default();
            format!("{name}: {}", text(step, "error").unwrap_or("not done"))
        },
    )
}
