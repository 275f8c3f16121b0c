//! Database servers.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use cp_app::fleet::{self, AddGroupError, AddServer, DEFAULT_GROUP, Requester};
use cp_domain::Ring;

use super::parts;
use crate::{
    cli::{input, print},
    settings::Settings,
};

/// Database servers.
#[derive(Debug, Subcommand)]
pub enum ServerCommand {
    /// Adds a server; its placement group is made when it is not there.
    Add(ServerAdd),
    /// Lists the servers.
    List,
}

/// A server to add. The password is the first line of standard input unless a file is named.
#[derive(Debug, Args)]
pub struct ServerAdd {
    /// The unique name.
    #[arg(long)]
    name: String,
    /// Name or address.
    #[arg(long)]
    host: String,
    /// Port.
    #[arg(long, default_value_t = 3306)]
    port: u16,
    /// An account that may create databases, accounts and grants.
    #[arg(long)]
    user: String,
    /// The file that holds its password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The placement group that it serves.
    #[arg(long, default_value = DEFAULT_GROUP)]
    placement_group: String,
    /// The release ring of the group, when it is made.
    #[arg(long, default_value = "general")]
    ring: Ring,
    /// How many tenants it may have.
    #[arg(long, default_value_t = 500)]
    max_tenants: u32,
}

impl ServerCommand {
    /// Does it.
    pub async fn run(self, settings: Settings) -> anyhow::Result<()> {
        match self {
            Self::Add(add) => add.run(settings).await,
            Self::List => {
                let parts = parts(settings).await?;
                let mut text = String::new();
                for listed in fleet::list_servers(&parts.fleet).await? {
                    let server = &listed.server;
                    text.push_str(&format!(
                        "{}\t{}:{}\t{}\t{}/{} tenants\n",
                        server.name,
                        server.host,
                        server.port,
                        listed.group.name,
                        listed.tenants,
                        server.max_tenants
                    ));
                }
                print(&text)
            }
        }
    }
}

impl ServerAdd {
    async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let password = input::secret(self.password_file.as_deref(), "the server's password")?;
        let fleet = parts(settings).await?.fleet;
        let requester = Requester::system();
        let made =
            fleet::add_group(&fleet, &requester, &self.placement_group, self.ring, None).await;
        match made {
            Ok(_) | Err(AddGroupError::NameTaken) => {}
            Err(error) => return Err(error).context("the placement group cannot be made"),
        }
        let command = AddServer {
            name: self.name,
            placement_group: self.placement_group,
            host: self.host,
            port: self.port,
            admin_user: self.user,
            admin_password: password,
            max_tenants: self.max_tenants,
        };
        let added = fleet::add_server(&fleet, &requester, command, None).await?;
        print(&format!("{}\n", added.server.id))
    }
}
