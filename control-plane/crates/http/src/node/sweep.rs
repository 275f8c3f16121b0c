//! What a node needs to find in whose outboxes something waits.

use actix_web::web::Json;
use cp_app::nodes::{OpenSweptServer, SweptTenant};
use cp_node_api::{
    DatabasePassword, SweepEntry, SweepPage, SweepServer, SweptDatabase, TenantsQuery,
};
use secrecy::ExposeSecret as _;
use web::ApiError;

use super::{caller::Caller, problems::problem};

pub(super) async fn list(
    caller: Caller,
    query: web::Query<TenantsQuery>,
) -> Result<Json<SweepPage>, ApiError> {
    let query = query.into_inner();
    let page = caller.nodes.swept(&caller.node, query.after, query.limit);
    let page = page.await.map_err(problem)?;
    let tenants: Vec<SweepEntry> = page.tenants.into_iter().map(entry).collect();
    let last = tenants.last().filter(|_| page.more);
    Ok(Json(SweepPage {
        next_after: last.map(|entry| entry.tenant_id),
        servers: page.servers.into_iter().map(server).collect(),
        tenants,
    }))
}

fn entry(tenant: SweptTenant) -> SweepEntry {
    SweepEntry {
        tenant_id: tenant.tenant.tenant,
        generation: tenant.tenant.generation,
        database: tenant
            .database
            .map(|(server_id, name)| SweptDatabase { server_id, name }),
    }
}

fn server(OpenSweptServer { row, password }: OpenSweptServer) -> SweepServer {
    SweepServer {
        server_id: row.id.into(),
        host: row.host,
        port: row.port,
        user: row.user_name,
        password: DatabasePassword::new(password.expose_secret().to_owned()),
    }
}
