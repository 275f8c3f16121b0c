//! The servers of one sweep: a connection to each, made when it is first needed. A server that
//! cannot be reached is not tried again before the next sweep.

use std::collections::{BTreeMap, HashMap};

use broker::Class;
use db::{SweepAddress, SweepConnection};
use kernel::{ServerId, TenantContext};
use tr_store::{relaying::Waiting, sweeping};
use tracing::warn;

/// Databases looked at in one statement.
pub(super) const PER_STATEMENT: usize = 50;

#[derive(Default)]
pub(super) struct Servers(HashMap<ServerId, Server>);

enum Server {
    Known(SweepAddress),
    Connected(SweepConnection),
    Away,
}

impl Servers {
    /// Where servers are; those that are known stay as they are.
    pub(super) fn learn(&mut self, servers: HashMap<ServerId, SweepAddress>) {
        for (id, address) in servers {
            self.0.entry(id).or_insert(Server::Known(address));
        }
    }

    /// What waits in each of these tenants of a server where anything does; none when they cannot
    /// be looked at.
    pub(super) async fn look(
        &mut self,
        server: ServerId,
        tenants: &[(TenantContext, String)],
    ) -> Option<Vec<(TenantContext, Vec<Waiting>)>> {
        let connection = self.connection(server).await?;
        let names: Vec<&str> = tenants.iter().map(|(_, name)| name.as_str()).collect();
        let rows = match sweeping::waiting(connection, &names, &Class::NAMES).await {
            Ok(rows) => rows,
            Err(error) => {
                // A tenant moves, or its account is not let in yet.
                let usable = connection.is_usable();
                warn!(%server, %error, tenants = names.len(), "these are swept one by one");
                if !usable {
                    self.0.insert(server, Server::Away);
                }
                return None;
            }
        };
        let mut found = BTreeMap::<usize, Vec<Waiting>>::new();
        for (place, waiting) in rows {
            found.entry(place).or_default().push(waiting);
        }
        let tenant =
            |(place, waiting): (usize, Vec<Waiting>)| Some((tenants.get(place)?.0, waiting));
        Some(found.into_iter().filter_map(tenant).collect())
    }

    async fn connection(&mut self, id: ServerId) -> Option<&mut SweepConnection> {
        let server = self.0.entry(id).or_insert(Server::Away);
        if let Server::Known(address) = server {
            *server = match SweepConnection::open(address).await {
                Ok(connection) => Server::Connected(connection),
                Err(error) => {
                    warn!(server = %id, %error, "its tenants are swept one by one");
                    Server::Away
                }
            };
        }
        match server {
            Server::Connected(connection) => Some(connection),
            Server::Known(_) | Server::Away => None,
        }
    }

    /// Takes leave of all.
    pub(super) async fn close(self) {
        for server in self.0.into_values() {
            if let Server::Connected(connection) = server {
                connection.close().await;
            }
        }
    }
}
