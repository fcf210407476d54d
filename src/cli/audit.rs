//! `derwent audit`: what only those who look after the service can tell of the audit, whatever its pages say.

use anyhow::bail;
use clap::{Args, Subcommand};

use crate::config::DatabaseConfig;
use crate::store::Store;
use crate::store::audit_chain::{self, Head};

/// Faults that are named; all are counted.
const NAMED: usize = 20;

#[derive(Args, Debug)]
pub struct Audit {
    #[command(flatten)]
    database: DatabaseConfig,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Compute the chain anew and name every entry that was changed, deleted or put in; the exit code is not 0 if there is one
    Verify {
        /// A head that was kept outside of the database: nothing up to it may have been rewritten or cut off
        #[arg(long)]
        head: Option<Head>,
    },
    /// Print the head of the chain, to be kept outside of the database
    Head,
}

pub async fn run(audit: Audit) -> anyhow::Result<()> {
    let store = Store::open(&audit.database).await?;
    let ended = audit.command.run(&store).await;
    store.close().await;
    ended
}

impl Command {
    async fn run(self, store: &Store) -> anyhow::Result<()> {
        if store.migrations_missing().await? > 0 {
            bail!("the tables are not up to date; run `derwent migrate`, or start the service, which does the same");
        }
        match self {
            Self::Verify { head } => verify(store, head).await,
            Self::Head => {
                println!("{}", audit_chain::head(&mut *store.owner.acquire().await?).await?);
                Ok(())
            }
        }
    }
}

async fn verify(store: &Store, kept: Option<Head>) -> anyhow::Result<()> {
    let verified = audit_chain::verify(&store.owner, kept, NAMED).await?;
    for fault in &verified.named {
        println!("✗ {fault}");
    }
    println!("{} entries are sealed, {} wait to be", verified.head.links, verified.waiting);
    println!("head {}", verified.head);
    match verified.faults {
        0 => Ok(()),
        faults => bail!(
            "the audit was tampered with in {faults} places. Keep the database as it is, and compare with a backup of before: \
             only somebody with the database's own powers can have done this"
        ),
    }
}
