//! Nodes of the tenant runtime.

use clap::Subcommand;
use cp_domain::Ring;
use secrecy::ExposeSecret as _;

use super::parts;
use crate::{cli::print, settings::Settings};

/// Nodes of the tenant runtime.
#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// Makes a node known and prints its secret, once.
    Create {
        /// The unique name.
        #[arg(long)]
        name: String,
        /// The release ring whose tenants it serves: internal, early or general.
        #[arg(long, default_value = "general")]
        ring: Ring,
    },
    /// Gives a node another secret and prints it, once.
    ReplaceSecret {
        /// The name.
        #[arg(long)]
        name: String,
    },
    /// Lists the nodes.
    List,
}

impl NodeCommand {
    /// Does it.
    pub async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let nodes = parts(settings).await?.nodes;
        match self {
            Self::Create { name, ring } => {
                let secret = nodes.create(&name, ring).await?;
                print(&format!("{}\n", secret.expose_secret()))
            }
            Self::ReplaceSecret { name } => {
                let secret = nodes.replace_secret(&name).await?;
                print(&format!("{}\n", secret.expose_secret()))
            }
            Self::List => {
                let mut text = String::new();
                for node in nodes.list().await? {
                    let address = node.address.as_deref().unwrap_or("-");
                    text.push_str(&format!("{}\t{}\t{address}\n", node.name, node.ring));
                }
                print(&text)
            }
        }
    }
}
