//! Two tenants side by side: neither ever sees, or moves, anything of the other.

use std::collections::BTreeMap;

use kernel::{Generation, Role};
use proptest::{prelude::Strategy, strategy::ValueTree as _, test_runner::TestRunner};
use serde_json::json;
use testkit::StatementCounter;

use crate::app::{Answer, Person, Tenant, TestApp};

/// A tenant with a plan in which every text holds a word that nothing of the other has.
struct Side {
    _tenant: Tenant,
    canary: &'static str,
    people: Vec<Person>,
    folder: String,
    grid: String,
    task: String,
}

impl Side {
    async fn new(app: &TestApp, slug: &'static str, canary: &'static str) -> Self {
        let tenant = app.tenant(slug).await;
        let architect = tenant.member(Role::Architect).await;
        let named = |what: &str| format!("{what} {canary}");
        let root = tenant.root();
        let folder = architect
            .create(
                "/api/v1/folders",
                json!({ "parent_id": root, "name": named("Folder") }),
            )
            .await;
        let item = async |body| architect.create("/api/v1/work-items", body).await;
        let grid =
            item(json!({ "kind": "grid", "name": named("Grid"), "folder_id": folder })).await;
        let stage = item(json!({ "kind": "stage", "name": named("S"), "parent_id": grid })).await;
        let theme = item(json!({ "kind": "theme", "name": named("T"), "parent_id": grid })).await;
        let element = item(
            json!({ "kind": "element", "name": named("E"), "parent_id": stage,
                                   "theme_id": theme }),
        )
        .await;
        let task =
            item(json!({ "kind": "task", "name": named("Task"), "parent_id": element })).await;
        let people = vec![architect, tenant.member(Role::Builder).await];
        Self {
            _tenant: tenant,
            canary,
            people,
            folder,
            grid,
            task,
        }
    }
}

/// One step: who asks, for whose thing, what.
#[derive(Debug, Clone)]
struct Step {
    caller: usize,
    person: usize,
    target: usize,
    act: usize,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..2_usize, 0..2_usize, 0..2_usize, 0..12_usize).prop_map(
        |(caller, person, target, act)| Step {
            caller,
            person,
            target,
            act,
        },
    );
    proptest::collection::vec(step, 60)
}

async fn take(step: &Step, sides: &[Side; 2]) -> Answer {
    let (caller, target) = (&sides[step.caller], &sides[step.target]);
    let me = &caller.people[step.person];
    let (folder, grid, task) = (&target.folder, &target.grid, &target.task);
    let canary = caller.canary;
    match step.act {
        0 => me.get(&format!("/api/v1/work-items/{task}")).await,
        1 => me.get(&format!("/api/v1/grids/{grid}/board")).await,
        2 => me.get("/api/v1/work-items?limit=200").await,
        3 => me.get(&format!("/api/v1/folders/{folder}")).await,
        4 => {
            let body = json!({ "description": format!("by {canary}") });
            me.patch(&format!("/api/v1/work-items/{task}"), "*", &body)
                .await
        }
        5 => {
            me.post(&format!("/api/v1/work-items/{task}/complete"), &json!({}))
                .await
        }
        6 => {
            me.post(&format!("/api/v1/work-items/{task}/reopen"), &json!({}))
                .await
        }
        7 => {
            let body = json!({ "kind": "stage", "name": format!("New {canary}"),
                               "parent_id": grid });
            me.post("/api/v1/work-items", &body).await
        }
        8 => me.get(&format!("/api/v1/work-items?grid_id={grid}")).await,
        9 => me.get("/api/v1/members").await,
        10 => me.get(&format!("/api/v1/work-items/{task}/activity")).await,
        _ => me.get("/api/v1/folders").await,
    }
}

#[actix_web::test]
async fn no_answer_holds_anything_of_another_tenant() {
    let app = TestApp::new().await;
    let sides = [
        Side::new(&app, "acme", "kestrel-acme").await,
        Side::new(&app, "globex", "heron-globex").await,
    ];
    let mut runner = TestRunner::deterministic();
    let mut statuses: BTreeMap<(bool, u16), usize> = BTreeMap::new();
    for _ in 0..4 {
        let plan = steps().new_tree(&mut runner).expect("a plan").current();
        // Six at a time, so that requests of both interleave on pools and connections.
        for together in plan.chunks(6) {
            let answers =
                futures_util::future::join_all(together.iter().map(|step| take(step, &sides)));
            for (step, answer) in together.iter().zip(answers.await) {
                let foreign = sides[1 - step.caller].canary;
                let text = String::from_utf8_lossy(&answer.bytes);
                assert!(!text.contains(foreign), "{step:?}: {text}");
                let own = step.caller == step.target;
                if !own && matches!(step.act, 0 | 1 | 3 | 4 | 5 | 6 | 10) {
                    assert_eq!(answer.code(), 404, "{step:?}: {text}");
                }
                *statuses.entry((own, answer.code())).or_default() += 1;
            }
        }
    }
    assert!(
        statuses.get(&(true, 200)).is_some_and(|count| *count > 20),
        "{statuses:?}"
    );
    assert!(
        statuses.get(&(false, 404)).is_some_and(|count| *count > 20),
        "{statuses:?}"
    );
}

#[actix_web::test]
async fn a_request_for_one_tenant_asks_nothing_of_the_others_database() {
    let app = TestApp::new().await;
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let (ours, theirs) = (
        acme.member(Role::Architect).await,
        globex.member(Role::Architect).await,
    );
    ours.get("/api/v1/folders").await.expect(200);
    theirs.get("/api/v1/folders").await.expect(200);
    let other = StatementCounter::start(&globex.account.user).await;
    for path in ["folders", "work-items", "members", "labels", "activity"] {
        ours.get(&format!("/api/v1/{path}")).await.expect(200);
    }
    ours.create(
        "/api/v1/folders",
        json!({ "parent_id": acme.root(), "name": "A" }),
    )
    .await;
    assert_eq!(other.read().await.total(), 0);
}

#[actix_web::test]
async fn an_identity_of_an_older_generation_is_told_to_come_again() {
    let app = TestApp::new().await;
    let acme = app.tenant("acme").await;
    let me = acme.member(Role::Architect).await;
    me.get("/api/v1/folders").await.expect(200);
    // The tenant moves: its database and its placement say so.
    let moved = kernel::TenantContext {
        generation: Generation(2),
        ..acme.context
    };
    sea_orm::ConnectionTrait::execute_unprepared(
        acme.db.conn(),
        "UPDATE tenant SET generation = 2",
    )
    .await
    .expect("the move");
    acme.place(moved);
    app.pools.forget(acme.context.tenant);
    let stale = me.get("/api/v1/folders").await;
    assert_eq!(
        (stale.code(), stale.problem().as_str()),
        (503, "tenant_moved")
    );
    assert_eq!(stale.header("retry-after"), Some("1"));
    let mut fresh = me.clone();
    fresh.claims.tenant = moved;
    fresh.get("/api/v1/folders").await.expect(200);
    assert_eq!(me.get("/api/v1/folders").await.problem(), "tenant_moved");
}

#[actix_web::test]
async fn a_database_that_is_another_tenants_is_refused() {
    let app = TestApp::new().await;
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let me = acme.member(Role::Architect).await;
    globex.place(acme.context);
    let refused = me.get("/api/v1/folders").await;
    assert_eq!(
        (refused.code(), refused.problem().as_str()),
        (503, "unavailable")
    );
    acme.place(acme.context);
    me.get("/api/v1/folders").await.expect(200);
}
