//! Central entities and stores.
//!
//! A store is a unit struct whose functions take the connection or transaction first:
//! `PersonStore::find(conn, id)` answers an option, `get` an error when there is none. Entities
//! stay inside this crate; stores take and give the types of `cp-domain` and `kernel`.

mod access_tokens;
mod audit;
mod error;
mod idempotency;
mod identity_keys;
mod invitations;
mod mail_outbox;
mod memberships;
mod nodes;
mod operations;
mod people;
mod placement_groups;
mod routes;
pub mod seal;
mod servers;
mod sessions;
mod sql;
mod staff;
mod staff_sessions;
mod tenant_databases;
mod tenant_members;
mod tenants;

pub use access_tokens::{AccessToken, AccessTokenStore};
pub use audit::{AuditActor, AuditEntry, AuditEvent, AuditStore};
pub use error::StoreError;
pub use idempotency::{IdempotencyStore, KeptAnswer};
pub use identity_keys::{IdentityKey, IdentityKeyStore};
pub use invitations::{Invitation, InvitationStore, NewInvitation};
pub use mail_outbox::{LeasedMail, MailOutboxStore};
pub use memberships::{Member, MembershipStore};
pub use nodes::{NewNode, NodeStore};
pub use operations::{Lease, ListedOperation, OperationFilter, OperationStore, StepChange};
pub use people::{Person, PersonStore};
pub use placement_groups::{CountedGroup, PlacementGroup, PlacementGroupStore};
pub use routes::{CatalogueEntry, RouteStore, SealedPlacement};
pub use servers::{CountedServer, Server, ServerStore};
pub use sessions::{AccessRecord, Session, SessionStore};
pub use staff::{Staff, StaffStore};
pub use staff_sessions::{StaffAccess, StaffSession, StaffSessionStore};
pub use tenant_databases::{TenantDatabase, TenantDatabaseStore};
pub use tenant_members::TenantMemberStore;
pub use tenants::{ListedTenant, PeopleCounts, TenantFilter, TenantStore};
