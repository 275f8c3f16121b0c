//! Redis, which keeps sessions at hand, is killed and comes back empty.

use std::time::{Duration, Instant};

use anyhow::Result;
use reqwest::Method;
use serde_json::json;

use super::{
    Findings, Form,
    servers::Server,
    tenant::Tenant,
    world::{World, until},
};
use crate::report::Bar;

const WHO_AM_I: &str = "/auth/v1/session";
const OUT: &str = "/auth/v1/sign-out";
const PEOPLE: usize = 10;
/// How often everybody is asked about in each state.
const LOOKS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of requests.
#[derive(Default)]
struct Seen {
    let_in: usize,
    sent_away: usize,
    failed: usize,
}

pub async fn run(world: &mut World, form: Form) -> Result<Findings> {
    let kills = form.pick(2, 20);
    let tenant = Tenant::new(world).await?;
    let (mut revoked, mut kept) = (Seen::default(), Seen::default());
    // How long after Redis was killed a revoked session was let in last.
    let mut longest = Duration::ZERO;
    for round in 0..kills {
        let (mut gone, mut there) = (Vec::new(), Vec::new());
        for number in 0..PEOPLE {
            let email = format!("p{round}-{number}@{}.example", tenant.slug);
            let member = tenant.people.join(&email, "builder", None).await?;
            for sessions in [&mut gone, &mut there] {
                let cookie = tenant.people.sign_in(member).await?;
                sessions.push(format!("trellis={cookie}"));
            }
        }
        // Everybody was here, so that their sessions are at hand; half of them leave.
        for cookie in gone.iter().chain(&there) {
            anyhow::ensure!(
                status(&tenant, cookie).await == 200,
                "a session was refused"
            );
        }
        for cookie in &gone {
            let out = tenant.request_of(cookie, Method::POST, OUT).send().await?;
            anyhow::ensure!(out.status().as_u16() == 204, "sign-out: {}", out.status());
        }
        let killed = Instant::now();
        let mut look = async || {
            for _ in 0..LOOKS {
                for cookie in &gone {
                    let before = revoked.let_in;
                    revoked.count(status(&tenant, cookie).await);
                    if revoked.let_in > before {
                        longest = longest.max(killed.elapsed());
                    }
                }
                for cookie in &there {
                    kept.count(status(&tenant, cookie).await);
                }
            }
        };
        Server::Redis.kill().await?;
        look().await;
        Server::Redis.start().await?;
        look().await;
        // Whoever has to sign in again can.
        let back = async || {
            let member = tenant.people.architect().await.ok()?;
            let cookie = tenant.people.sign_in(member).await.ok()?;
            (status(&tenant, &format!("trellis={cookie}")).await == 200).then_some(())
        };
        until("a new session to be let in", PATIENCE, back).await?;
        look().await;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of an experiment")]
    let bars = vec![
        Bar::at_most(
            "requests of revoked sessions let in",
            revoked.let_in as f64,
            0.0,
        ),
        Bar::at_most(
            "requests that failed",
            (revoked.failed + kept.failed) as f64,
            0.0,
        ),
        Bar::at_least("requests of kept sessions let in", kept.let_in as f64, 1.0),
    ];
    Ok(Findings {
        bars,
        figures: json!({
            "kills": kills, "revoked_refused": revoked.sent_away, "kept_let_in": kept.let_in,
            "kept_sent_to_sign_in": kept.sent_away, "revoked_let_in_for_ms": longest.as_millis(),
        }),
    })
}

impl Seen {
    fn count(&mut self, status: u16) {
        match status {
            200 => self.let_in += 1,
            401 => self.sent_away += 1,
            _ => self.failed += 1,
        }
    }
}

/// What somebody with this cookie is answered; 0 when nothing is.
async fn status(tenant: &Tenant, cookie: &str) -> u16 {
    let answer = tenant.request_of(cookie, Method::GET, WHO_AM_I).send();
    answer.await.map_or(0, |answer| answer.status().as_u16())
}
