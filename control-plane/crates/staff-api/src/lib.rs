//! The staff API as types: what the control plane answers with and what the back office asks.
//!
//! [`StaffApi`] is the typed client. Paths and answers are those of `/staff/v1/openapi.json`.

mod access_policies;
mod accounts;
mod approvals;
mod audit;
mod client;
mod connections;
mod dead_letters;
mod error;
mod events;
mod fleet;
mod operations;
mod people;
mod queues;
mod sign_in;
mod support;
mod tenants;
mod timers;

pub use access_policies::{
    AccessPolicyBody, AccessRulesBody, AffectedView, CountryDataView, CountryRuleBody, DryRunView,
    MyselfView, PlatformDryRunView, PlatformPolicyView, PolicyDraft, PolicyPutQuery,
    UnknownCountry, UnsafeCountryPut, UnsafeCountryView, WindowBody,
};
pub use accounts::{
    LinkToken, ListedSessionView, OpenedStaffLink, PageQuery, StaffAccountView, StaffInvite,
    StaffLinkView, StaffQuery, StaffRoleChange, UseStaffLink,
};
pub use approvals::{ApprovalState, ApprovalView};
pub use audit::{AuditEntryView, AuditHeadView, AuditQuery};
pub use client::{Caller, SESSION_COOKIES, SignedIn, StaffApi, StaffCalls};
pub use connections::ConnectionSummaryView;
pub use dead_letters::{
    DeadLetterCount, DeadLetterGroup, DeadLetterQuery, DeadLetterSelection, DeadLetterState,
    DeadLetterSummary, DeadLetterView,
};
pub use error::{FieldProblem, ProblemBody, StaffApiError};
pub use events::OperationEvents;
pub use fleet::{
    PlacementGroupCreate, PlacementGroupRef, PlacementGroupView, ReleaseRing, ServerCreate,
    ServerRef, ServerView,
};
pub use operations::{
    OperationKind, OperationQuery, OperationRef, OperationState, OperationView, StepState,
    StepView, TenantRef,
};
pub use people::{
    BelongingView, LockoutView, PeopleQuery, PersonFactors, PersonSessionView, PersonSummary,
    PersonView, Reason, WaitingView,
};
pub use queues::{BacklogPage, BacklogQuery, BacklogView, OutboxView, QueuePauseView, QueueView};
pub use sign_in::{
    SecondFactor, StaffMemberView, StaffRole, StaffSessionView, StaffSignIn, StaffSignInAnswer,
};
pub use support::{EntranceView, SupportAccessView, SupportQuery, SupportRequest, SupportState};
pub use tenants::{
    Accepted, ArchitectCreate, PeopleCount, SchemaView, SuspendTenant, TenantCreate,
    TenantDatabaseView, TenantDetail, TenantQuery, TenantState, TenantSummary,
};
pub use timers::{
    TenantUsageView, TimerLeaderView, TimerRunState, TimerRunView, TimerView, UsageDayView,
    UsageQuery,
};
