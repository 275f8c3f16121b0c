//! What use cases of the fleet fail with, as problems.

use cp_app::{
    StoreError,
    desk::{ConnectionError, DeskError},
    fleet::{
        AddGroupError, AddServerError, ApprovalError, CreateTenantError, KeyError, OperationError,
        ServiceError,
    },
    mail::QueueError,
    queues::{DeadLetterError, PauseError},
    staff::{StaffChangeError, StaffLinkError},
};
use cp_domain::OperationRuleError;
use web::{ApiError, ProblemCode};

use crate::auth::problems as auth;

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

pub(super) fn key(error: &KeyError) -> ApiError {
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

pub(super) fn staff_change(error: &StaffChangeError) -> ApiError {
    match error {
        StaffChangeError::Unknown => ApiError::new(ProblemCode::NotFound),
        StaffChangeError::Oneself => ApiError::new(ProblemCode::RuleBroken)
            .detail("Nobody changes their own account: another owner has to."),
        StaffChangeError::LastOwner => ApiError::new(ProblemCode::RuleBroken)
            .detail("The last owner stays: make somebody else an owner first."),
        StaffChangeError::Key(error) => key(error),
        StaffChangeError::Store(error) => store(error),
    }
}

pub(super) fn staff_link(error: StaffLinkError) -> ApiError {
    match error {
        StaffLinkError::Exists => ApiError::new(ProblemCode::AlreadyExists)
            .detail("An account of staff has this address.")
            .field("/email", "taken", "An account of staff has this address."),
        StaffLinkError::Unknown => ApiError::new(ProblemCode::NotFound),
        StaffLinkError::Oneself => ApiError::new(ProblemCode::RuleBroken)
            .detail("Nobody resets their own factors: another owner has to."),
        StaffLinkError::WrongCode => ApiError::new(ProblemCode::InvalidCredentials)
            .detail("The code is not one of the authenticator with this link's secret."),
        StaffLinkError::Weak(error) => auth::weak(error),
        StaffLinkError::TooMany(error) => auth::too_many(error),
        StaffLinkError::Password(error) => auth::password(&error),
        StaffLinkError::Secret(error) => ApiError::internal(&error),
        StaffLinkError::Mail(QueueError::Store(error)) | StaffLinkError::Store(error) => {
            store(&error)
        }
        StaffLinkError::Mail(error) => ApiError::internal(&error),
        StaffLinkError::Key(error) => key(&error),
    }
}

pub(super) use crate::auth::support::problem as support;

pub(super) fn desk(error: DeskError) -> ApiError {
    match error {
        DeskError::NotFound => ApiError::new(ProblemCode::NotFound),
        DeskError::Away(error) => ApiError::new(ProblemCode::Unavailable)
            .retry_after(2)
            .because(&error),
        DeskError::Key(error) => key(&error),
        DeskError::Mail(QueueError::Store(error)) | DeskError::Store(error) => store(&error),
        DeskError::Mail(error) => ApiError::internal(&error),
    }
}

pub(super) fn connection(error: ConnectionError) -> ApiError {
    match error {
        ConnectionError::NotFound => ApiError::new(ProblemCode::NotFound),
        ConnectionError::Busy => {
            ApiError::new(ProblemCode::Conflict).detail("Somebody is changing it. Try again.")
        }
        ConnectionError::Key(error) => key(&error),
        ConnectionError::Store(error) => store(&error),
    }
}

pub(super) fn approval(error: &ApprovalError) -> ApiError {
    match error {
        ApprovalError::NotFound => ApiError::new(ProblemCode::NotFound),
        ApprovalError::Over => {
            ApiError::new(ProblemCode::InvalidState).detail("It was decided, or waited too long.")
        }
        ApprovalError::SamePerson => {
            ApiError::new(ProblemCode::Forbidden).detail("Another member of staff has to agree.")
        }
        ApprovalError::NotConfirmed => ApiError::invalid(
            "/confirm",
            "not_confirmed",
            "Type the tenant's slug to confirm.",
        ),
        ApprovalError::Service(error) => service(error),
        ApprovalError::Key(error) => key(error),
        ApprovalError::Store(error) => store(error),
    }
}

pub(super) fn pause(error: &PauseError) -> ApiError {
    match error {
        PauseError::Unknown => ApiError::new(ProblemCode::NotFound),
        PauseError::Key(error) => key(error),
        PauseError::Store(error) => store(error),
    }
}

pub(super) fn dead_letter(error: &DeadLetterError) -> ApiError {
    match error {
        DeadLetterError::NotFound => ApiError::new(ProblemCode::NotFound),
        DeadLetterError::State(state) => {
            ApiError::new(ProblemCode::InvalidState).detail(format!("The dead letter is {state}."))
        }
        DeadLetterError::NoEnvelope => ApiError::new(ProblemCode::InvalidState)
            .detail("It is no message of ours, and cannot be sent again."),
        DeadLetterError::Count(count) => {
            ApiError::new(ProblemCode::Conflict).detail(format!("There are {count} by now."))
        }
        DeadLetterError::Key(error) => key(error),
        DeadLetterError::Store(error) => store(error),
    }
}

fn name_taken() -> ApiError {
    ApiError::new(ProblemCode::AlreadyExists).field("/name", "taken", "The name is taken.")
}
