//! What nodes of the tenant runtime ask of the control plane, and what staff and gateways ask
//! about nodes.

mod sweep;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use clock::Clock;
use cp_domain::{
    BEAT_SECONDS, Node, NodeRuleError, Ring, TokenHash, check_node_address, check_node_name,
};
use cp_store::{
    NewNode, NodeStore, RouteStore, StoreError,
    seal::{Purpose, SealError, Sealer},
};
use db::CentralDb;
use identity::PublicKey;
use kernel::{NodeId, TenantId};
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

pub use cp_store::{CatalogueEntry, SealedPlacement, SweptTenant};

pub use sweep::{OpenSweptServer, SweptPage};

use crate::{
    identity_keys::{IdentityKeyError, IdentityKeys},
    push::Pushes,
};

/// Before the random part of a node's secret, so that a leaked one is recognised.
const SECRET_PREFIX: &str = "trn_";
/// The most entries of a page.
const MAX_PAGE: u16 = 1000;
/// The entries of a page unless asked.
const PAGE: u16 = 500;

/// Why a node is not served.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Nobody has this secret.
    #[error("no node has this secret")]
    Unauthenticated,
    /// The secret is another node's.
    #[error("the secret is not this node's")]
    OtherNode,
    /// The node is configured for another ring than the one it was created in.
    #[error("the node was created in ring {0}")]
    OtherRing(Ring),
    /// The node has not registered, or has left.
    #[error("the node has not registered")]
    NotRegistered,
    /// There is no such node.
    #[error("no such node")]
    Unknown,
    /// A node of this name exists.
    #[error("a node of this name exists")]
    NameTaken,
    /// A name or address has a wrong form.
    #[error(transparent)]
    Rule(#[from] NodeRuleError),
    /// The tenant is not one of the node's ring in service.
    #[error("no such tenant for this node")]
    NoPlacement,
    /// A password cannot be opened.
    #[error("the tenant's credentials cannot be opened")]
    Seal(#[from] SealError),
    /// There are no keys.
    #[error(transparent)]
    Keys(#[from] IdentityKeyError),
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for NodeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Duplicate(_) => Self::NameTaken,
            other => Self::Store(other),
        }
    }
}

/// What a node says of itself when it starts.
#[derive(Debug, Clone)]
pub struct NodeStart {
    /// Its name.
    pub name: String,
    /// Where it takes requests.
    pub address: Option<String>,
    /// The ring it believes to be in.
    pub ring: Ring,
    /// The version of its program.
    pub version: String,
}

/// What a node is told with each answer.
#[derive(Debug, Clone)]
pub struct NodeNews {
    /// How often to beat.
    pub beat_seconds: u32,
    /// The keys whose identities to accept.
    pub keys: Vec<PublicKey>,
    /// The catalogue's revision.
    pub revision: u64,
}

/// A tenant's placement with the password open.
#[derive(Debug, Clone)]
pub struct OpenPlacement {
    /// The placement as it is kept.
    pub row: SealedPlacement,
    /// The password of the runtime's account.
    pub password: SecretString,
}

/// The use cases. Clones share everything.
#[derive(Debug, Clone)]
pub struct Nodes {
    /// The central database.
    pub db: CentralDb,
    /// Opens credentials.
    pub sealer: Sealer,
    /// The keys that sign identities.
    pub keys: IdentityKeys,
    /// Tells the gateways.
    pub pushes: Pushes,
    /// The clock.
    pub clock: Clock,
}

impl Nodes {
    /// Makes a node known before it first starts; answers its secret, which is shown once.
    ///
    /// # Errors
    /// When the name is taken or wrong, or the database fails.
    pub async fn create(&self, name: &str, ring: Ring) -> Result<SecretString, NodeError> {
        check_node_name(name)?;
        let (secret, secret_hash) = new_secret();
        let node = NewNode {
            id: self.clock.new_id(),
            name: name.to_owned(),
            ring,
            secret_hash,
            created_at: self.clock.now(),
        };
        NodeStore::insert(self.db.conn(), &node).await?;
        Ok(secret)
    }

    /// Gives a node another secret; the old one is refused from now on.
    ///
    /// # Errors
    /// When there is no such node or the database fails.
    pub async fn replace_secret(&self, name: &str) -> Result<SecretString, NodeError> {
        let (secret, hash) = new_secret();
        if NodeStore::replace_secret(self.db.conn(), name, &hash).await? {
            return Ok(secret);
        }
        Err(NodeError::Unknown)
    }

    /// Removes a node.
    ///
    /// # Errors
    /// When there is no such node or the database fails.
    pub async fn delete(&self, name: &str) -> Result<(), NodeError> {
        if !NodeStore::delete(self.db.conn(), name).await? {
            return Err(NodeError::Unknown);
        }
        self.pushes.nodes_changed().await;
        Ok(())
    }

