//! On which server a new tenant is put.

use kernel::ServerId;

/// How full a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLoad {
    /// The server.
    pub server: ServerId,
    /// How many tenants it has.
    pub tenants: u32,
    /// How many it may have.
    pub max_tenants: u32,
    /// Whether it takes new ones.
    pub accepts_tenants: bool,
}

impl ServerLoad {
    fn has_room(self) -> bool {
        self.accepts_tenants && self.tenants < self.max_tenants
    }

    /// Compares how full two servers are, without fractions.
    fn fullness(self, other: Self) -> std::cmp::Ordering {
        let mine = u64::from(self.tenants) * u64::from(other.max_tenants);
        let theirs = u64::from(other.tenants) * u64::from(self.max_tenants);
        mine.cmp(&theirs).then(self.server.cmp(&other.server))
    }
}

/// Every server of the group is full or takes no new tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no server of the placement group has room")]
pub struct NoRoom;

/// The server of the group that is least full, by share of what it may hold.
///
/// # Errors
/// When none has room.
pub fn choose_server(servers: &[ServerLoad]) -> Result<ServerId, NoRoom> {
    servers
        .iter()
        .copied()
        .filter(|server| server.has_room())
        .min_by(|a, b| a.fullness(*b))
        .map(|server| server.server)
        .ok_or(NoRoom)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn server(n: u8, tenants: u32, max_tenants: u32, accepts_tenants: bool) -> ServerLoad {
        let server = ServerId::from_uuid(uuid::Uuid::from_bytes([n; 16]));
        ServerLoad {
            server,
            tenants,
            max_tenants,
            accepts_tenants,
        }
    }

    #[test]
    fn the_emptiest_server_with_room_is_chosen() {
        let servers = [
            server(1, 50, 100, true),
            server(2, 30, 100, true),
            server(3, 0, 100, false),
            server(4, 10, 20, true),
        ];
        assert_eq!(choose_server(&servers), Ok(servers[1].server));
        assert_eq!(choose_server(&[server(1, 5, 5, true)]), Err(NoRoom));
        assert_eq!(choose_server(&[]), Err(NoRoom));
    }

    proptest! {
        #[test]
        fn a_server_is_never_overfilled(loads in prop::collection::vec((0..9u32, 0..9u32, any::<bool>()), 0..8)) {
            let servers: Vec<_> = loads
                .iter()
                .zip(0u8..)
                .map(|((tenants, max, accepts), n)| server(n, *tenants, *max, *accepts))
                .collect();
            match choose_server(&servers) {
                Ok(id) => {
                    let chosen = servers.iter().find(|s| s.server == id).unwrap();
                    prop_assert!(chosen.has_room());
                }
                Err(NoRoom) => prop_assert!(servers.iter().all(|s| !s.has_room())),
            }
        }
    }
}
