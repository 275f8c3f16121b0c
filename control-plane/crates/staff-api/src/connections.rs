//! Tenants' OpenID providers, as staff see them.

use chrono::{DateTime, Utc};
use kernel::ConnectionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A tenant's provider. Nothing of its secret, nobody's claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectionSummaryView {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: ConnectionId,
    /// What people call it.
    pub name: String,
    /// The provider.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// Whether whoever comes in by it becomes a member.
    pub provisions: bool,
    /// Whether people come in by it.
    pub enabled: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed.
    pub updated_at: DateTime<Utc>,
    /// When somebody last came in by it.
    #[schema(required = true)]
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// When somebody last did not.
    #[schema(required = true)]
    pub last_failure_at: Option<DateTime<Utc>>,
    /// Why not.
    #[schema(required = true)]
    pub last_failure: Option<String>,
}
