//! What a node gets for a sweep: its ring's tenants, where to look, and the account to look with.

use std::collections::BTreeSet;

use cp_domain::Node;
use cp_store::{SweepStore, SweptServer, SweptTenant, seal::Purpose};
use kernel::{ServerId, TenantId};
use migrations::sweep::VERSION;
use secrecy::SecretString;

use super::{NodeError, Nodes, cut, page};

/// A page of tenants, with the servers that they are on.
#[derive(Debug)]
pub struct SweptPage {
    /// The tenants, by id.
    pub tenants: Vec<SweptTenant>,
    /// Their servers, as far as those have an account.
    pub servers: Vec<OpenSweptServer>,
    /// Whether more tenants follow.
    pub more: bool,
}

/// A server and its sweep account with the password open.
#[derive(Debug)]
pub struct OpenSweptServer {
    /// The server as it is kept.
    pub row: SweptServer,
    /// The account's password.
    pub password: SecretString,
}

impl Nodes {
    /// The tenants in service of the node's ring, as a sweep needs them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn swept(
        &self,
        node: &Node,
        after: Option<TenantId>,
        limit: Option<u16>,
    ) -> Result<SweptPage, NodeError> {
        let ((limit, asked), conn) = (page(limit), self.db.conn());
        let tenants = SweepStore::list(conn, (node.ring, VERSION), after, asked).await?;
        let (tenants, more) = cut(tenants, limit);
        let servers: BTreeSet<ServerId> = tenants
            .iter()
            .filter_map(|tenant| tenant.database.as_ref().map(|(server, _)| *server))
            .collect();
        let servers: Vec<ServerId> = servers.into_iter().collect();
        let servers = SweepStore::servers(conn, &servers).await?;
        Ok(SweptPage {
            tenants,
            servers: servers
                .into_iter()
                .filter_map(|row| self.opened(row))
                .collect(),
            more,
        })
    }

    /// A server of which the password does not open is left out: its tenants are swept one by one.
    fn opened(&self, row: SweptServer) -> Option<OpenSweptServer> {
        let opened = self
            .sealer
            .open_text(Purpose::SweepAccount, row.id, &row.password);
        match opened {
            Ok(password) => Some(OpenSweptServer { row, password }),
            Err(error) => {
                tracing::error!(server = %row.id, %error, "a sweep account's password does not open");
                None
            }
        }
    }
}
