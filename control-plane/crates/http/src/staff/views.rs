//! From the types of the domain to those of the API.

use cp_app::{
    Links,
    fleet::{
        CountedGroup, CountedServer, ListedOperation, ListedTenant, NewestSchema, PlacementGroup,
        Server, TenantPage, newest_schema,
    },
};
use cp_domain::{Operation, OperationKind, OperationState, Ring, Step, StepState, TenantState};
use cp_staff_api as api;

pub(super) const fn ring(ring: Ring) -> api::ReleaseRing {
    match ring {
        Ring::Internal => api::ReleaseRing::Internal,
        Ring::Early => api::ReleaseRing::Early,
        Ring::General => api::ReleaseRing::General,
    }
}

pub(super) const fn ring_of(ring: api::ReleaseRing) -> Ring {
    match ring {
        api::ReleaseRing::Internal => Ring::Internal,
        api::ReleaseRing::Early => Ring::Early,
        api::ReleaseRing::General => Ring::General,
    }
}

const fn tenant_state(state: TenantState) -> api::TenantState {
    match state {
        TenantState::Requested => api::TenantState::Requested,
        TenantState::Provisioning => api::TenantState::Provisioning,
        TenantState::Active => api::TenantState::Active,
        TenantState::Suspended => api::TenantState::Suspended,
        TenantState::Archived => api::TenantState::Archived,
        TenantState::Deleted => api::TenantState::Deleted,
        TenantState::Purged => api::TenantState::Purged,
        TenantState::Quarantined => api::TenantState::Quarantined,
    }
}

pub(super) const fn tenant_state_of(state: api::TenantState) -> TenantState {
    match state {
        api::TenantState::Requested => TenantState::Requested,
        api::TenantState::Provisioning => TenantState::Provisioning,
        api::TenantState::Active => TenantState::Active,
        api::TenantState::Suspended => TenantState::Suspended,
        api::TenantState::Archived => TenantState::Archived,
        api::TenantState::Deleted => TenantState::Deleted,
        api::TenantState::Purged => TenantState::Purged,
        api::TenantState::Quarantined => TenantState::Quarantined,
    }
}

const fn operation_kind(kind: OperationKind) -> api::OperationKind {
    match kind {
        OperationKind::Provision => api::OperationKind::Provision,
        OperationKind::Suspend => api::OperationKind::Suspend,
        OperationKind::Resume => api::OperationKind::Resume,
    }
}

const fn operation_state(state: OperationState) -> api::OperationState {
    match state {
        OperationState::Queued => api::OperationState::Queued,
        OperationState::Running => api::OperationState::Running,
        OperationState::Paused => api::OperationState::Paused,
        OperationState::Undoing => api::OperationState::Undoing,
        OperationState::Succeeded => api::OperationState::Succeeded,
        OperationState::Failed => api::OperationState::Failed,
        OperationState::Cancelled => api::OperationState::Cancelled,
    }
}

pub(super) const fn operation_state_of(state: api::OperationState) -> OperationState {
    match state {
        api::OperationState::Queued => OperationState::Queued,
        api::OperationState::Running => OperationState::Running,
        api::OperationState::Paused => OperationState::Paused,
        api::OperationState::Undoing => OperationState::Undoing,
        api::OperationState::Succeeded => OperationState::Succeeded,
        api::OperationState::Failed => OperationState::Failed,
        api::OperationState::Cancelled => OperationState::Cancelled,
    }
}

fn step(step: &Step) -> api::StepView {
    api::StepView {
        ordinal: step.ordinal,
        name: step.name.as_str().to_owned(),
        state: match step.state {
            StepState::Pending => api::StepState::Pending,
            StepState::Running => api::StepState::Running,
            StepState::Succeeded => api::StepState::Succeeded,
            StepState::Failed => api::StepState::Failed,
            StepState::Undone => api::StepState::Undone,
        },
        attempts: step.attempts,
        started_at: step.started_at,
        finished_at: step.finished_at,
        error: step.error.clone(),
    }
}

