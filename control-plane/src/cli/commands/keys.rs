//! Master keys.

use clap::Subcommand;
use cp_store::seal::new_key_line;

use crate::cli::print;

/// Master keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Prints a line with a new key: the first line of the file `secrets.keys_file` seals.
    New,
}

impl KeysCommand {
    /// Does it.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::New => print(&format!("{}\n", new_key_line())),
        }
    }
}
