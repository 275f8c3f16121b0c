//! Two nodes tell each other over the broker what happens on them; neither hears itself.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics when something is not as it says"
)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use broker::{Link, LinkOptions, Topology};
use db::{Placement, PlacementError, Placements, PoolBudget, TenantPools, async_trait};
use kernel::{Generation, MemberId, TenantContext, TenantId, WorkItemId};
use testkit::{TestDb, TestVhost, eventually};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tr_live::{Hub, HubSettings, Live, Presence, PresenceMessage, keep_told};
use uuid::Uuid;

const LIMIT: Duration = Duration::from_secs(20);

/// The one tenant of the test.
struct Place(Arc<Placement>);

#[async_trait]
impl Placements for Place {
    async fn placement(&self, _: TenantId) -> Result<Arc<Placement>, PlacementError> {
        Ok(Arc::clone(&self.0))
    }
}

/// A node: a hub on the broker, and the grids that somebody who listens there heard of.
struct Node {
    hub: Hub,
    heard: Arc<Mutex<Vec<WorkItemId>>>,
    _stop: DropGuard,
}

impl Node {
    async fn new(vhost: &TestVhost, place: &Arc<Placement>) -> Self {
        let pools = TenantPools::new(PoolBudget::default(), Arc::new(Place(Arc::clone(place))));
        let (pushes, sent) = mpsc::channel(64);
        let hub = Hub::new(pools, HubSettings::default(), Some(pushes));
        let link = Link::start(LinkOptions {
            url: vhost.url().to_owned(),
            name: "test",
            heartbeat: Duration::from_secs(10),
            topology: Topology::new(""),
        });
        let stop = CancellationToken::new();
        tokio::spawn(keep_told(link.unwrap(), hub.clone(), sent, stop.clone()));
        let mut listener = hub.listen(place.tenant, None).await.unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok(live) = listener.next().await {
                if let Live::Presence(presence) = &*live {
                    ear.lock().unwrap().push(presence.grid_id);
                }
            }
        });
        Self {
            hub,
            heard,
            _stop: stop.drop_guard(),
        }
    }

    /// Somebody on this node looks at a grid.
    fn look(&self, tenant: TenantContext, grid: WorkItemId) {
        let presence = PresenceMessage {
            grid_id: grid,
            member_id: MemberId::from_uuid(Uuid::from_u128(1)),
            state: Presence::Viewing,
        };
        self.hub.present(tenant.tenant, presence);
    }

    fn times(&self, grid: WorkItemId) -> usize {
        let heard = self.heard.lock().unwrap();
        heard.iter().filter(|known| **known == grid).count()
    }
}

fn grid(number: u128) -> WorkItemId {
    WorkItemId::from_uuid(Uuid::from_u128(number))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_hears_the_other_and_not_itself() {
    let vhost = testkit::amqp_vhost().await;
    let tenant = TenantContext {
        tenant: TenantId::from_uuid(Uuid::now_v7()),
        generation: Generation(1),
    };
    let database = TestDb::tenant(tenant.tenant, tenant.generation).await;
    let account = database.runtime_account().await;
    let place = Arc::new(Placement {
        tenant,
        host: database.host().to_owned(),
        port: database.port(),
        database: database.name().to_owned(),
        user: account.user,
        password: account.password.into(),
    });
    let (one, two) = (
        Node::new(&vhost, &place).await,
        Node::new(&vhost, &place).await,
    );
    for (from, to, greeting) in [(&one, &two, grid(1)), (&two, &one, grid(2))] {
        eventually(LIMIT, || async {
            from.look(tenant, greeting);
            to.times(greeting) > 0
        })
        .await;
    }

    one.look(tenant, grid(3));
    eventually(LIMIT, || async { two.times(grid(3)) > 0 }).await;
    // The exchange keeps the order: once this is heard, an echo of the one before has come, too.
    two.look(tenant, grid(4));
    eventually(LIMIT, || async { one.times(grid(4)) > 0 }).await;
    assert_eq!((one.times(grid(3)), two.times(grid(3))), (1, 1));
    one.look(tenant, grid(5));
    eventually(LIMIT, || async { two.times(grid(5)) > 0 }).await;
    assert_eq!((one.times(grid(4)), two.times(grid(4))), (1, 1));
}
