//! Redis is killed and comes back empty, or with what it saved some time ago. What was ended stays ended, what was used stays used, and
//! who is signed in stays so: the truth is in SQL.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::{Authenticator, OwnRedis, Stack, TenantClient, Wishes, client::text};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::eventually;

use super::{PASSWORD, link, tenant};

const SLUG: &str = "acme";
const ANYTHING: &str = "/api/v1/folders";
const RESET: &str = "eleven kettles on the moor";
/// How long the programs may take to find Redis again.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_forgot_everything_revives_nothing() -> Result<()> {
    let mut redis = OwnRedis::start().await?;
    let wishes = Wishes {
        redis: Some(redis.url()),
        ..Wishes::default()
    };
    let stack = Stack::with(wishes).await?;
    let ada = tenant(&stack, SLUG)?;
    let invitation = accept(&stack, &ada).await?;
    let reset = reset_password(&stack, &ada).await?;
    let before = Before::arrange(&stack, &ada).await?;

    redis.kill()?;
    // Without Redis, too, who is in stays in and who is out stays out.
    before.sessions_are_as_they_were().await?;
    redis.restart().await?;

    before.sessions_are_as_they_were().await?;
    before.codes_are_used(&stack, &ada).await?;
    let spent = json!({ "token": invitation, "password": RESET });
    refused(&stack, "/auth/v1/invitations/accept", &spent, 410).await?;
    let spent = json!({ "token": reset, "password": PASSWORD });
    refused(&stack, "/auth/v1/recover/password", &spent, 410).await?;
    before.signs_in_again(&stack, &ada).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_comes_back_with_old_data_revives_nothing() -> Result<()> {
    let mut redis = OwnRedis::start().await?;
    let wishes = Wishes {
        redis: Some(redis.url()),
        ..Wishes::default()
    };
    let stack = Stack::with(wishes).await?;
    let ada = tenant(&stack, SLUG)?;
    accept(&stack, &ada).await?;
    let [staying, ended, left] = [
        TenantClient::new(&stack, SLUG)?,
        TenantClient::new(&stack, SLUG)?,
        TenantClient::new(&stack, SLUG)?,
    ];
    for client in [&staying, &ended, &left] {
        client.sign_in(&ada, PASSWORD).await?;
        client.get(ANYTHING).await?.expect(200)?;
    }
    redis.save().await?;
    left.post("/auth/v1/sign-out", &json!({}))
        .await?
        .expect(204)?;
    end_others(&staying).await?;
    for client in [&ended, &left] {
        ensure!(client.get(ANYTHING).await?.status == 401, "it has ended");
    }

    redis.kill()?;
    redis.restart().await?;

    eventually(PATIENCE, async || {
        let answer = staying.get(ANYTHING).await?;
        ensure!(answer.status == 200, "{answer:?}");
        Ok(())
    })
    .await;
    // Until long after the programs have found Redis again, and forgot what they kept themselves.
    let watched = tokio::time::Instant::now() + Duration::from_secs(3);
    while tokio::time::Instant::now() < watched {
        for client in [&ended, &left] {
            let answer = client.get(ANYTHING).await?;
            ensure!(answer.status == 401, "{answer:?}");
        }
    }
    Ok(())
}

/// Posts what was good once, and wants it refused.
async fn refused(stack: &Stack, path: &str, body: &Value, status: u16) -> Result<()> {
    let answer = TenantClient::new(stack, SLUG)?.post(path, body).await?;
    ensure!(answer.status == status, "{path}: {answer:?}");
    Ok(())
}

/// The last part of a link.
fn token(link: &str) -> Result<String> {
    let token = link.rsplit('/').next().filter(|token| !token.is_empty());
    Ok(token.context("a link with a token")?.to_owned())
}

/// Accepts the invitation; its token.
async fn accept(stack: &Stack, ada: &str) -> Result<String> {
    let token = token(&link(ada, "/invite/").await?)?;
    let body = json!({ "token": token, "password": PASSWORD });
    let client = TenantClient::new(stack, SLUG)?;
    client
        .post("/auth/v1/invitations/accept", &body)
        .await?
        .expect(200)?;
    Ok(token)
}

/// Sets another password by a link; its token.
async fn reset_password(stack: &Stack, ada: &str) -> Result<String> {
    let client = TenantClient::new(stack, SLUG)?;
    let asked = client
        .post("/auth/v1/recover", &json!({ "email": ada }))
        .await?;
    asked.expect(202)?;
    let token = token(&link(ada, "/recover/").await?)?;
    let body = json!({ "token": token, "password": RESET });
    client
        .post("/auth/v1/recover/password", &body)
        .await?
        .expect(204)?;
    Ok(token)
}

