//! The node API through its typed client, on real servers.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends at what it did not expect"
)]

mod queues;
mod sweep;
mod timers;
mod world;

use std::time::{Duration, Instant};

use cp_app::identity_keys::IdentityKeys;
use cp_domain::Ring;
use cp_node_api::{ChangesQuery, NodeApi, NodeApiError, NodeBeat, NodeRole, TenantsQuery};
use kernel::NodeId;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use world::{World, registration};

#[tokio::test(flavor = "multi_thread")]
async fn only_a_node_with_its_own_secret_is_served() {
    let world = World::new().await;
    let secret = world.nodes.create("node-1", Ring::General).await.unwrap();
    assert!(secret.expose_secret().starts_with("trn_"));
    let stranger = world.client(SecretString::from("trn_nobody"));
    let refused = stranger
        .register(&registration("node-1"))
        .await
        .unwrap_err();
    assert!(matches!(refused, NodeApiError::Unauthenticated));
    let node = world.client(secret);
    let refused = node.register(&registration("node-2")).await.unwrap_err();
    assert!(matches!(refused, NodeApiError::Unauthenticated));
    let other = cp_node_api::NodeRegistration {
        ring: "early".into(),
        ..registration("node-1")
    };
    let refused = node.register(&other).await.unwrap_err();
    assert!(
        matches!(&refused, NodeApiError::Refused(p) if p.code == "conflict"),
        "{refused}"
    );

    let again = world.nodes.replace_secret("node-1").await.unwrap();
    let refused = node.register(&registration("node-1")).await.unwrap_err();
    assert!(matches!(refused, NodeApiError::Unauthenticated));
    assert!(
        world
            .client(again)
            .register(&registration("node-1"))
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_beats_between_its_registration_and_its_leave() {
    let world = World::new().await;
    let node = world.node("node-1", Ring::General).await;
    let early = NodeBeat {
        draining: false,
        in_flight: 1,
    };
    let registered = node.register(&registration("node-1")).await.unwrap();
    assert_eq!(registered.identity_keys.len(), 1);
    // It may not have taken in the keys yet.
    assert!(world.nodes.list_addressed().await.unwrap()[0].draining);
    let answer = node.beat(registered.node_id, &early).await.unwrap();
    assert_eq!(answer.identity_keys, registered.identity_keys);
    let there = world.nodes.list_addressed().await.unwrap();
    assert_eq!((there[0].in_flight, there[0].draining), (1, false));
    node.beat(
        registered.node_id,
        &NodeBeat {
            draining: true,
            in_flight: 0,
        },
    )
    .await
    .unwrap();
    assert!(world.nodes.list_addressed().await.unwrap()[0].draining);

    let stranger = NodeId::from_uuid(Uuid::now_v7());
    assert!(matches!(
        node.beat(stranger, &early).await,
        Err(NodeApiError::Unauthenticated)
    ));
    node.leave(registered.node_id).await.unwrap();
    assert!(world.nodes.list_addressed().await.unwrap().is_empty());
    let refused = node.beat(registered.node_id, &early).await;
    assert!(matches!(refused, Err(NodeApiError::NotFound)));
    assert_eq!(registration("x").roles, [NodeRole::Serve]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_learns_the_placements_of_its_own_ring_only() {
    let world = World::new().await;
    let acme = world.tenant("acme", "general", "active").await;
    let hidden = world.tenant("early", "early", "active").await;
    let idle = world.tenant("idle", "general", "suspended").await;
    let node = world.node("node-1", Ring::General).await;
    let placement = node.placement(acme.into()).await.unwrap();
    assert_eq!(placement.database.password.expose(), "password of acme");
    assert_eq!(
        (placement.slug.as_str(), placement.generation.0),
        ("acme", 1)
    );
    for tenant in [hidden, idle, Uuid::now_v7()] {
        let refused = node.placement(tenant.into()).await;
        assert!(matches!(refused, Err(NodeApiError::NotFound)));
    }
    let page = node.tenants(TenantsQuery::default()).await.unwrap();
    assert_eq!(page.data.len(), 1);
    assert_eq!(page.data[0].tenant_id, acme.into());
    assert_eq!(page.next_after, None);
    for _ in 0..3 {
        world
            .tenant(&Uuid::now_v7().simple().to_string(), "general", "active")
            .await;
    }
    let mut seen = Vec::new();
    let mut query = TenantsQuery {
        after: None,
        limit: Some(3),
    };
    loop {
        let page = node.tenants(query).await.unwrap();
        seen.extend(page.data.into_iter().map(|entry| entry.tenant_id));
        let Some(after) = page.next_after else { break };
        query.after = Some(after);
    }
    assert_eq!(seen.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_told_as_they_happen() {
    let world = World::new().await;
    let node = world.node("node-1", Ring::General).await;
    let start = node
        .register(&registration("node-1"))
        .await
        .unwrap()
        .revision;
    let quiet = node
        .changes(ChangesQuery {
            since: start,
            wait_seconds: None,
        })
        .await
        .unwrap();
    assert_eq!((quiet.revision, quiet.tenants.len()), (start, 0));

    let waiting = tokio::spawn({
        let node = node.clone();
        async move {
            let asked = Instant::now();
            let query = ChangesQuery {
                since: start,
                wait_seconds: Some(20),
            };
            (node.changes(query).await.unwrap(), asked.elapsed())
        }
    });
    let acme = world.tenant("acme", "general", "active").await;
    let (changes, waited) = waiting.await.unwrap();
    assert!(waited < Duration::from_secs(5));
    assert_eq!(changes.tenants[0].tenant_id, acme.into());
    world.tenant("early", "early", "active").await;
    let query = ChangesQuery {
        since: changes.revision,
        wait_seconds: Some(1),
    };
    let changes = node.changes(query).await.unwrap();
    assert_eq!(changes.tenants[0].state, "left");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_together_make_one_key() {
    let world = World::new().await;
    let keys: Vec<IdentityKeys> = (0..8).map(|_| world.other_process_keys()).collect();
    let refreshed = keys.iter().map(IdentityKeys::refresh);
    for outcome in futures_util::future::join_all(refreshed).await {
        outcome.unwrap();
    }
    let now = world.clock.now();
    let first = keys[0].public_keys().await.unwrap();
    assert_eq!(first.len(), 1);
    for keys in &keys {
        assert_eq!(keys.public_keys().await.unwrap(), first);
        assert_eq!(keys.signer(now).unwrap().public(), first[0]);
    }
    // The next one is told to nodes before it signs.
    world
        .clock
        .advance(cp_domain::KEY_LIFE - cp_domain::KEY_NOTICE);
    keys[0].refresh().await.unwrap();
    let both = keys[0].public_keys().await.unwrap();
    assert_eq!(both.len(), 2);
    assert_eq!(
        keys[0].signer(world.clock.now()).unwrap().public(),
        first[0]
    );
    world.clock.advance(cp_domain::KEY_NOTICE);
    assert_ne!(
        keys[0].signer(world.clock.now()).unwrap().public(),
        first[0]
    );
}

#[tokio::test]
async fn the_address_has_to_be_one() {
    assert!(NodeApi::new("nowhere", SecretString::from("s")).is_err());
}
