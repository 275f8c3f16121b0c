//! Rows of operations and steps, to and from the types of the domain.

use chrono::{DateTime, Utc};
use cp_domain::{Operation, Step};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use uuid::Uuid;

use super::ListedOperation;
use crate::StoreError;

pub(super) const COLUMNS: &str = "SELECT o.id, o.kind, o.tenant_id, o.state, o.input, \
     o.requested_by, o.fence, o.created_at, o.started_at, o.finished_at, t.slug AS tenant_slug, \
     t.name AS tenant_name FROM operations o JOIN tenants t ON t.id = o.tenant_id";

#[derive(FromQueryResult)]
pub(super) struct OperationRow {
    id: Uuid,
    kind: String,
    tenant_id: Uuid,
    state: String,
    input: String,
    requested_by: Option<Uuid>,
    fence: u32,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    tenant_slug: String,
    tenant_name: String,
}

#[derive(FromQueryResult)]
struct StepRow {
    operation_id: Uuid,
    ordinal: u8,
    name: String,
    state: String,
    attempts: u16,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    error: Option<String>,
}

impl TryFrom<OperationRow> for ListedOperation {
    type Error = StoreError;

    fn try_from(row: OperationRow) -> Result<Self, StoreError> {
        let operation = Operation {
            id: row.id.into(),
            kind: row
                .kind
                .parse()
                .map_err(|_| StoreError::corrupt("operations", "kind"))?,
            tenant: row.tenant_id.into(),
            state: row
                .state
                .parse()
                .map_err(|_| StoreError::corrupt("operations", "state"))?,
            input: row.input,
            requested_by: row.requested_by.map(Into::into),
            fence: row.fence,
            steps: Vec::new(),
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        };
        Ok(Self {
            operation,
            tenant_slug: row.tenant_slug,
            tenant_name: row.tenant_name,
        })
    }
}

impl TryFrom<StepRow> for Step {
    type Error = StoreError;

    fn try_from(row: StepRow) -> Result<Self, StoreError> {
        Ok(Self {
            ordinal: row.ordinal,
            name: row
                .name
                .parse()
                .map_err(|_| StoreError::corrupt("operation_steps", "name"))?,
            state: row
                .state
                .parse()
                .map_err(|_| StoreError::corrupt("operation_steps", "state"))?,
            attempts: row.attempts,
            started_at: row.started_at,
            finished_at: row.finished_at,
            error: row.error,
        })
    }
}

/// Gives the operations their steps, with one statement for all.
pub(super) async fn attach_steps(
    conn: &impl ConnectionTrait,
    rows: Vec<OperationRow>,
) -> Result<Vec<ListedOperation>, StoreError> {
    let mut listed: Vec<ListedOperation> = rows
        .into_iter()
        .map(ListedOperation::try_from)
        .collect::<Result<_, _>>()?;
    if listed.is_empty() {
        return Ok(listed);
    }
    let ids: Vec<Value> = listed
        .iter()
        .map(|l| l.operation.id.as_uuid().into())
        .collect();
    let marks = vec!["?"; ids.len()].join(", ");
    let steps = StepRow::find_by_statement(Statement::from_sql_and_values(
        DbBackend::MySql,
        format!(
            "SELECT operation_id, ordinal, name, state, attempts, started_at, finished_at, error \
             FROM operation_steps WHERE operation_id IN ({marks}) ORDER BY ordinal"
        ),
        ids,
    ));
    for row in steps.all(conn).await? {
        let of = listed
            .iter_mut()
            .find(|l| l.operation.id.as_uuid() == row.operation_id);
        if let Some(listed) = of {
            listed.operation.steps.push(row.try_into()?);
        }
    }
    Ok(listed)
}

/// Writes down the steps of a new operation, with one statement.
pub(super) async fn insert_steps(
    conn: &impl ConnectionTrait,
    operation: &Operation,
) -> Result<(), StoreError> {
    let mut values: Vec<Value> = Vec::with_capacity(operation.steps.len() * 4);
    for step in &operation.steps {
        values.push(operation.id.as_uuid().into());
        values.push(step.ordinal.into());
        values.push(step.name.as_str().into());
        values.push(step.state.as_str().into());
    }
    let marks = vec!["(?, ?, ?, ?)"; operation.steps.len()].join(", ");
    let text =
        format!("INSERT INTO operation_steps (operation_id, ordinal, name, state) VALUES {marks}");
    conn.execute_raw(Statement::from_sql_and_values(
        DbBackend::MySql,
        text,
        values,
    ))
    .await?;
    Ok(())
}
