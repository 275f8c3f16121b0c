//! The staff API over HTTP, with its own client.

use std::time::Duration;

use actix_web::{App, web::Data};
use cp_app::staff::{NewStaff, create_staff};
use cp_domain::StaffRole;
use cp_staff_api::{
    ArchitectCreate, Caller, OperationState, SecondFactor, StaffApi, StaffCalls, StaffSignIn,
    StaffSignInAnswer, StepState, TenantCreate, TenantQuery, TenantState,
};
use futures_util::StreamExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::sync::{CancellationToken, DropGuard};
use web::{AllowTable, Edge, Listen};

use crate::fixture::ControlPlane;

const PASSWORD: &str = "ninety nine red herrings";

/// A control plane whose staff API is served.
pub struct Served {
    pub control_plane: ControlPlane,
    pub api: StaffApi,
    pub base: String,
    _stop: DropGuard,
}

impl Served {
    /// The staff API, with a worker or without.
    pub async fn new(with_worker: bool) -> Self {
        let control_plane = ControlPlane::new().await;
        let stop = CancellationToken::new();
        let (auth, fleet) = (
            Data::new(control_plane.parts.auth.clone()),
            Data::new(control_plane.fleet().clone()),
        );
        let (clock, allowed) = (
            fleet.clock.clone(),
            AllowTable::from_openapi(&cp_http::staff::openapi()),
        );
        let listen = Listen {
            address: "127.0.0.1:0".parse().unwrap(),
            workers: 1,
        };
        let bound = web::bind(listen, move || {
            App::new()
                .wrap(Edge::new(clock.clone()))
                .app_data(auth.clone())
                .app_data(fleet.clone())
                .app_data(allowed.clone())
                .configure(web::configure_app)
                .configure(cp_http::staff::configure)
        })
        .unwrap();
        let base = format!("http://{}", bound.addresses()[0]);
        tokio::spawn(bound.run(stop.clone().cancelled_owned()));
        if with_worker {
            let (worker, stop) = (control_plane.worker(None), stop.clone());
            tokio::spawn(async move { worker.run(stop).await });
        }
        let api = StaffApi::new(&base).unwrap();
        Self {
            control_plane,
            api,
            base,
            _stop: stop.drop_guard(),
        }
    }

    /// Somebody with this role, signed in with both factors.
    pub async fn staff(&self, role: StaffRole) -> (StaffCalls, String) {
        let email = format!("{role}@trellis.example");
        let new = NewStaff {
            email: email.parse().unwrap(),
            name: role.to_string(),
            role,
            password: SecretString::from(PASSWORD),
            totp_secret: None,
        };
        let created = create_staff(&self.control_plane.parts.auth, new)
            .await
            .unwrap();
        let secret = created.second_factor.secret_base32;
        let anonymous = self.api.calls(Caller::default());
        let password = StaffSignIn {
            email,
            password: PASSWORD.to_owned(),
        };
        let first = anonymous.sign_in(&password).await.unwrap();
        assert!(matches!(
            first.answer,
            StaffSignInAnswer::SecondFactorRequired { .. }
        ));
        let pending = self.calls(&first.session);
        // Half a session is none.
        assert!(pending.session().await.unwrap_err().is_unauthenticated());
        let code = SecondFactor {
            code: code_of(secret.expose_secret()),
        };
        let second = pending.confirm_totp(&code).await.unwrap();
        assert!(matches!(second.answer, StaffSignInAnswer::SignedIn { .. }));
        (self.calls(&second.session), second.session)
    }

    pub fn calls(&self, session: &str) -> StaffCalls {
        self.api.calls(Caller {
            session: Some(session.to_owned()),
            ..Caller::default()
        })
    }
}

/// What the authenticator with this secret shows now.
pub fn code_of(secret: &str) -> String {
    totp_rs::Builder::new()
        .with_secret(totp_rs::Secret::try_from_base32(secret).unwrap())
        .with_account_name("a")
        .build()
        .unwrap()
        .generate_current()
        .to_string()
}

