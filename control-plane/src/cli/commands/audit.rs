//! The audit log.

use std::path::PathBuf;

use anyhow::bail;
use clap::Subcommand;
use cp_app::audit::{self, Anchor, AnchorFile, Verdict};

use super::parts;
use crate::{cli::print, settings::Settings};

/// The audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Goes through the whole log and its chain of hashes. Ends with 1 when something is wrong.
    Verify {
        /// The file of heads that were written down outside; audit.anchor_file unless given.
        #[arg(long, value_name = "FILE")]
        anchors: Option<PathBuf>,
    },
}

impl AuditCommand {
    /// Does it.
    pub async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let Self::Verify { anchors } = self;
        let file = anchors
            .map(AnchorFile::new)
            .or_else(|| settings.audit.anchor_file());
        let anchors: Vec<Anchor> = match &file {
            None => Vec::new(),
            Some(file) => file.read()?,
        };
        let parts = parts(settings).await?;
        let verdict = audit::verify(parts.central.conn(), &anchors).await?;
        print(&text(&verdict))?;
        if verdict.is_good() {
            return Ok(());
        }
        bail!("the audit log is not as it was written")
    }
}

fn text(verdict: &Verdict) -> String {
    let mut text = format!(
        "{} entries, {} heads from outside, {} entries wait for their place\n",
        verdict.links, verdict.anchors, verdict.waiting
    );
    if let Some((position, hash)) = verdict.head {
        text.push_str(&format!("head {position} {}\n", hex::encode(hash)));
    }
    for fault in &verdict.faults {
        text.push_str(&format!("{fault}\n"));
    }
    let unnamed = verdict.fault_count - verdict.faults.len() as u64;
    if unnamed > 0 {
        text.push_str(&format!("and {unnamed} more\n"));
    }
    if verdict.is_good() {
        text.push_str("nothing was changed, removed, put in or moved\n");
    }
    text
}
