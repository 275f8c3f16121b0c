//! Central entities and stores.
//!
//! A store is a unit struct whose functions take the connection or transaction first:
//! `PersonStore::find(conn, id)` answers an option, `get` an error when there is none. Entities
//! stay inside this crate; stores take and give the types of `cp-domain` and `kernel`.

mod access_policies;
mod access_tokens;
mod accounts;
mod approvals;
mod audit;
mod audit_chain;
mod client_secrets;
mod dead_letters;
mod email_changes;
mod error;
mod factors;
mod handoff_codes;
mod held_sessions;
mod idempotency;
mod identity_keys;
mod impact;
mod invitations;
mod known_devices;
mod last_visits;
mod mail_outbox;
mod memberships;
mod nodes;
mod operations;
mod passkeys;
mod password_resets;
mod people;
mod people_desk;
mod person_sessions;
mod placement_groups;
mod queues;
mod routes;
mod scim;
mod servers;
mod sessions;
mod sql;
mod sso_connections;
mod sso_flows;
mod sso_identities;
mod sso_sessions;
mod staff;
mod staff_accounts;
mod staff_links;
mod staff_sessions;
mod support_access;
mod support_consents;
mod support_sessions;
mod sweep;
mod tenant_databases;
mod tenant_members;
mod tenant_security;
mod tenants;
mod timers;
mod usage;
mod verified_domains;
mod webauthn_ceremonies;

pub use access_policies::{
    PlatformPolicy, PlatformPolicyStore, TenantPolicyStore, UnsafeCountry, UnsafeCountryStore,
};
pub use access_tokens::{AccessToken, AccessTokenStore};
pub use accounts::{Account, AccountStore, WayIn};
pub use approvals::{Approval, ApprovalStore};
pub use audit::{AuditActor, AuditEntry, AuditEvent, AuditFilter, AuditStore};
pub use audit_chain::{AuditChainStore, AuditLink, LinkedEntry};
pub use client_secrets::{ClientSecret, ClientSecretStore};
pub use dead_letters::{
    CountedLetters, DeadLetter, DeadLetterFilter, DeadLetterStore, LeasedLetter, LetterEvent,
    LetterFate, LetterGroup, NewDeadLetter,
};
pub use email_changes::{EmailChange, EmailChangeStore};
pub use error::StoreError;
pub use factors::{FactorRecord, FactorStore};
pub use handoff_codes::{HandedOver, HandoffCode, HandoffCodeStore};
pub use idempotency::{IdempotencyStore, KeptAnswer};
pub use identity_keys::{IdentityKey, IdentityKeyStore};
pub use impact::{Impact, ImpactStore};
pub use invitations::{Invitation, InvitationStore, NewInvitation};
pub use known_devices::KnownDeviceStore;
pub use last_visits::{LastStaffVisit, LastVisit, LastVisitStore};
pub use mail_outbox::{LeasedMail, MailOutboxStore};
pub use memberships::{Member, MembershipStore};
pub use nodes::{NewNode, NodeStore};
pub use operations::{Lease, ListedOperation, OperationFilter, OperationStore, StepChange};
pub use passkeys::{PasskeyRecord, PasskeyStore};
pub use password_resets::{PasswordReset, PasswordResetStore};
pub use people::{Person, PersonStore};
pub use people_desk::{Belonging, ListedPerson, PeopleDeskStore, PersonVisit};
pub use person_sessions::{PersonAccess, PersonSession, PersonSessionStore};
pub use placement_groups::{CountedGroup, PlacementGroup, PlacementGroupStore};
pub use queues::{KeptReport, QueuePause, QueuePauseStore, QueueReportStore, TenantPlace};
pub use routes::{CatalogueEntry, RouteStore, SealedPlacement};
pub use scim::{
    GroupOfMember, MappedRole, Said, ScimGroup, ScimGroupMemberStore, ScimGroupStore, ScimToken,
    ScimTokenStore, ScimUser, ScimUserStore, SearchError,
};
pub use seal;
pub use servers::{CountedServer, Server, ServerStore};
pub use sessions::{AccessRecord, ProofRecord, Session, SessionStore};
pub use sso_connections::{Connection, ConnectionStore};
pub use sso_flows::{Flow, FlowStore, LogoutTokenStore};
pub use sso_identities::{Identity, IdentityStore};
pub use sso_sessions::{Ended, SsoSessionStore};
pub use staff::{Staff, StaffStore};
pub use staff_accounts::{StaffAccount, StaffAccountStore};
pub use staff_links::{StaffLink, StaffLinkStore};
pub use staff_sessions::{ListedStaffSession, StaffAccess, StaffSession, StaffSessionStore};
pub use support_access::{SupportAccess, SupportAccessStore, SupportFilter};
pub use support_consents::{SupportConsent, SupportConsentStore, SupportVisit};
pub use support_sessions::{SupportSession, SupportSessionStore};
pub use sweep::{SweepAccount, SweepStore, SweptServer, SweptTenant};
pub use tenant_databases::{TenantDatabase, TenantDatabaseStore};
pub use tenant_members::TenantMemberStore;
pub use tenant_security::{TenantSecurity, TenantSecurityStore};
pub use tenants::{ListedTenant, PeopleCounts, TenantFilter, TenantStore};
pub use timers::{LastSlot, NewTimer, Progress, Timer, TimerLeaderStore, TimerRun, TimerRunStore};
pub use usage::{UsageDay, UsageStore};
pub use verified_domains::{ClaimedDomain, DomainStore};
pub use webauthn_ceremonies::{Ceremony, CeremonyPurpose, CeremonyStore};