pub fn tenant(slug: &str) -> TenantCreate {
    TenantCreate {
        slug: slug.to_owned(),
        name: format!("The {slug} company"),
        placement_group: None,
        plan: None,
        architect: ArchitectCreate {
            name: "Ann Archer".to_owned(),
            email: format!("architect@{slug}.example"),
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_created_and_its_progress_is_seen() {
    let served = Served::new(true).await;
    let (owner, _) = served.staff(StaffRole::Owner).await;
    let accepted = owner
        .create_tenant(&tenant("acme"), Some("k1"))
        .await
        .unwrap();
    assert_eq!(
        owner
            .create_tenant(&tenant("acme"), Some("k1"))
            .await
            .unwrap(),
        accepted
    );
    let events = owner.operation_events(accepted.operation_id).await.unwrap();
    let events: Vec<_> = tokio::time::timeout(Duration::from_secs(20), events.collect::<Vec<_>>())
        .await
        .unwrap();
    let events: Vec<_> = events.into_iter().map(Result::unwrap).collect();
    let last = events.last().unwrap();
    assert_eq!(last.state, OperationState::Succeeded);
    assert!(
        last.steps
            .iter()
            .all(|step| step.state == StepState::Succeeded)
    );
    for pair in events.windows(2) {
        assert!(pair[0].steps_done() <= pair[1].steps_done());
    }
    // Once at rest, the stream gives the end and closes.
    let again = owner.operation_events(accepted.operation_id).await.unwrap();
    assert_eq!(again.count().await, 1);

    let detail = owner.tenant(accepted.tenant_id).await.unwrap();
    assert_eq!(detail.state, TenantState::Active);
    assert_eq!(detail.people.invited, 1);
    assert!(detail.schema.current);
    assert_eq!(detail.url, "http://acme.trellis.localhost:8080");
    assert_eq!(detail.operations.len(), 1);
    let audit = owner.audit(&Default::default()).await.unwrap();
    assert!(
        audit
            .data
            .iter()
            .any(|e| e.action == "tenant.create" && e.actor_kind == "staff")
    );
    let servers = owner.servers().await.unwrap();
    assert_eq!(servers.data[0].tenants, 1);
    assert_eq!(owner.placement_groups().await.unwrap().data[0].tenants, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_found_by_prefix_and_state_page_by_page() {
    let served = Served::new(false).await;
    let (owner, _) = served.staff(StaffRole::Operator).await;
    for slug in ["alpha", "beta", "gamma"] {
        owner.create_tenant(&tenant(slug), None).await.unwrap();
    }
    let mut query = TenantQuery {
        limit: kernel::Limit::new(2).unwrap(),
        ..Default::default()
    };
    let first = owner.tenants(&query).await.unwrap();
    query.cursor = first.next_cursor.clone();
    let second = owner.tenants(&query).await.unwrap();
    let slugs: Vec<_> = first
        .data
        .iter()
        .chain(&second.data)
        .map(|t| t.slug.as_str())
        .collect();
    assert_eq!(slugs, ["alpha", "beta", "gamma"]);
    assert_eq!(second.next_cursor, None);
    let find = |q: &str| TenantQuery {
        q: Some(q.to_owned()),
        ..Default::default()
    };
    assert_eq!(
        owner.tenants(&find("be")).await.unwrap().data[0].slug,
        "beta"
    );
    assert_eq!(
        owner.tenants(&find("the gam")).await.unwrap().data[0].slug,
        "gamma"
    );
    assert!(owner.tenants(&find("%")).await.unwrap().data.is_empty());
    let state = TenantQuery {
        state: Some(TenantState::Active),
        ..Default::default()
    };
    assert!(owner.tenants(&state).await.unwrap().data.is_empty());
    let wrong = TenantQuery {
        cursor: Some(kernel::Cursor::encode(&7)),
        ..Default::default()
    };
    let problem = owner.tenants(&wrong).await.unwrap_err();
    assert_eq!(problem.problem().unwrap().code, "invalid_cursor");
    let operations = owner.operations(&Default::default()).await.unwrap();
    assert_eq!(operations.data.len(), 3);
    assert_eq!(operations.data[0].tenant.slug, "gamma");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_gets_the_right_problem_and_changes_nothing() {
    let served = Served::new(false).await;
    let (owner, session) = served.staff(StaffRole::Owner).await;
    owner.create_tenant(&tenant("acme"), None).await.unwrap();
    let taken = owner
        .create_tenant(&tenant("acme"), None)
        .await
        .unwrap_err();
    let taken = taken.problem().unwrap();
    assert_eq!((taken.status, taken.code.as_str()), (409, "already_exists"));
    assert_eq!(taken.errors[0].pointer, "/slug");
    for (slug, code) in [
        ("www", "reserved"),
        ("A B", "invalid_characters"),
        ("x", "invalid_length"),
    ] {
        let tenant = TenantCreate {
            slug: slug.to_owned(),
            ..tenant("valid")
        };
        let refused = owner.create_tenant(&tenant, None).await.unwrap_err();
        let refused = refused.problem().unwrap();
        assert_eq!(
            (refused.status, refused.errors[0].code.as_str()),
            (422, code),
            "{slug}"
        );
    }
    let reused = owner
        .create_tenant(&tenant("other"), Some("k"))
        .await
        .unwrap();
    let refused = owner
        .create_tenant(&tenant("another"), Some("k"))
        .await
        .unwrap_err();
    assert_eq!(refused.problem().unwrap().code, "idempotency_key_reused");
    let missing = owner
        .tenant(reused.operation_id.as_uuid().into())
        .await
        .unwrap_err();
    assert_eq!(missing.problem().unwrap().status, 404);

    let http = reqwest::Client::new();
    let post = |path: &str, body: String| {
        let request = http
            .post(format!("{}{path}", served.base))
            .bearer_auth(&session);
        request
            .header("content-type", "application/json")
            .body(body)
            .send()
    };
    for (path, body, status) in [
        ("/staff/v1/tenants", "{".to_owned(), 400),
        ("/staff/v1/tenants", "{}".to_owned(), 422),
        (
            "/staff/v1/tenants",
            format!("\"{}\"", "x".repeat(10 << 20)),
            413,
        ),
        ("/staff/v1/nothing", "{}".to_owned(), 404),
        ("/staff/v1/audit", "{}".to_owned(), 405),
        ("/staff/v1/operations/zero/retry", "{}".to_owned(), 404),
    ] {
        let answer = post(path, body).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
        assert_eq!(
            answer.headers()["content-type"],
            "application/problem+json",
            "{path}"
        );
    }
    assert_eq!(
        owner.tenants(&Default::default()).await.unwrap().data.len(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_keyed_post_has_one_effect() {
    let served = Served::new(false).await;
    let (_, session) = served.staff(StaffRole::Owner).await;
    let accepted = served.control_plane.provision("acme").await;
    let waiting = served.control_plane.ask_for("waiting").await;
    let tenant = format!("/staff/v1/tenants/{}", accepted.tenant_id);
    let http = reqwest::Client::new();
    for (path, body) in [
        (
            "/staff/v1/placement-groups".to_owned(),
            r#"{"name":"g","ring":"early"}"#,
        ),
        (
            "/staff/v1/servers".to_owned(),
            r#"{"name":"s","placement_group":"g","host":"h","port":1,"admin_user":"a","admin_password":"p","max_tenants":1}"#,
        ),
        (format!("{tenant}/suspend"), r#"{"reason":"unpaid"}"#),
        (
            format!("/staff/v1/operations/{}/cancel", waiting.operation_id),
            "{}",
        ),
    ] {
        let post = |key: &str| {
            let request = http
                .post(format!("{}{path}", served.base))
                .bearer_auth(&session);
            let request = request.header("idempotency-key", key);
            request
                .header("content-type", "application/json")
                .body(body)
                .send()
        };
        let (first, again) = (post("k").await.unwrap(), post("k").await.unwrap());
        assert!(first.status().is_success(), "{path}: {}", first.status());
        assert_eq!(first.status(), again.status(), "{path}");
        assert_eq!(
            first.text().await.unwrap(),
            again.text().await.unwrap(),
            "{path}"
        );
        assert_eq!(
            post("other").await.unwrap().status().as_u16(),
            409,
            "{path}"
        );
    }
}
