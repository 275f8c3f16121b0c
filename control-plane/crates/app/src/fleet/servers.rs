//! Database servers.

use cp_store::{
    CountedServer, PlacementGroupStore, Server, ServerStore, StoreError,
    seal::{Purpose, SealError},
};
use kernel::ServerId;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{
    Act, Fleet, KeyError, Keyed, Requester,
    keyed::{keep, kept},
};

/// A server to add.
#[derive(Debug)]
pub struct AddServer {
    /// The unique name.
    pub name: String,
    /// The name of the group that it serves.
    pub placement_group: String,
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The administrator's account.
    pub admin_user: String,
    /// Its password.
    pub admin_password: SecretString,
    /// How many tenants it may have.
    pub max_tenants: u32,
}

/// Why a server is not added.
#[derive(Debug, thiserror::Error)]
pub enum AddServerError {
    /// The name is taken.
    #[error("a server of this name exists")]
    NameTaken,
    /// There is no such group.
    #[error("there is no placement group of this name")]
    UnknownGroup,
    /// The request's key came with another body before.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The password cannot be sealed.
    #[error("the password cannot be sealed")]
    Seal(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for AddServerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Duplicate(_) => Self::NameTaken,
            other => Self::Store(other),
        }
    }
}

/// Every server with its group and how full it is, by name.
///
/// # Errors
/// When the database fails.
pub async fn list_servers(fleet: &Fleet) -> Result<Vec<CountedServer>, StoreError> {
    ServerStore::list(fleet.central.conn()).await
}

/// Adds a server. Its password is sealed at once and never shown again. With a key, the same
/// request again gets the same answer.
///
/// # Errors
/// When the name is taken, there is no such group, or the database fails.
pub async fn add_server(
    fleet: &Fleet,
    requester: &Requester,
    command: AddServer,
    keyed: Option<&Keyed>,
) -> Result<CountedServer, AddServerError> {
    if let Some(known) = known(fleet, keyed).await? {
        return Ok(known);
    }
    match insert(fleet, requester, command, keyed).await {
        Ok(added) => Ok(added),
        // Two requests with one key at once: the other one has written.
        Err(error) => known(fleet, keyed).await?.ok_or(error),
    }
}

async fn known(
    fleet: &Fleet,
    keyed: Option<&Keyed>,
) -> Result<Option<CountedServer>, AddServerError> {
    let Some(id) = kept::<ServerId>(fleet, keyed).await? else {
        return Ok(None);
    };
    Ok(list_servers(fleet)
        .await?
        .into_iter()
        .find(|counted| counted.server.id == id))
}

async fn insert(
    fleet: &Fleet,
    requester: &Requester,
    command: AddServer,
    keyed: Option<&Keyed>,
) -> Result<CountedServer, AddServerError> {
    let tx = fleet.central.begin().await.map_err(StoreError::from)?;
    let group = PlacementGroupStore::find_by_name(&tx, &command.placement_group)
        .await?
        .ok_or(AddServerError::UnknownGroup)?;
    let id = fleet.clock.new_id::<ServerId>();
    let password = command.admin_password.expose_secret().as_bytes();
    let server = Server {
        id,
        name: command.name,
        placement_group: group.id,
        host: command.host,
        port: command.port,
        admin_user: command.admin_user,
        admin_password: fleet.sealer.seal(Purpose::ServerAdmin, id, password)?,
        max_tenants: command.max_tenants,
        accepts_tenants: true,
        created_at: fleet.clock.now(),
    };
    ServerStore::insert(&tx, &server).await?;
    let act = Act {
        action: "server.create",
        tenant: None,
        object: Some(id.as_uuid()),
        detail: json!({ "name": server.name, "host": server.host, "port": server.port }),
    };
    fleet.remember(&tx, requester, act).await?;
    keep(fleet, &tx, keyed, 201, &id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(CountedServer {
        server,
        group,
        tenants: 0,
    })
}
