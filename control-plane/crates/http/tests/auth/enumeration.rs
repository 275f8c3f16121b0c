//! Whether somebody has an account shows neither in what is answered nor in how long it takes.

use std::time::Instant;

use chrono::TimeDelta;
use cp_app::passwords::{PasswordSettings, Passwords};

use crate::support::{CHEAP, Site, Stage, one_tenant};

/// Tries of each kind.
const TRIES: usize = 200;
/// Below this the two kinds are told apart.
const SIGNIFICANCE: f64 = 0.01;

/// A hash that takes as long as the rest of the request, so that it shows when it is missing.
const SLOW: PasswordSettings = PasswordSettings {
    memory_kib: 2048,
    iterations: 2,
    parallelism: 1,
    permits: 4,
    queue_ms: 20_000,
    breached_file: String::new(),
};

/// The greatest distance of the two empirical distributions.
fn distance(one: &[f64], other: &[f64]) -> f64 {
    let (mut one, mut other) = (one.to_vec(), other.to_vec());
    one.sort_by(f64::total_cmp);
    other.sort_by(f64::total_cmp);
    let (mut at, mut at_other, mut greatest) = (0, 0, 0.0_f64);
    while at < one.len() && at_other < other.len() {
        let value = one[at].min(other[at_other]);
        while at < one.len() && one[at] <= value {
            at += 1;
        }
        while at_other < other.len() && other[at_other] <= value {
            at_other += 1;
        }
        let share = |n: usize, all: usize| n as f64 / all as f64;
        let apart = share(at, one.len()) - share(at_other, other.len());
        greatest = greatest.max(apart.abs());
    }
    greatest
}

/// The two-sample Kolmogorov–Smirnov test: how probable so great a distance is when both samples
/// are of one distribution (Kolmogorov's series, with Stephens' correction for small samples).
fn probability(one: &[f64], other: &[f64]) -> f64 {
    let (n, m) = (one.len() as f64, other.len() as f64);
    let root = (n * m / (n + m)).sqrt();
    let lambda = (root + 0.12 + 0.11 / root) * distance(one, other);
    if lambda < 0.2 {
        return 1.0;
    }
    let term = |k: i32| {
        let sign = if k % 2 == 1 { 1.0 } else { -1.0 };
        let k = f64::from(k);
        sign * (-2.0 * k * k * lambda * lambda).exp()
    };
    (2.0 * (1..=100).map(term).sum::<f64>()).clamp(0.0, 1.0)
}

/// Seconds that wrong sign-ins took: of somebody known, and of nobody, in turns.
async fn measure(stage: &Stage, site: &Site, known: &str) -> (Vec<f64>, Vec<f64>) {
    let (mut of_known, mut of_nobody) = (Vec::new(), Vec::new());
    let nobody = "nobody@acme.example";
    for n in 0..TRIES + 5 {
        // Which of them is first changes, and nobody is slowed down.
        let order = if n % 2 == 0 {
            [known, nobody]
        } else {
            [nobody, known]
        };
        for email in order {
            stage.clock.advance(TimeDelta::minutes(16));
            let start = Instant::now();
            let answer = site.try_sign_in(email, "violet kettle marches south").await;
            let took = start.elapsed().as_secs_f64();
            assert_eq!(answer.status, 401);
            // The first ones open connections and fill caches.
            if n >= 5 {
                if email == known {
                    &mut of_known
                } else {
                    &mut of_nobody
                }
                .push(took);
            }
        }
    }
    (of_known, of_nobody)
}

async fn site_with(
    stage: &Stage,
    site_of: &crate::support::TestTenant,
    settings: PasswordSettings,
) -> Site {
    let mut auth = stage.auth.clone();
    auth.passwords = Passwords::new(settings).unwrap();
    Site::of(&auth, site_of).await
}

#[actix_web::test]
async fn how_long_a_wrong_sign_in_takes_tells_nobody_from_somebody() {
    let (stage, tenant, _, ada) = one_tenant().await;
    let passwords = Passwords::new(SLOW).unwrap();
    let hash = passwords
        .hash(&crate::support::PASSWORD.into())
        .await
        .unwrap();
    let set = "UPDATE people SET password_hash = ?";
    stage.execute(set, [hash.into()]).await;
    let site = site_with(&stage, &tenant, SLOW).await;
    let (known, nobody) = measure(&stage, &site, &ada.email).await;
    let p = probability(&known, &nobody);
    assert!(p > SIGNIFICANCE, "told apart: p = {p}");

    // Where the hash of nobody costs nothing, the same test sees it: the kept hash says itself
    // what it costs, the dummy is made by the settings.
    let careless = site_with(&stage, &tenant, CHEAP).await;
    let (known, nobody) = measure(&stage, &careless, &ada.email).await;
    let p = probability(&known, &nobody);
    assert!(p <= SIGNIFICANCE, "not told apart: p = {p}");
}

#[test]
fn the_test_knows_equal_samples_and_different_ones() {
    let ramp = |from: f64| (0..TRIES).map(|n| from + n as f64).collect::<Vec<f64>>();
    assert!(probability(&ramp(0.0), &ramp(0.0)) > 0.99);
    assert!(probability(&ramp(0.0), &ramp(10.0)) > SIGNIFICANCE);
    assert!(probability(&ramp(0.0), &ramp(60.0)) < SIGNIFICANCE);
    // Tables: D = 1.63 · √(2/n) is the limit at 0.01.
    let limit = 1.63 * (2.0 / TRIES as f64).sqrt();
    assert!((distance(&ramp(0.0), &ramp(limit * TRIES as f64)) - limit).abs() < 0.01);
    let p = probability(&ramp(0.0), &ramp(limit * TRIES as f64));
    assert!((0.005..0.015).contains(&p), "{p}");
}
