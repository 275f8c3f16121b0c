//! A node and a control plane that comes, goes and forgets.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test panics when something is not as it says"
)]

mod control_plane;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use control_plane::ControlPlane;
use cp_node_api::{NodeApi, NodeRegistration, NodeRole};
use db::{Placements as _, PoolBudget, TenantPools};
use kernel::TenantId;
use tokio_util::sync::CancellationToken;
use tr_node::{Directory, NodeProfile, Registration, follow_changes};
use uuid::Uuid;
use web::health::Health;

const LIMIT: Duration = Duration::from_secs(10);

struct Node {
    registration: Arc<Registration>,
    health: Health,
    keys: Arc<AtomicUsize>,
    stop: CancellationToken,
}

fn node(api: NodeApi) -> Node {
    let health = Health::new();
    let keys = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&keys);
    let profile = NodeProfile {
        registration: NodeRegistration {
            name: "node-1".into(),
            address: Some("127.0.0.1:8090".into()),
            ring: "general".into(),
            version: "0.1.0".into(),
            roles: vec![NodeRole::Serve],
        },
        keys: Box::new(move |keys| seen.store(keys.len(), Ordering::SeqCst)),
        in_flight: Box::new(|| 3),
        health: health.clone(),
    };
    let registration = Arc::new(Registration::new(api, profile));
    Node {
        registration,
        health,
        keys,
        stop: CancellationToken::new(),
    }
}

#[actix_web::test]
async fn a_node_waits_for_its_control_plane_and_says_so() {
    let control_plane = ControlPlane::start();
    control_plane.away(true);
    let node = node(control_plane.api());
    assert!(!node.health.is_ready());
    let (registration, stop) = (Arc::clone(&node.registration), node.stop.clone());
    let waiting = actix_web::rt::spawn(async move { registration.register(&stop).await });
    testkit::eventually(LIMIT, async || control_plane.asked() >= 2).await;
    assert!(!node.health.is_ready());
    control_plane.away(false);
    let registered = waiting.await.unwrap().expect("a registration");
    assert_eq!(registered.beat_seconds, 1);
    assert!(node.health.is_ready());
    assert_eq!(node.keys.load(Ordering::SeqCst), 1);
    assert!(!control_plane.is_draining(), "the first beat was heard");
}

#[actix_web::test]
async fn a_node_that_is_stopped_does_not_wait_on() {
    let control_plane = ControlPlane::start();
    control_plane.away(true);
    let node = node(control_plane.api());
    node.stop.cancel();
    assert!(node.registration.register(&node.stop).await.is_none());
}

#[actix_web::test]
async fn a_forgotten_node_registers_again_and_leaves_at_the_end() {
    let control_plane = ControlPlane::start();
    let node = node(control_plane.api());
    let registered = node
        .registration
        .register(&node.stop)
        .await
        .expect("a registration");
    control_plane.forget_nodes();
    let (registration, stop) = (Arc::clone(&node.registration), node.stop.clone());
    let beating =
        actix_web::rt::spawn(async move { registration.keep_beating(registered, &stop).await });
    testkit::eventually(LIMIT, async || control_plane.registrations() == 2).await;
    control_plane.away(true);
    let before = control_plane.asked();
    testkit::eventually(LIMIT, async || control_plane.asked() > before).await;
    assert!(
        node.health.is_ready(),
        "a control plane that is away does not stop a node"
    );
    control_plane.away(false);
    node.registration.drain().await;
    assert!(control_plane.is_draining());
    assert!(!node.health.is_ready());
    // It goes on beating, and must not say meanwhile that it takes requests again.
    let before = control_plane.asked();
    testkit::eventually(LIMIT, async || control_plane.asked() > before + 1).await;
    assert!(control_plane.is_draining());
    control_plane.forget_nodes();
    testkit::eventually(LIMIT, async || control_plane.registrations() == 3).await;
    testkit::eventually(LIMIT, async || control_plane.is_draining()).await;
    assert!(!node.health.is_ready());
    node.stop.cancel();
    beating.await.unwrap();
    node.registration.leave().await;
    assert_eq!(control_plane.nodes(), 0);
}

#[actix_web::test]
async fn a_changed_tenant_is_asked_for_again_and_others_are_not() {
    let control_plane = ControlPlane::start();
    let [changed, other] = [1, 2].map(|n| TenantId::from_uuid(Uuid::from_u128(n)));
    control_plane.place(changed, 1);
    control_plane.place(other, 1);
    let directory = Arc::new(Directory::new(control_plane.api()));
    let pools = TenantPools::new(PoolBudget::default(), directory.clone());
    let stop = CancellationToken::new();
    let following = actix_web::rt::spawn(follow_changes(
        control_plane.api(),
        Arc::clone(&directory),
        control_plane.revision(),
        vec![pools],
        stop.clone(),
    ));
    let generation = async |tenant| {
        directory
            .placement(tenant)
            .await
            .map(|placement| placement.tenant.generation.0)
    };
    assert_eq!(
        (generation(changed).await, generation(other).await),
        (Ok(1), Ok(1))
    );
    let loads = control_plane.placements();
    control_plane.away(true);
    assert_eq!(generation(changed).await, Ok(1), "what is known is served");
    control_plane.away(false);
    control_plane.place(changed, 2);
    testkit::eventually(LIMIT, async || generation(changed).await == Ok(2)).await;
    assert_eq!(generation(other).await, Ok(1));
    assert_eq!(control_plane.placements(), loads + 1);
    stop.cancel();
    following.await.unwrap();
}
