//! The steps: what each does, what it takes back, and what it changes in the catalogue.

mod invite;
mod schema;
mod seed;
mod sweep;

use cp_domain::{Operation, StepName, Tenant, TenantState};
use cp_store::{
    Server, ServerStore, StoreError, SweepStore, TenantDatabase, TenantDatabaseStore, TenantStore,
    seal::{Purpose, SealError},
};
use sea_orm::DatabaseTransaction;
use secrecy::SecretString;
use sqlx::MySqlConnection;

use super::{
    Worker,
    server::{Administrator, Login, ServerError},
};
use crate::mail::QueueError;

/// A step failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Migrate(#[from] migrations::MigrateError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a password cannot be opened: {0}")]
    Seal(#[from] SealError),
    #[error("the invitation cannot be queued: {0}")]
    Mail(#[from] QueueError),
    #[error("the tenant was changed by somebody else meanwhile")]
    CatalogueChanged,
    #[error("a tenant that is {0} cannot become {1}")]
    Rule(TenantState, TenantState),
    #[error("the database belongs to another tenant or generation")]
    ForeignDatabase,
    #[error("what the operation was asked for with is unreadable: {0}")]
    Input(#[from] serde_json::Error),
    #[error("the blocking task broke")]
    Task(#[from] tokio::task::JoinError),
}

impl StepError {
    /// Whether the same step may succeed later, with nobody doing anything about it.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Server(ServerError::Sql(error)) => !matches!(error, sqlx::Error::Database(_)),
            Self::Server(ServerError::Timeout | ServerError::Held)
            | Self::Migrate(
                migrations::MigrateError::Connect(_) | migrations::MigrateError::Busy,
            )
            | Self::CatalogueChanged
            | Self::Store(_)
            | Self::Task(_) => true,
            Self::Mail(error) => matches!(error, QueueError::Store(_)),
            _ => false,
        }
    }

    /// The store's error inside, for a failure of the central database itself.
    pub(super) fn into_store(self) -> StoreError {
        match self {
            Self::Store(error) => error,
            _ => StoreError::Missing("tenant at the revision that was read"),
        }
    }
}

/// What a step changes in the central database, in the commit that says that it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// The schema's version and fingerprint, as they stand in the workbench's tenant, and that its
    /// sweep account may look at it.
    Schema,
    /// The tenant goes to this state.
    State(TenantState),
    /// The first architect is a member and gets a mail.
    Invite,
    /// That is taken back.
    Uninvite,
    /// The tenant is gone: its slug is free, its place is free.
    Purge,
}

/// What the steps of one operation work with. The server's session is opened by the first step
/// that needs it.
pub(super) struct Workbench<'a> {
    worker: &'a Worker,
    tenant: Tenant,
    input: String,
    place: Option<(Server, TenantDatabase)>,
    administrator: Option<Administrator>,
    schema: Option<(i64, String)>,
}

impl<'a> Workbench<'a> {
    pub(super) async fn open(
        worker: &'a Worker,
        operation: &Operation,
    ) -> Result<Self, StoreError> {
        let conn = worker.fleet.central.conn();
        let tenant = TenantStore::get(conn, operation.tenant).await?;
        let database = TenantDatabaseStore::find(conn, tenant.context()).await?;
        let place = match database {
            Some(database) => Some((ServerStore::get(conn, database.server).await?, database)),
            None => None,
        };
        let input = operation.input.clone();
        Ok(Self {
            worker,
            tenant,
            input,
            place,
            administrator: None,
            schema: None,
        })
    }

    pub(super) const fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    pub(super) async fn run(&mut self, step: StepName) -> Result<Effect, StepError> {
        match step {
            StepName::CreateDatabase => {
                let (names, nonce) = self.names()?;
                self.administrator()
                    .await?
                    .create_database(&names, &nonce)
                    .await?;
                Ok(Effect::None)
            }
            StepName::CreateAccounts => {
                let (names, _) = self.names()?;
                let runtime = self.password(Purpose::TenantRuntime)?;
                let migrator = self.password(Purpose::TenantMigrator)?;
                let limits = self.worker.limits;
                let administrator = self.administrator().await?;
                administrator
                    .create_accounts(&names, (&runtime, &migrator), limits)
                    .await?;
                Ok(Effect::None)
            }
            StepName::Migrate => {
                self.schema = Some(schema::migrate(self).await?);
                sweep::grant(self).await?;
                Ok(Effect::Schema)
            }
            StepName::Seed => seed::seed(self).await.map(|()| Effect::None),
            StepName::Route => Ok(Effect::State(TenantState::Active)),
            StepName::Invite => Ok(Effect::Invite),
            StepName::Unroute => Ok(Effect::State(TenantState::Suspended)),
            StepName::LockAccounts => {
                let (names, _) = self.names()?;
                self.administrator().await?.lock_runtime(&names).await?;
                Ok(Effect::None)
            }
            StepName::UnlockAccounts => {
                let (names, _) = self.names()?;
                self.administrator().await?.unlock_runtime(&names).await?;
                Ok(Effect::None)
            }
        }
    }