pub(super) fn operation(listed: &ListedOperation, usual: Option<f64>) -> api::OperationView {
    let operation: &Operation = &listed.operation;
    api::OperationView {
        id: operation.id,
        kind: operation_kind(operation.kind),
        tenant: api::TenantRef {
            id: operation.tenant,
            slug: listed.tenant_slug.clone(),
            name: listed.tenant_name.clone(),
        },
        state: operation_state(operation.state),
        requested_by: operation.requested_by,
        steps: operation.steps.iter().map(step).collect(),
        can_retry: operation.retried().is_ok(),
        can_cancel: operation.cancelled().is_ok(),
        usual_seconds: usual,
        created_at: operation.created_at,
        started_at: operation.started_at,
        finished_at: operation.finished_at,
    }
}

pub(super) fn group_ref(group: &PlacementGroup) -> api::PlacementGroupRef {
    api::PlacementGroupRef {
        id: group.id,
        name: group.name.clone(),
        ring: ring(group.ring),
    }
}

pub(super) fn group(counted: &CountedGroup) -> api::PlacementGroupView {
    api::PlacementGroupView {
        id: counted.group.id,
        name: counted.group.name.clone(),
        ring: ring(counted.group.ring),
        servers: counted.servers,
        tenants: counted.tenants,
        created_at: counted.group.created_at,
    }
}

fn server_ref(server: &Server) -> api::ServerRef {
    api::ServerRef {
        id: server.id,
        name: server.name.clone(),
        host: server.host.clone(),
        port: server.port,
    }
}

pub(super) fn server(counted: &CountedServer) -> api::ServerView {
    api::ServerView {
        id: counted.server.id,
        name: counted.server.name.clone(),
        placement_group: group_ref(&counted.group),
        host: counted.server.host.clone(),
        port: counted.server.port,
        tenants: counted.tenants,
        max_tenants: counted.server.max_tenants,
        accepts_tenants: counted.server.accepts_tenants,
        created_at: counted.server.created_at,
    }
}

pub(super) fn tenant(
    listed: &ListedTenant,
    servers: &[Server],
    links: &Links,
) -> api::TenantSummary {
    let tenant = &listed.tenant;
    let server = servers
        .iter()
        .find(|server| Some(server.id) == tenant.server);
    api::TenantSummary {
        id: tenant.id,
        slug: tenant.slug.clone(),
        name: tenant.name.clone(),
        plan: tenant.plan.clone(),
        state: tenant_state(tenant.state),
        url: links.tenant(&tenant.slug),
        placement_group: group_ref(&listed.group),
        server: server.map(server_ref),
        schema_version: tenant.schema_version,
        schema_current: tenant.schema_version == Some(newest_schema().version),
        open_operation: listed
            .open_operation
            .map(|(id, kind, state)| api::OperationRef {
                id,
                kind: operation_kind(kind),
                state: operation_state(state),
            }),
        created_at: tenant.created_at,
        updated_at: tenant.updated_at,
    }
}

pub(super) fn tenant_detail(page: &TenantPage, links: &Links) -> api::TenantDetail {
    let tenant = &page.listed.tenant;
    let NewestSchema {
        version: newest_version,
        fingerprint: expected,
    } = newest_schema();
    let current = tenant.schema_version == Some(newest_version)
        && tenant.schema_fingerprint.as_deref() == Some(expected);
    api::TenantDetail {
        id: tenant.id,
        slug: tenant.slug.clone(),
        name: tenant.name.clone(),
        plan: tenant.plan.clone(),
        state: tenant_state(tenant.state),
        url: links.tenant(&tenant.slug),
        generation: tenant.generation.0,
        time_zone: tenant.time_zone.clone(),
        placement_group: group_ref(&page.listed.group),
        server: page.server.as_ref().map(server_ref),
        database: page
            .database
            .as_ref()
            .map(|database| api::TenantDatabaseView {
                name: database.names.database.clone(),
                runtime_user: database.names.runtime_user.clone(),
                migrator_user: database.names.migrator_user.clone(),
                created_at: database.created_at,
            }),
        schema: api::SchemaView {
            version: tenant.schema_version,
            fingerprint: tenant.schema_fingerprint.clone(),
            newest_version,
            expected_fingerprint: expected.to_owned(),
            current,
        },
        people: api::PeopleCount {
            active: page.people.active,
            invited: page.people.invited,
            archived: page.people.archived,
        },
        operations: page
            .operations
            .iter()
            .map(|listed| operation(listed, None))
            .collect(),
        revision: tenant.revision,
        created_at: tenant.created_at,
        updated_at: tenant.updated_at,
    }
}
