//! `/livez`, `/readyz` and `/metrics`, which answer on every listener whatever the host.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use actix_web::{HttpRequest, HttpResponse, http::header::CACHE_CONTROL, web as actix};
use serde::Serialize;

use crate::{AsIs, Json};

/// The state of one thing that the program needs: well, or the reason why not.
pub type Check = Result<(), String>;

type Metrics = Arc<dyn Fn() -> String + Send + Sync>;

/// What `/readyz` reports. Clones share their state; put one into the app's data.
#[derive(Clone, Default)]
pub struct Health {
    checks: Arc<RwLock<BTreeMap<&'static str, Check>>>,
    warnings: Arc<RwLock<BTreeMap<&'static str, String>>>,
    metrics: Option<Metrics>,
}

impl Health {
    /// A health without checks: ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The health with what `/metrics` answers.
    #[must_use]
    pub fn with_metrics(mut self, text: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.metrics = Some(Arc::new(text));
        self
    }

    /// Says how a thing is. A thing that is named once counts until it is named again.
    pub fn set(&self, name: &'static str, check: Check) {
        let mut checks = self.checks.write().unwrap_or_else(PoisonError::into_inner);
        let before = checks.insert(name, check.clone());
        if before.as_ref() == Some(&check) {
            return;
        }
        match check {
            Ok(()) if before.is_none() => {}
            Ok(()) => tracing::info!(check = name, "well again"),
            Err(reason) => tracing::warn!(check = name, reason, "not ready"),
        }
    }

    /// Says how a thing is that the program can do without for a while: a reason is shown, and
    /// the program stays ready.
    pub fn warn(&self, name: &'static str, check: Check) {
        let mut warnings = self
            .warnings
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        match check {
            Ok(()) => {
                if warnings.remove(name).is_some() {
                    tracing::info!(check = name, "well again");
                }
            }
            Err(reason) => {
                if !warnings.contains_key(name) {
                    tracing::warn!(check = name, reason, "not well");
                }
                warnings.insert(name, reason);
            }
        }
    }

    /// Whether everything is well.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.report().ready
    }

    fn report(&self) -> Report {
        let checks = self.checks.read().unwrap_or_else(PoisonError::into_inner);
        let checks: BTreeMap<&'static str, String> = checks
            .iter()
            .map(|(name, check)| {
                (
                    *name,
                    check.clone().err().unwrap_or_else(|| "ok".to_owned()),
                )
            })
            .collect();
        let warnings = self
            .warnings
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Report {
            ready: checks.values().all(|state| state == "ok"),
            checks,
            warnings,
        }
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("checks", &self.checks)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Serialize)]
struct Report {
    ready: bool,
    checks: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    warnings: BTreeMap<&'static str, String>,
}

/// Adds `/livez`, `/readyz` and `/metrics`, out of the [`Health`] in the app's data.
pub fn configure(cfg: &mut actix::ServiceConfig) {
    configure_public(cfg);
    cfg.route("/metrics", actix::get().to(metrics));
}

/// Adds `/livez` and `/readyz` only: for listeners that the world reaches.
pub fn configure_public(cfg: &mut actix::ServiceConfig) {
    cfg.route("/livez", actix::get().to(live))
        .route("/readyz", actix::get().to(ready));
}

async fn live() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type("application/json")
        .body(r#"{"live":true}"#)
}

async fn ready(request: HttpRequest) -> HttpResponse {
    let report = request
        .app_data::<Health>()
        .map(Health::report)
        .unwrap_or_else(|| Report {
            ready: false,
            checks: BTreeMap::from([("health", "not wired".to_owned())]),
            warnings: BTreeMap::new(),
        });
    let mut response = if report.ready {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    response.insert_header((CACHE_CONTROL, "no-store"));
    let mut response = response.json(&report);
    response.extensions_mut().insert(AsIs);
    response
}

async fn metrics(request: HttpRequest) -> HttpResponse {
    let text = request
        .app_data::<Health>()
        .and_then(|health| health.metrics.as_ref());
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(text.map(|text| text()).unwrap_or_default())
}

/// The body of `/readyz`, for those who write a route of their own around it.
#[must_use]
pub fn report(health: &Health) -> Json<impl Serialize> {
    Json(health.report())
}
