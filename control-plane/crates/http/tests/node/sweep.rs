//! What a node is told for a sweep.

use std::collections::BTreeMap;

use cp_domain::Ring;
use cp_node_api::{SweepPage, TenantsQuery};
use cp_store::seal::Purpose;
use uuid::Uuid;

use crate::world::World;

/// Lets the sweep account into a tenant's database, by this version of the rights.
async fn let_in(world: &World, tenant: Uuid, version: u16) {
    let text = "INSERT INTO sweep_grants VALUES (?, 1, ?, NOW(6))";
    world
        .execute(text, vec![tenant.into(), version.into()])
        .await;
}

fn databases(page: &SweepPage) -> BTreeMap<Uuid, Option<String>> {
    let name = |database: &cp_node_api::SweptDatabase| database.name.clone();
    let entries = page.tenants.iter();
    entries
        .map(|entry| {
            let database = entry.database.as_ref().map(name);
            (entry.tenant_id.as_uuid(), database)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_learns_where_to_look_and_with_which_account() {
    let world = World::new().await;
    let node = world.node("work-1", Ring::General).await;
    let acme = world.tenant("acme", "general", "active").await;
    let apart = world.tenant("apart", "general", "quarantined").await;
    let new = world.tenant("new", "general", "active").await;
    let old = world.tenant("old", "general", "active").await;
    let hidden = world.tenant("hidden", "early", "active").await;
    let idle = world.tenant("idle", "general", "suspended").await;
    for (tenant, version) in [(acme, 1), (apart, 1), (old, 0), (hidden, 1), (idle, 1)] {
        let_in(&world, tenant, version).await;
    }
    let name = |id: Uuid| Some(format!("t{}", &id.simple().to_string()[6..]));
    let expected = BTreeMap::from([
        (acme, name(acme)),
        (apart, name(apart)),
        (new, None),
        (old, None),
    ]);
    // Without an account everybody is told of all the same.
    let page = node.sweep(TenantsQuery::default()).await.unwrap();
    assert_eq!(databases(&page), expected);
    assert_eq!(page.servers.len(), 0);

    let sealed = world
        .nodes
        .sealer
        .seal(Purpose::SweepAccount, world.servers, b"hush");
    let text = "INSERT INTO sweep_accounts VALUES (?, 's_x', ?, NOW(6))";
    let values = vec![world.servers.into(), sealed.unwrap().into()];
    world.execute(text, values).await;
    let mut query = TenantsQuery {
        after: None,
        limit: Some(2),
    };
    let (mut seen, mut pages) = (BTreeMap::new(), 0);
    loop {
        let page = node.sweep(query).await.unwrap();
        pages += 1;
        seen.extend(databases(&page));
        if let [server] = page.servers.as_slice() {
            assert_eq!(server.server_id.as_uuid(), world.servers);
            assert_eq!((server.host.as_str(), server.port), ("db.example", 3306));
            assert_eq!(server.user, "s_x");
            assert_eq!(server.password.expose(), "hush");
            assert!(!format!("{page:?}").contains("hush"));
        }
        let Some(after) = page.next_after else { break };
        query.after = Some(after);
    }
    assert_eq!((pages, seen), (2, expected));
}
