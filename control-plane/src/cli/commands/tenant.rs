//! Tenants.

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use cp_app::fleet::{
    self, Accepted, Architect, CreateTenant, DEFAULT_GROUP, DEFAULT_PLAN, Fleet, Requester,
};
use cp_domain::{Email, OperationState, Slug, TenantState};
use cp_store::{ListedOperation, TenantFilter, TenantStore};
use kernel::{Limit, TenantId};

use super::parts;
use crate::{cli::print, settings::Settings};

/// Tenants.
#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Asks for a tenant; a worker makes it.
    Create(TenantCreate),
    /// Lists tenants by slug.
    List {
        /// Beginning of the slug or name.
        prefix: Option<String>,
        /// Only tenants in this state.
        #[arg(long)]
        state: Option<TenantState>,
    },
    /// Shows a tenant.
    Show {
        /// Its slug or id.
        tenant: String,
    },
    /// Takes a tenant out of service.
    Suspend {
        /// Its slug or id.
        tenant: String,
        /// Why; kept in the audit log.
        #[arg(long)]
        reason: String,
        /// Follows the operation to its end.
        #[arg(long)]
        wait: bool,
    },
    /// Puts a suspended tenant back into service.
    Resume {
        /// Its slug or id.
        tenant: String,
        /// Follows the operation to its end.
        #[arg(long)]
        wait: bool,
    },
}

/// A tenant to create.
#[derive(Debug, Args)]
pub struct TenantCreate {
    /// First label of its host name.
    slug: Slug,
    /// Its name.
    #[arg(long)]
    name: String,
    /// The name of the first architect.
    #[arg(long)]
    architect_name: String,
    /// The address of the first architect, who is invited by mail.
    #[arg(long)]
    architect_email: Email,
    /// The placement group.
    #[arg(long, default_value = DEFAULT_GROUP)]
    placement_group: String,
    /// The plan.
    #[arg(long, default_value = DEFAULT_PLAN)]
    plan: String,
    /// Follows the operation to its end.
    #[arg(long)]
    wait: bool,
}

impl TenantCommand {
    /// Does it.
    pub async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let fleet = parts(settings).await?.fleet;
        let requester = Requester::system();
        match self {
            Self::Create(create) => create.run(&fleet).await,
            Self::List { prefix, state } => list(&fleet, prefix, state).await,
            Self::Show { tenant } => show(&fleet, find(&fleet, &tenant).await?).await,
            Self::Suspend {
                tenant,
                reason,
                wait,
            } => {
                let id = find(&fleet, &tenant).await?;
                let accepted = fleet::suspend_tenant(&fleet, &requester, id, &reason, None).await?;
                report(&fleet, accepted, wait).await
            }
            Self::Resume { tenant, wait } => {
                let id = find(&fleet, &tenant).await?;
                let accepted = fleet::resume_tenant(&fleet, &requester, id, None).await?;
                report(&fleet, accepted, wait).await
            }
        }
    }
}

impl TenantCreate {
    async fn run(self, fleet: &Fleet) -> anyhow::Result<()> {
        let wait = self.wait;
        let command = CreateTenant {
            slug: self.slug,
            name: self.name,
            placement_group: self.placement_group,
            plan: self.plan,
            architect: Architect {
                name: self.architect_name,
                email: self.architect_email,
            },
        };
        let requester = Requester::system();
        let accepted = fleet::create_tenant(fleet, &requester, command, None).await?;
        report(fleet, accepted, wait).await
    }
}

async fn report(fleet: &Fleet, accepted: Accepted, wait: bool) -> anyhow::Result<()> {
    print(&format!(
        "tenant {}\noperation {}\n",
        accepted.tenant_id, accepted.operation_id
    ))?;
    if !wait {
        return Ok(());
    }
    let listening = fleet.pushes.clone();
    let listener = tokio::spawn(async move { listening.listen().await });
    let followed = follow(fleet, accepted).await;
    listener.abort();
    followed
}

/// Prints each change of the operation until it is at rest.
async fn follow(fleet: &Fleet, accepted: Accepted) -> anyhow::Result<()> {
    let mut watch = fleet::watch_operation(fleet, accepted.operation_id);
    let mut last = None;
    while let Some(ListedOperation { operation, .. }) = watch.next().await? {
        for step in &operation.steps {
            print(&format!("{:<16} {}\n", step.name.as_str(), step.state))?;
        }
        print(&format!("{}\n", operation.state))?;
        last = Some(operation.state);
    }
    match last {
        Some(OperationState::Succeeded) => Ok(()),
        Some(state) => bail!("the operation has {state}"),
        None => bail!("the operation is not there"),
    }
}

async fn list(
    fleet: &Fleet,
    prefix: Option<String>,
    state: Option<TenantState>,
) -> anyhow::Result<()> {
    let limit = Limit::new(Limit::MAX).unwrap_or_default();
    let mut filter = TenantFilter {
        prefix,
        state,
        after: None,
    };
    loop {
        let (mut tenants, _) = fleet::list_tenants(fleet, &filter, limit).await?;
        let more = tenants.len() > limit.get();
        tenants.truncate(limit.get());
        for listed in &tenants {
            let tenant = &listed.tenant;
            print(&format!(
                "{}\t{}\t{}\t{}\n",
                tenant.slug, tenant.state, tenant.id, tenant.name
            ))?;
        }
        filter.after = tenants.last().map(|listed| listed.tenant.slug.clone());
        if !more {
            return Ok(());
        }
    }
}

async fn show(fleet: &Fleet, id: TenantId) -> anyhow::Result<()> {
    let page = fleet::find_tenant(fleet, id)
        .await?
        .context("there is no such tenant")?;
    let tenant = &page.listed.tenant;
    let server = page
        .server
        .as_ref()
        .map_or("-", |server| server.name.as_str());
    let database = page
        .database
        .as_ref()
        .map_or("-", |db| db.names.database.as_str());
    let version = tenant
        .schema_version
        .map_or("-".to_owned(), |version| version.to_string());
    print(&format!(
        "id          {}\nslug        {}\nname        {}\nstate       {}\nplan        {}\n\
         group       {} ({})\nserver      {server}\ndatabase    {database}\ngeneration  {}\n\
         schema      {version}\npeople      {} active, {} invited\naddress     {}\n",
        tenant.id,
        tenant.slug,
        tenant.name,
        tenant.state,
        tenant.plan,
        page.listed.group.name,
        page.listed.group.ring,
        tenant.generation,
        page.people.active,
        page.people.invited,
        fleet.links.tenant(&tenant.slug),
    ))?;
    for ListedOperation { operation, .. } in &page.operations {
        print(&format!(
            "operation   {} {} {}\n",
            operation.id,
            operation.kind.as_str(),
            operation.state
        ))?;
    }
    Ok(())
}

async fn find(fleet: &Fleet, word: &str) -> anyhow::Result<TenantId> {
    if let Ok(id) = word.parse() {
        return Ok(id);
    }
    let found = TenantStore::find_by_slug(fleet.central.conn(), word).await?;
    Ok(found
        .with_context(|| format!("there is no tenant {word}"))?
        .id)
}