    /// Every node, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<Node>, NodeError> {
        Ok(NodeStore::list(self.db.conn()).await?)
    }

    /// The nodes that take requests and have not left, whether or not they still beat.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_addressed(&self) -> Result<Vec<Node>, NodeError> {
        Ok(NodeStore::list_addressed(self.db.conn()).await?)
    }

    /// The node that has this secret.
    ///
    /// # Errors
    /// When nobody has, or the database fails.
    pub async fn authenticate(&self, secret: &str) -> Result<Node, NodeError> {
        let hash = hash_of(secret);
        let found = NodeStore::find_by_secret(self.db.conn(), &hash).await?;
        let (node, kept) = found.ok_or(NodeError::Unauthenticated)?;
        if bool::from(kept.as_bytes().ct_eq(hash.as_bytes())) {
            return Ok(node);
        }
        Err(NodeError::Unauthenticated)
    }

    /// A node has started.
    ///
    /// # Errors
    /// When what it says of itself is not so, or the database fails.
    pub async fn register(&self, node: &Node, start: &NodeStart) -> Result<NodeNews, NodeError> {
        if start.name != node.name {
            return Err(NodeError::OtherNode);
        }
        if start.ring != node.ring {
            return Err(NodeError::OtherRing(node.ring));
        }
        let address = start.address.as_deref();
        address.map_or(Ok(()), check_node_address)?;
        let version: String = start.version.chars().take(32).collect();
        let now = self.clock.now();
        NodeStore::register(self.db.conn(), node.id, address, &version, now).await?;
        self.pushes.nodes_changed().await;
        self.news().await
    }

    /// A node says that it is there.
    ///
    /// # Errors
    /// When it has not registered, or the database fails.
    pub async fn beat(
        &self,
        node: &Node,
        id: NodeId,
        draining: bool,
        in_flight: u32,
    ) -> Result<NodeNews, NodeError> {
        if node.id != id {
            return Err(NodeError::OtherNode);
        }
        let now = self.clock.now();
        if !NodeStore::beat(self.db.conn(), id, draining, in_flight, now).await? {
            return Err(NodeError::NotRegistered);
        }
        if draining != node.draining {
            self.pushes.nodes_changed().await;
        }
        self.news().await
    }

    /// A node stops by itself.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn leave(&self, node: &Node, id: NodeId) -> Result<(), NodeError> {
        if node.id != id {
            return Err(NodeError::OtherNode);
        }
        NodeStore::leave(self.db.conn(), id).await?;
        self.pushes.nodes_changed().await;
        Ok(())
    }

    /// Where a tenant of the node's ring is.
    ///
    /// # Errors
    /// When it is not in service there, or the database fails.
    pub async fn placement(
        &self,
        node: &Node,
        tenant: TenantId,
    ) -> Result<OpenPlacement, NodeError> {
        let found = RouteStore::find_placement(self.db.conn(), tenant, node.ring).await?;
        let row = found.ok_or(NodeError::NoPlacement)?;
        let sealed = &row.runtime_password;
        let password = self
            .sealer
            .open_text(Purpose::TenantRuntime, tenant, sealed)?;
        Ok(OpenPlacement { password, row })
    }

    /// The tenants in service of the node's ring; whether more follow.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tenants(
        &self,
        node: &Node,
        after: Option<TenantId>,
        limit: Option<u16>,
    ) -> Result<(Vec<CatalogueEntry>, bool), NodeError> {
        let (limit, asked) = page(limit);
        let entries = RouteStore::list_in_service(self.db.conn(), node.ring, after, asked).await?;
        Ok(cut(entries, limit))
    }

    /// What changed in the catalogue after a revision, of every ring.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn changes(&self, since: u64) -> Result<Vec<CatalogueEntry>, NodeError> {
        let limit = u64::from(MAX_PAGE);
        Ok(RouteStore::list_changed_entries(self.db.conn(), since, limit).await?)
    }

    async fn news(&self) -> Result<NodeNews, NodeError> {
        Ok(NodeNews {
            beat_seconds: BEAT_SECONDS,
            keys: self.keys.public_keys().await?,
            revision: RouteStore::revision(self.db.conn()).await?,
        })
    }
}

/// How many entries a page has, and how many to ask for to know whether more follow.
fn page(limit: Option<u16>) -> (usize, u64) {
    let limit = limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    (limit.into(), u64::from(limit) + 1)
}

/// The page, and whether more follow.
fn cut<T>(mut entries: Vec<T>, limit: usize) -> (Vec<T>, bool) {
    let more = entries.len() > limit;
    entries.truncate(limit);
    (entries, more)
}

fn new_secret() -> (SecretString, TokenHash) {
    let random = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let secret = format!("{SECRET_PREFIX}{random}");
    let hash = hash_of(&secret);
    (secret.into(), hash)
}

fn hash_of(secret: &str) -> TokenHash {
    TokenHash::new(Sha256::digest(secret.as_bytes()).into())
}
