//! Typed identifiers: a `PersonId` is never taken for a `MemberId`.
//!
//! All are UUIDs (version 7, RFC 9562), in JSON the hyphenated form, in MariaDB `BINARY(16)`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An identifier that wraps a UUID.
pub trait TypedId: Copy + Ord + fmt::Display {
    /// The id with this UUID.
    fn from_uuid(id: Uuid) -> Self;
    /// The UUID inside.
    fn as_uuid(self) -> Uuid;
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id with this UUID.
            #[must_use]
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }
            /// The UUID inside.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }
        impl TypedId for $name {
            fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }
            fn as_uuid(self) -> Uuid {
                self.0
            }
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(s).map(Self)
            }
        }
    )*};
}

typed_ids! {
    /// A customer account with a database of its own.
    TenantId,
    /// A human being with credentials, known to the control plane only.
    PersonId,
    /// A person in one tenant.
    MemberId,
    /// A signed-in session of a person in a tenant.
    SessionId,
    /// A personal access token or access token.
    TokenId,
    /// An account of the platform's own staff.
    StaffId,
    /// A signed-in session of a member of staff.
    StaffSessionId,
    /// An invitation to a tenant.
    InvitationId,
    /// A session of a person on the host of people.
    PersonSessionId,
    /// A WebAuthn credential of a person.
    PasskeyId,
    /// An OpenID provider of a tenant.
    ConnectionId,
    /// A mail domain that a tenant claims.
    DomainId,
    /// A client of a member's program; its `client_id`.
    ClientId,
    /// A token of a tenant's directory.
    ScimTokenId,
    /// A group of a tenant's directory.
    ScimGroupId,
    /// A request of staff to look into a tenant.
    SupportAccessId,
    /// A persisted, resumable change of the fleet.
    OperationId,
    /// A slot of a timer that was begun, or a run of one that staff asked for.
    TimerRunId,
    /// A MariaDB server that holds tenant databases.
    ServerId,
    /// A set of tenants kept together.
    PlacementGroupId,
    /// A tenant-runtime process that takes requests.
    NodeId,
    /// A folder of a tenant.
    FolderId,
    /// A row of a plan: grid, stage, theme, element, gate or task.
    WorkItemId,
    /// A system or custom group of members.
    GroupId,
    /// A right of a member or group on a folder or grid.
    GrantId,
    /// A coloured tag.
    LabelId,
    /// A link from a predecessor to a successor.
    DependencyId,
    /// One entry of the activity log.
    ActivityId,
    /// One event of a tenant's outbox.
    EventId,
    /// An address that hears of a tenant's events.
    WebhookId,
    /// One event for one webhook.
    DeliveryId,
}
