//! The node API as far as a node sees it, told what to answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::{
    App, HttpResponse,
    dev::ServiceRequest,
    middleware::{Next, from_fn},
    web::{self as actix, Data, Json, Path, Query},
};
use cp_node_api::{
    BASE_PATH, BeatAnswer, Changes, ChangesQuery, DatabaseAddress, DatabasePassword, NodeApi,
    NodeBeat, NodeRegistered, NodeRegistration, PublicKey, TenantEntry, TenantPlacement,
};
use kernel::{Generation, NodeId, TenantId};
use tokio::{sync::watch, time::timeout};
use uuid::Uuid;

#[derive(Default)]
pub struct State {
    away: AtomicBool,
    asked: AtomicUsize,
    placements: AtomicUsize,
    registrations: AtomicUsize,
    draining: AtomicBool,
    nodes: Mutex<BTreeSet<NodeId>>,
    /// Each change is a place more.
    tenants: watch::Sender<Vec<(TenantId, u32)>>,
}

/// A control plane for nodes.
pub struct ControlPlane {
    state: Data<State>,
    address: SocketAddr,
}

impl ControlPlane {
    pub fn start() -> Self {
        let state = Data::new(State::default());
        let shared = state.clone();
        let listen = web::Listen {
            address: ([127, 0, 0, 1], 0).into(),
            workers: 1,
        };
        let bound = web::bind(listen, move || {
            App::new().app_data(shared.clone()).service(
                actix::scope(BASE_PATH)
                    .wrap(from_fn(gate))
                    .route("/nodes/register", actix::post().to(register))
                    .route("/nodes/{id}/beat", actix::post().to(beat))
                    .route("/nodes/{id}", actix::delete().to(leave))
                    .route("/tenants/{id}/placement", actix::get().to(placement))
                    .route("/changes", actix::get().to(changes)),
            )
        })
        .expect("a port");
        let address = bound.addresses()[0];
        actix_web::rt::spawn(bound.run(std::future::pending()));
        Self { state, address }
    }

    pub fn api(&self) -> NodeApi {
        NodeApi::new(
            &format!("http://{}", self.address),
            String::from("secret").into(),
        )
        .unwrap()
    }

    pub fn away(&self, away: bool) {
        self.state.away.store(away, Ordering::SeqCst);
    }

    pub fn forget_nodes(&self) {
        self.state.nodes.lock().unwrap().clear();
    }

    /// The tenant is at this generation from now on.
    pub fn place(&self, tenant: TenantId, generation: u32) {
        let tenants = &self.state.tenants;
        tenants.send_modify(|tenants| tenants.push((tenant, generation)));
    }

    pub fn revision(&self) -> u64 {
        self.state.tenants.borrow().len() as u64
    }

    pub fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }

    pub fn placements(&self) -> usize {
        self.state.placements.load(Ordering::SeqCst)
    }

    pub fn registrations(&self) -> usize {
        self.state.registrations.load(Ordering::SeqCst)
    }

    pub fn is_draining(&self) -> bool {
        self.state.draining.load(Ordering::SeqCst)
    }

    pub fn nodes(&self) -> usize {
        self.state.nodes.lock().unwrap().len()
    }
}

async fn gate(
    request: ServiceRequest,
    next: Next<impl actix_web::body::MessageBody + 'static>,
) -> Result<actix_web::dev::ServiceResponse, actix_web::Error> {
    let state = Data::clone(request.app_data::<Data<State>>().unwrap());
    state.asked.fetch_add(1, Ordering::SeqCst);
    if state.away.load(Ordering::SeqCst) {
        return Ok(request.into_response(HttpResponse::ServiceUnavailable().finish()));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn keys() -> Vec<PublicKey> {
    vec![identity::generate_key().public("k1")]
}

async fn register(state: Data<State>, _: Json<NodeRegistration>) -> HttpResponse {
    state.registrations.fetch_add(1, Ordering::SeqCst);
    let node_id = NodeId::from_uuid(Uuid::from_u128(9));
    state.nodes.lock().unwrap().insert(node_id);
    state.draining.store(true, Ordering::SeqCst);
    let revision = state.tenants.borrow().len() as u64;
    HttpResponse::Ok().json(NodeRegistered {
        node_id,
        beat_seconds: 1,
        identity_keys: keys(),
        revision,
    })
}

async fn beat(state: Data<State>, id: Path<NodeId>, beat: Json<NodeBeat>) -> HttpResponse {
    if !state.nodes.lock().unwrap().contains(&id) {
        return HttpResponse::NotFound().finish();
    }
    assert_eq!(beat.in_flight, 3);
    state.draining.store(beat.draining, Ordering::SeqCst);
    HttpResponse::Ok().json(BeatAnswer {
        identity_keys: keys(),
        revision: 0,
    })
}

async fn leave(state: Data<State>, id: Path<NodeId>) -> HttpResponse {
    state.nodes.lock().unwrap().remove(&id);
    HttpResponse::NoContent().finish()
}

async fn placement(state: Data<State>, id: Path<TenantId>) -> HttpResponse {
    state.placements.fetch_add(1, Ordering::SeqCst);
    let tenants: BTreeMap<_, _> = state.tenants.borrow().iter().copied().collect();
    let Some(generation) = tenants.get(&id) else {
        return HttpResponse::NotFound().finish();
    };
    HttpResponse::Ok().json(TenantPlacement {
        tenant_id: *id,
        slug: "acme".into(),
        name: "Acme".into(),
        state: "active".into(),
        generation: Generation(*generation),
        time_zone: "UTC".into(),
        database: DatabaseAddress {
            host: "127.0.0.1".into(),
            port: 1,
            name: "t".into(),
            user: "r".into(),
            password: DatabasePassword::new("p".into()),
        },
        revision: 1,
    })
}

async fn changes(state: Data<State>, query: Query<ChangesQuery>) -> HttpResponse {
    let since = usize::try_from(query.since).unwrap();
    let wait = Duration::from_secs(query.wait_seconds.unwrap_or(0).into());
    let mut placed = state.tenants.subscribe();
    // Changed or not: what there is by then is the answer.
    let _ = timeout(wait, placed.wait_for(|tenants| tenants.len() > since)).await;
    let tenants = placed.borrow();
    let changed = tenants
        .iter()
        .skip(since)
        .map(|(tenant_id, generation)| TenantEntry {
            tenant_id: *tenant_id,
            generation: Generation(*generation),
            state: "active".into(),
            revision: 1,
        });
    HttpResponse::Ok().json(Changes {
        revision: tenants.len() as u64,
        tenants: changed.collect(),
    })
}