    pub(super) async fn undo(&mut self, step: StepName) -> Result<Effect, StepError> {
        match step {
            StepName::CreateDatabase => {
                let (names, nonce) = self.names()?;
                self.administrator()
                    .await?
                    .drop_database(&names, &nonce)
                    .await?;
                Ok(Effect::None)
            }
            StepName::CreateAccounts => {
                let (names, _) = self.names()?;
                self.administrator().await?.drop_accounts(&names).await?;
                Ok(Effect::None)
            }
            StepName::Route => Ok(Effect::State(TenantState::Provisioning)),
            StepName::Invite => Ok(Effect::Uninvite),
            StepName::Migrate => sweep::revoke(self).await.map(|()| Effect::None),
            // What it made goes with the database.
            StepName::Seed => Ok(Effect::None),
            // Operations with these are not taken back but reversed by their opposite.
            StepName::Unroute | StepName::LockAccounts | StepName::UnlockAccounts => {
                Ok(Effect::None)
            }
        }
    }

    /// Writes the effect in the commit that says that the step is done.
    pub(super) async fn apply(
        &mut self,
        tx: &DatabaseTransaction,
        effect: Effect,
    ) -> Result<(), StepError> {
        let now = self.worker.fleet.clock.now();
        let mut changed = self.tenant.clone();
        match effect {
            Effect::None => return Ok(()),
            Effect::Invite => return invite::invite(self, tx).await,
            Effect::Uninvite => return invite::withdraw(self, tx).await,
            Effect::Schema => {
                let version = migrations::sweep::VERSION;
                SweepStore::granted(tx, self.tenant.context(), version, now).await?;
                if let Some((version, fingerprint)) = self.schema.clone() {
                    changed.schema_version = Some(version);
                    changed.schema_fingerprint = Some(fingerprint);
                }
            }
            Effect::State(state) if state == changed.state => return Ok(()),
            Effect::State(state) => changed.state = self.may_become(state)?,
            Effect::Purge => {
                changed.state = self.may_become(TenantState::Purged)?;
                // No host name: the slug can be given to another tenant.
                changed.slug = format!("~{}", changed.id.as_uuid().simple());
                changed.server = None;
            }
        }
        let Some(revision) = TenantStore::change(tx, &changed, now).await? else {
            let conn = self.worker.fleet.central.conn();
            self.tenant = TenantStore::get(conn, self.tenant.id).await?;
            return Err(StepError::CatalogueChanged);
        };
        self.tenant = Tenant {
            revision,
            updated_at: now,
            ..changed
        };
        Ok(())
    }

    /// Tells others what the commit has changed.
    pub(super) async fn committed(&self, effect: &Effect) {
        match effect {
            Effect::State(_) | Effect::Purge => {
                self.worker
                    .fleet
                    .pushes
                    .routes_changed(self.tenant.id)
                    .await;
            }
            Effect::Invite => self.worker.auth.mail_nudge.notify_one(),
            Effect::None | Effect::Schema | Effect::Uninvite => {}
        }
    }

    pub(super) async fn close(self) {
        if let Some(administrator) = self.administrator {
            administrator.close().await;
        }
    }

    fn may_become(&self, state: TenantState) -> Result<TenantState, StepError> {
        if self.tenant.state.may_become(state) {
            return Ok(state);
        }
        Err(StepError::Rule(self.tenant.state, state))
    }

    fn place(&self) -> Result<&(Server, TenantDatabase), StepError> {
        self.place
            .as_ref()
            .ok_or(StepError::Store(StoreError::Missing(
                "database of the tenant",
            )))
    }

    fn names(&self) -> Result<(cp_domain::DatabaseNames, String), StepError> {
        let (_, database) = self.place()?;
        Ok((database.names.clone(), database.nonce.clone()))
    }

    fn password(&self, purpose: Purpose) -> Result<SecretString, StepError> {
        let (_, database) = self.place()?;
        let envelope = match purpose {
            Purpose::TenantMigrator => &database.migrator_password,
            _ => &database.runtime_password,
        };
        Ok(self
            .worker
            .fleet
            .sealer
            .open_text(purpose, self.tenant.id, envelope)?)
    }

    async fn administrator(&mut self) -> Result<&mut Administrator, StepError> {
        let opened = match self.administrator.take() {
            Some(administrator) => administrator,
            None => {
                let (server, _) = self.place()?;
                let session = self.worker.session(server).await?;
                Administrator::take(session, self.tenant.id).await?
            }
        };
        Ok(self.administrator.insert(opened))
    }
}

impl Worker {
    /// A session of a server's administrator.
    pub(super) async fn session(&self, server: &Server) -> Result<MySqlConnection, StepError> {
        let sealer = &self.fleet.sealer;
        let password = sealer.open_text(Purpose::ServerAdmin, server.id, &server.admin_password)?;
        let login = Login {
            host: &server.host,
            port: server.port,
            user: &server.admin_user,
            password: &password,
            database: None,
        };
        Ok(login.connect().await?)
    }
}
