//! Single sign-on: people come in by their organisation's own OpenID provider.
//!
//! Who somebody is, is (connection, subject). An e-mail only ever makes that link the first time,
//! and only when the provider vouches for it and the tenant has proven its domain. What comes in
//! by a provider changes the membership of that provider's tenant, and nothing of the person: no
//! e-mail, no password, no factor, no other tenant.

mod connections;
mod domains;
mod enforcement;
mod error;
mod flows;
mod identify;
mod identities;
mod impact;
mod logout;
mod outcome;
mod provider;
mod standing;
mod test;

pub use connections::{
    ConnectionDraft, ConnectionView, SecretChange, create_connection, delete_connection,
    find_connection, list_connections, set_connection_state, update_connection,
};
pub use cp_oidc::{ALGORITHMS, DEFAULT_ALGORITHMS, OidcSettings};
pub use cp_store::{ClaimedDomain, Connection, Identity};
pub use domains::{check_domain, claim_domain, list_domains, remove_domain};
pub use enforcement::{Security, SecurityChange, change_security, find_security};
pub use error::{SsoAdminError, SsoError};
pub use flows::{FlowFailure, FlowRequest, Initiator, Returned, begin, finish};
pub use identities::{list_identities, unlink};
pub use impact::{Prospect, enforcement_prospect};
pub use logout::{back_channel_logout, sign_out_address};
pub use outcome::Outcome;
pub use provider::{logout_uri, redirect_uri};
pub use test::{TestResult, find_test};