/// What was so when Redis was killed.
struct Before {
    /// Somebody who is signed in.
    staying: TenantClient,
    /// Whose session was ended from another one, and who went themselves.
    gone: [TenantClient; 2],
    app: Authenticator,
    used_code: String,
    recovery_codes: Vec<String>,
}

impl Before {
    async fn arrange(stack: &Stack, ada: &str) -> Result<Self> {
        let [staying, ended, left, setting_up] = [
            TenantClient::new(stack, SLUG)?,
            TenantClient::new(stack, SLUG)?,
            TenantClient::new(stack, SLUG)?,
            TenantClient::new(stack, SLUG)?,
        ];
        for client in [&ended, &left, &setting_up] {
            client.sign_in(ada, RESET).await?;
            client.get(ANYTHING).await?.expect(200)?;
        }
        left.post("/auth/v1/sign-out", &json!({}))
            .await?
            .expect(204)?;
        end_others(&setting_up).await?;
        let shown = setting_up
            .post("/auth/v1/factors/totp", &json!({}))
            .await?
            .expect(200)?;
        let app = Authenticator::told(text(&shown, "/secret"));
        Authenticator::settle().await?;
        let confirm = json!({ "code": app.code_before()? });
        let path = "/auth/v1/factors/totp/confirm";
        let enrolled = setting_up.post(path, &confirm).await?.expect(200)?;
        let codes = enrolled
            .pointer("/recovery_codes")
            .cloned()
            .context("codes")?;
        let recovery_codes: Vec<String> = serde_json::from_value(codes)?;
        let used_code = app.code()?;
        give(&staying, ada, "totp", &used_code).await?.expect(200)?;
        let first = recovery_codes.first().context("a code")?;
        let other = TenantClient::new(stack, SLUG)?;
        give(&other, ada, "recovery-code", first)
            .await?
            .expect(200)?;
        staying.get(ANYTHING).await?.expect(200)?;
        Ok(Self {
            staying,
            gone: [ended, left],
            app,
            used_code,
            recovery_codes,
        })
    }

    /// As soon as the programs have noticed, whatever they kept themselves.
    async fn sessions_are_as_they_were(&self) -> Result<()> {
        eventually(PATIENCE, async || {
            let answer = self.staying.get(ANYTHING).await?;
            ensure!(answer.status == 200, "{answer:?}");
            Ok(())
        })
        .await;
        for client in &self.gone {
            let answer = client.get(ANYTHING).await?;
            ensure!(answer.status == 401, "{answer:?}");
        }
        Ok(())
    }

    async fn codes_are_used(&self, stack: &Stack, ada: &str) -> Result<()> {
        for (way, code) in [
            ("totp", &self.used_code),
            (
                "recovery-code",
                self.recovery_codes.first().context("a code")?,
            ),
        ] {
            let client = TenantClient::new(stack, SLUG)?;
            let answer = give(&client, ada, way, code).await?;
            ensure!(answer.status == 401, "{way}: {answer:?}");
        }
        Ok(())
    }

    async fn signs_in_again(&self, stack: &Stack, ada: &str) -> Result<()> {
        let client = TenantClient::new(stack, SLUG)?;
        let fresh = self.recovery_codes.get(1).context("another code")?;
        give(&client, ada, "recovery-code", fresh)
            .await?
            .expect(200)?;
        client.get(ANYTHING).await?.expect(200)?;
        ensure!(self.app.code()?.len() == 6, "the app goes on");
        Ok(())
    }
}

/// Gives the password and then this.
async fn give(
    client: &TenantClient,
    email: &str,
    way: &str,
    code: &str,
) -> Result<e2e::client::Answer> {
    let due = client.sign_in(email, RESET).await?;
    ensure!(text(&due, "/status") == "second_factor_required", "{due}");
    let path = format!("/auth/v1/sign-in/{way}");
    client.post(&path, &json!({ "code": code })).await
}

/// Ends every session but the caller's.
async fn end_others(client: &TenantClient) -> Result<()> {
    let sessions = client.get("/auth/v1/sessions").await?.expect(200)?;
    let rows = sessions.pointer("/data").and_then(Value::as_array);
    for row in rows.context("a list")? {
        if row.pointer("/current") == Some(&json!(false)) {
            let path = format!("/auth/v1/sessions/{}", text(row, "/id"));
            let answer = e2e::client::read(client.request(Method::DELETE, &path)).await?;
            ensure!(answer.status == 204, "{answer:?}");
        }
    }
    Ok(())
}
