//! What goes wrong below, said in HTTP. One exhaustive conversion per error of a use case, so that
//! a new variant does not compile until somebody has decided what a client hears of it.

use db::{DbError, PlacementError};
use tr_app::{
    Denied, IdempotencyError, StoreError, activity::ActivityError, dependencies::DependencyError,
    folders::FolderError, grants::GrantError, groups::GroupError, labels::LabelError,
    members::MemberError, notifications::NotificationError, webhooks::WebhookError,
    work_items::WorkItemError,
};
use tr_domain::Faults;
use web::{ApiError, ProblemCode};

/// The error of a handler.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) ApiError);

/// To actix it is an [`ApiError`], which the edge knows how to log.
impl From<Failure> for actix_web::Error {
    fn from(failure: Failure) -> Self {
        failure.0.into()
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

/// How long a client should wait before it comes again, in seconds.
const SHORTLY: u32 = 1;

pub(crate) fn busy() -> ApiError {
    ApiError::new(ProblemCode::Busy).retry_after(SHORTLY)
}

fn unavailable(cause: &DbError) -> ApiError {
    ApiError::new(ProblemCode::Unavailable)
        .retry_after(SHORTLY)
        .because(cause)
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Self(match &error {
            DbError::Busy => busy(),
            DbError::Generation { .. } | DbError::Placement(PlacementError::Unknown) => {
                ApiError::new(ProblemCode::TenantMoved)
                    .retry_after(SHORTLY)
                    .because(&error)
            }
            DbError::Placement(PlacementError::Unavailable(_))
            | DbError::Address(_)
            | DbError::Connect(_)
            | DbError::Foreign => unavailable(&error),
            DbError::Statement(_) if error.is_busy() => busy(),
            DbError::Statement(_) => ApiError::internal(&error),
        })
    }
}

fn store(error: &StoreError) -> ApiError {
    if error.is_busy() {
        busy()
    } else {
        ApiError::internal(error)
    }
}

fn denied(denied: Denied) -> ApiError {
    match denied {
        Denied::NotFound => ProblemCode::NotFound.into(),
        Denied::Forbidden => ProblemCode::Forbidden.into(),
        Denied::PreconditionRequired => ProblemCode::PreconditionRequired.into(),
        Denied::PreconditionFailed { current } => {
            ApiError::new(ProblemCode::PreconditionFailed).header("etag", format!("\"{current}\""))
        }
    }
}

fn invalid(faults: &Faults) -> ApiError {
    faults.iter().fold(
        ApiError::new(ProblemCode::ValidationFailed),
        |problem, fault| problem.field(fault.pointer.as_str(), fault.code, fault.detail.as_str()),
    )
}

fn key(error: IdempotencyError) -> ApiError {
    match error {
        IdempotencyError::BodyDiffers => ProblemCode::IdempotencyKeyReused.into(),
        IdempotencyError::InProgress => ApiError::new(ProblemCode::Conflict)
            .detail("a request with this Idempotency-Key is under way")
            .retry_after(SHORTLY),
    }
}

fn not_now(error: &impl std::fmt::Display) -> ApiError {
    ApiError::new(ProblemCode::InvalidState).detail(error.to_string())
}

fn already_there(error: &impl std::fmt::Display) -> ApiError {
    ApiError::new(ProblemCode::AlreadyExists).detail(error.to_string())
}

fn against(rule: &impl std::fmt::Display) -> ApiError {
    ApiError::new(ProblemCode::RuleBroken).detail(rule.to_string())
}

impl From<WorkItemError> for Failure {
    fn from(error: WorkItemError) -> Self {
        Self(match error {
            WorkItemError::Denied(error) => denied(error),
            WorkItemError::Invalid(faults) => invalid(&faults),
            WorkItemError::Hindered(hindrance) => not_now(&hindrance),
            WorkItemError::ParentDeleted
            | WorkItemError::DeletedWithParent
            | WorkItemError::DeletedTooLongAgo => not_now(&error),
            WorkItemError::Busy => busy(),
            WorkItemError::Idempotency(error) => key(error),
            WorkItemError::Store(error) => store(&error),
        })
    }
}

impl Failure {
    /// The same for a list, whose values are in the query: 400, and a wrong cursor by its name.
    pub(crate) fn of_query(self) -> Self {
        if self.0.code() != ProblemCode::ValidationFailed {
            return self;
        }
        let cursor = self
            .0
            .fields()
            .iter()
            .any(|field| field.pointer == "/cursor");
        let code = if cursor {
            ProblemCode::InvalidCursor
        } else {
            ProblemCode::InvalidQuery
        };
        let fields = self.0.fields().iter();
        Self(fields.fold(ApiError::new(code), |problem, field| {
            problem.field(
                field.pointer.as_str(),
                field.code.clone(),
                field.detail.as_str(),
            )
        }))
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        Self(match error {
            FolderError::Denied(error) => denied(error),
            FolderError::Invalid(faults) => invalid(&faults),
            FolderError::Fixed
            | FolderError::ParentDeleted
            | FolderError::DeletedWithParent
            | FolderError::DeletedTooLongAgo => not_now(&error),
            FolderError::Idempotency(error) => key(error),
            FolderError::Store(error) => store(&error),
        })
    }
}

impl From<LabelError> for Failure {
    fn from(error: LabelError) -> Self {
        Self(match error {
            LabelError::Denied(error) => denied(error),
            LabelError::Invalid(faults) => invalid(&faults),
            LabelError::NameTaken => already_there(&error),
            LabelError::Idempotency(error) => key(error),
            LabelError::Store(error) => store(&error),
        })
    }
}

impl From<MemberError> for Failure {
    fn from(error: MemberError) -> Self {
        Self(match error {
            MemberError::Denied(error) => denied(error),
            MemberError::Invalid(faults) => invalid(&faults),
            MemberError::Store(error) => store(&error),
        })
    }
}

impl From<NotificationError> for Failure {
    fn from(error: NotificationError) -> Self {
        Self(match error {
            NotificationError::Denied(error) => denied(error),
            NotificationError::Invalid(faults) => invalid(&faults),
            NotificationError::Idempotency(error) => key(error),
            NotificationError::Store(error) => store(&error),
        })
    }
}

impl From<ActivityError> for Failure {
    fn from(error: ActivityError) -> Self {
        Self(match error {
            ActivityError::Denied(error) => denied(error),
            ActivityError::Invalid(faults) => invalid(&faults),
            ActivityError::Store(error) => store(&error),
        })
    }
}

impl From<GrantError> for Failure {
    fn from(error: GrantError) -> Self {
        Self(match error {
            GrantError::Denied(error) => denied(error),
            GrantError::Invalid(faults) => invalid(&faults),
            GrantError::External(rule) => against(&rule),
            GrantError::Idempotency(error) => key(error),
            GrantError::Store(error) => store(&error),
        })
    }
}

impl From<GroupError> for Failure {
    fn from(error: GroupError) -> Self {
        Self(match error {
            GroupError::Denied(error) => denied(error),
            GroupError::Invalid(faults) => invalid(&faults),
            GroupError::System => not_now(&error),
            GroupError::NameTaken => already_there(&error),
            GroupError::External(rule) => against(&rule),
            GroupError::Idempotency(error) => key(error),
            GroupError::Store(error) => store(&error),
        })
    }
}

impl From<DependencyError> for Failure {
    fn from(error: DependencyError) -> Self {
        Self(match error {
            DependencyError::Denied(error) => denied(error),
            DependencyError::Invalid(faults) => invalid(&faults),
            DependencyError::Exists => already_there(&error),
            DependencyError::Circle => against(&error),
            DependencyError::Idempotency(error) => key(error),
            DependencyError::Store(error) => store(&error),
        })
    }
}

impl From<WebhookError> for Failure {
    fn from(error: WebhookError) -> Self {
        Self(match error {
            WebhookError::Denied(error) => denied(error),
            WebhookError::Invalid(faults) => invalid(&faults),
            WebhookError::TooMany(_) | WebhookError::Disabled | WebhookError::NotSetUp => {
                not_now(&error)
            }
            WebhookError::Seal(error) => ApiError::internal(&error),
            WebhookError::Idempotency(error) => key(error),
            WebhookError::Store(error) => store(&error),
        })
    }
}
