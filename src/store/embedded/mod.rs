//! The private TimescaleDB: made on first use, run as long as we run, gone when we are gone.
//!
//! One process owns it, by a lock on a file; the others attach to it over the same socket. Whoever attached stands by:
//! when the owner ends, the first to get the lock starts the server again, and the pools of all reconnect by themselves.

mod cluster;
mod programs;
mod server;
mod user;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::random;
use crate::telemetry;
use cluster::Cluster;
use programs::Programs;
use server::Server;

const DATABASE: &str = "derwent";
/// How soon a standby notices that the owner is gone.
const STANDBY_POLL: Duration = Duration::from_millis(250);
const ATTACH_POLL: Duration = Duration::from_millis(50);
/// One minute of them.
const ATTACH_TRIES: u32 = 1200;
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// Dropping it stops the server, if this process owns it.
#[derive(Debug)]
pub struct Embedded {
    cluster: Cluster,
    /// Taken when it is stopped.
    keeper: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
}

/// The owner's lock and what it entitles to.
struct Owned {
    _lock: File,
    server: Server,
}

impl Embedded {
    /// Starts the private database in `folder`, or attaches to the process that runs it.
    pub async fn open(folder: &Path, postgres: Option<&Path>) -> anyhow::Result<Self> {
        let cluster = Cluster::at(folder, Programs::find(postgres).await?, false)?;
        Self::over(cluster).await
    }

    /// One of its own in a new folder of /tmp, removed with the server.
    pub async fn throwaway(postgres: Option<&Path>) -> anyhow::Result<Self> {
        let programs = Programs::find(postgres).await?;
        let folder = std::env::temp_dir().join(format!("derwent-{}", random::new_id().simple()));
        Self::over(Cluster::at(&folder, programs, true)?).await
    }

    async fn over(cluster: Cluster) -> anyhow::Result<Self> {
        let owned = own_or_attach(&cluster).await?;
        let (stop, stopping) = oneshot::channel();
        let keeper = tokio::spawn(keep(cluster.clone(), owned, stopping));
        Ok(Self { cluster, keeper: Mutex::new(Some((stop, keeper))) })
    }

    /// How the owner of the database connects.
    pub fn options(&self) -> anyhow::Result<PgConnectOptions> {
        self.options_of(DATABASE)
    }

    /// The same for another database of this server.
    pub fn options_of(&self, database: &str) -> anyhow::Result<PgConnectOptions> {
        self.cluster.options(database)
    }

    /// The same as a `DERWENT_DATABASE_URL`, for a process that we start; it holds the password.
    pub fn url(&self, database: &str) -> anyhow::Result<String> {
        self.cluster.url(database)
    }

    /// Stops the server if this process owns it, and waits for its end.
    pub async fn stop(&self) {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, keeper)) = keeper {
            drop(stop);
            if let Err(error) = keeper.await {
                tracing::error!(how = telemetry::end_of(&error), "the keeper of the private TimescaleDB broke");
            }
        }
    }
}

/// Either we get the lock and start the server, or somebody else has it and their server answers.
async fn own_or_attach(cluster: &Cluster) -> anyhow::Result<Option<Owned>> {
    for _ in 0..ATTACH_TRIES {
        if let Some(lock) = try_lock(cluster)? {
            let server = Server::start(cluster).await?;
            make_database(cluster).await?;
            return Ok(Some(Owned { _lock: lock, server }));
        }
        if let Ok(options) = cluster.options(DATABASE)
            && let Ok(connection) = options.connect().await
        {
            // It answered; how the goodbye goes does not matter.
            let _ = connection.close().await;
            return Ok(None);
        }
        tokio::time::sleep(ATTACH_POLL).await;
    }
    bail!(
        "another derwent owns the database in {} but it does not answer; see server.log there, or end that process",
        cluster.folder().display()
    )
}

fn try_lock(cluster: &Cluster) -> anyhow::Result<Option<File>> {
    let path = cluster.lock();
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("{} cannot be opened", path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("{} cannot be locked", path.display())),
    }
}

async fn make_database(cluster: &Cluster) -> anyhow::Result<()> {
    let mut connection =
        cluster.options("postgres")?.connect().await.context("the private TimescaleDB does not answer")?;
    let there = sqlx::query_scalar::<_, bool>("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(DATABASE)
        .fetch_one(&mut connection)
        .await?;
    if !there {
        sqlx::query("CREATE DATABASE derwent").execute(&mut connection).await.context("the database cannot be made")?;
    }
    connection.close().await?;
    Ok(())
}

/// Starts the server again when it ends, and takes over when its owner is gone, until it is told to stop.
async fn keep(cluster: Cluster, mut owned: Option<Owned>, mut stopping: oneshot::Receiver<()>) {
    loop {
        let step = async {
            match &mut owned {
                Some(held) => {
                    let ended = held.server.ended().await;
                    tracing::error!(%ended, log = %cluster.log().display(), "the private TimescaleDB ended by itself; starting it again");
                    while let Err(error) = restart(&cluster, held).await {
                        tracing::error!(%error, "the private TimescaleDB cannot be started again; trying on");
                        tokio::time::sleep(RESTART_AFTER).await;
                    }
                }
                None => {
                    tokio::time::sleep(STANDBY_POLL).await;
                    owned = take_over(&cluster).await;
                }
            }
        };
        tokio::select! {
            () = step => {}
            _ = &mut stopping => break,
        }
    }
    if let Some(owned) = owned {
        owned.server.stop().await;
    }
}

async fn restart(cluster: &Cluster, held: &mut Owned) -> anyhow::Result<()> {
    held.server = Server::start(cluster).await?;
    Ok(())
}

async fn take_over(cluster: &Cluster) -> Option<Owned> {
    let started = async {
        let Some(lock) = try_lock(cluster)? else { return Ok(None) };
        tracing::info!("the owner of the private TimescaleDB is gone; taking it over");
        anyhow::Ok(Some(Owned { _lock: lock, server: Server::start(cluster).await? }))
    };
    started.await.unwrap_or_else(|error| {
        tracing::error!(%error, "the private TimescaleDB cannot be taken over; trying on");
        None
    })
}
