//! What use cases of the fleet fail with, as problems.

use cp_app::{
    StoreError,
    fleet::{
        AddGroupError, AddServerError, CreateTenantError, KeyError, OperationError, ServiceError,
    },
};
use cp_domain::OperationRuleError;
use web::{ApiError, ProblemCode};

pub(super) fn store(error: &StoreError) -> ApiError {
    match error {
        StoreError::Database(_) => ApiError::new(ProblemCode::Unavailable)
            .retry_after(2)
            .because(error),
        StoreError::Missing(_) => ApiError::new(ProblemCode::NotFound),
        StoreError::Duplicate(_) => ApiError::new(ProblemCode::AlreadyExists),
        StoreError::Corrupt { .. } => ApiError::internal(error),
    }
}

fn key(error: &KeyError) -> ApiError {
    match error {
        KeyError::Reused => ApiError::new(ProblemCode::IdempotencyKeyReused),
        KeyError::Store(error) => store(error),
    }
}

pub(super) fn create_tenant(error: &CreateTenantError) -> ApiError {
    match error {
        CreateTenantError::SlugTaken => ApiError::new(ProblemCode::AlreadyExists)
            .detail("Another tenant has this slug.")
            .field("/slug", "taken", "Another tenant has this slug."),
        CreateTenantError::UnknownGroup => ApiError::invalid(
            "/placement_group",
            "unknown",
            "There is no such placement group.",
        ),
        CreateTenantError::NoRoom(error) => {
            ApiError::new(ProblemCode::Conflict).detail(format!("There is no room: {error}."))
        }
        CreateTenantError::Key(error) => key(error),
        CreateTenantError::Seal(error) => ApiError::internal(error),
        CreateTenantError::Store(error) => store(error),
    }
}

pub(super) fn service(error: &ServiceError) -> ApiError {
    match error {
        ServiceError::Unknown => ApiError::new(ProblemCode::NotFound),
        ServiceError::State(state) => {
            ApiError::new(ProblemCode::InvalidState).detail(format!("The tenant is {state}."))
        }
        ServiceError::Busy => ApiError::new(ProblemCode::Conflict)
            .detail("Another operation of the tenant is not over."),
        ServiceError::Key(error) => key(error),
        ServiceError::Store(error) => store(error),
    }
}

pub(super) fn operation(error: &OperationError) -> ApiError {
    match error {
        OperationError::Unknown => ApiError::new(ProblemCode::NotFound),
        OperationError::Rule(rule) => ApiError::new(ProblemCode::InvalidState).detail(match rule {
            OperationRuleError::NotFailed => "Only an operation that failed can be retried.",
            OperationRuleError::Over => "The operation is over, or is being taken back already.",
            OperationRuleError::NotUndoable => "This kind of operation cannot be taken back.",
        }),
        OperationError::Key(error) => key(error),
        OperationError::Store(error) => store(error),
    }
}

pub(super) fn add_group(error: &AddGroupError) -> ApiError {
    match error {
        AddGroupError::NameTaken => name_taken(),
        AddGroupError::Key(error) => key(error),
        AddGroupError::Store(error) => store(error),
    }
}

pub(super) fn add_server(error: &AddServerError) -> ApiError {
    match error {
        AddServerError::NameTaken => name_taken(),
        AddServerError::UnknownGroup => ApiError::invalid(
            "/placement_group",
            "unknown",
            "There is no such placement group.",
        ),
        AddServerError::Key(error) => key(error),
        AddServerError::Seal(error) => ApiError::internal(error),
        AddServerError::Store(error) => store(error),
    }
}

fn name_taken() -> ApiError {
    ApiError::new(ProblemCode::AlreadyExists).field("/name", "taken", "The name is taken.")
}
