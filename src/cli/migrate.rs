//! `derwent migrate`: brings the tables up to date. `serve` does the same at its start; this is for whoever does it apart.

use crate::config::DatabaseConfig;
use crate::store::Store;

pub async fn run(config: DatabaseConfig) -> anyhow::Result<()> {
    let store = Store::open(&config).await?;
    let missing = store.migrations_missing().await?;
    let migrated = store.migrate().await;
    store.close().await;
    migrated?;
    match missing {
        0 => println!("the tables were up to date"),
        1 => println!("one migration was applied"),
        missing => println!("{missing} migrations were applied"),
    }
    Ok(())
}
