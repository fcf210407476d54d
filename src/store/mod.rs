//! The only place with SQL: one file per noun, each statement beside the function that runs it.

pub mod acceptance;
pub mod alert;
pub mod alert_event;
pub mod alert_row;
pub mod alert_seen;
pub mod answers_seen;
pub mod archive;
pub mod arrival;
pub mod ask;
pub mod audit;
mod audit_act;
pub mod audit_chain;
mod audit_row;
pub mod audit_seen;
pub mod break_glass;
pub mod carer;
pub mod chart;
pub mod checkup;
mod columns;
pub mod contact;
pub mod contact_code;
pub mod contact_point;
pub mod correction;
pub mod credential;
pub mod decision_count;
pub mod device;
pub mod due;
pub mod embedded;
pub mod enrolment;
pub mod enrolment_code;
pub mod erasure;
pub mod evaluation;
mod extension;
pub mod facts;
pub mod find_person;
pub mod finding;
pub mod guess;
pub mod health;
pub mod history;
pub mod http_challenge;
mod installation;
pub mod instrument;
pub mod intake;
pub mod invitation;
pub mod judged;
pub mod ledger;
pub mod next;
pub mod notice;
mod notice_watch;
pub mod organisation;
pub mod own_reading;
pub mod pack_signature;
pub mod page;
pub mod page_attempt;
pub mod page_follow;
pub mod page_request;
pub mod page_seen;
pub mod page_test;
pub mod passkey;
pub mod patient;
pub mod pause_request;
pub mod pending;
pub mod person;
pub mod place;
pub mod plan;
pub mod policy;
pub mod pools;
pub mod presence;
pub mod provider;
pub mod push;
pub mod push_key;
pub mod queues;
pub mod reading_seen;
pub mod reconcile;
pub mod record;
pub mod reply;
pub mod restriction;
pub mod retention;
pub mod roster;
pub mod roster_change;
pub mod roster_feed;
pub mod roster_hole;
pub mod rulebook;
pub mod rules_proposal;
pub mod second_factor;
pub mod seed;
pub mod seen;
pub mod service_gap;
pub mod session;
pub mod shadow;
pub mod shown;
pub mod sign_in_attempt;
pub mod staff;
pub mod staff_list;
pub mod submission;
pub mod synthetic;
pub mod tally;
pub mod team;
pub mod verdict;
pub mod watch;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::Timestamp;
use sqlx::postgres::{PgConnectOptions, Postgres};
use sqlx::{PgPool, Transaction};
use uuid::Uuid;

use crate::config::DatabaseConfig;
use crate::secret::Secret;
use embedded::Embedded;
use extension::Versions;
use pools::{Role, by_key, lookups, pool};

/// How long a pool may take to get its connections back.
const CLOSE_LIMIT: Duration = Duration::from_secs(3);

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// The pools. Each acts as one database role and can do no more than that role may.
#[derive(Clone, Debug)]
pub struct Store {
    /// Migrations and administration. The service's own loops never use it, but for making and taking away whom it tries itself with.
    pub owner: PgPool,
    /// Inserts, heads, ledger, device connections.
    pub ingest: PgPool,
    /// What thousands of sockets ask; as the role of `ingest`.
    pub lookups: PgPool,
    /// Judging and telling.
    pub monitor: PgPool,
    /// Staff pages, each transaction on behalf of one member of staff.
    pub web: PgPool,
    /// Sign-in and who may sign in: the only one that reads a password's hash or a secret.
    pub sign_in: PgPool,
    options: PgConnectOptions,
    versions: Versions,
    embedded: Option<Arc<Embedded>>,
}

impl Store {
    /// Opens the database the configuration names, else the private one, which is made and started as needed.
    /// Call `migrate` before anything else uses the pools.
    pub async fn open(config: &DatabaseConfig) -> anyhow::Result<Self> {
        let (embedded, options) = match &config.database_url {
            Some(url) => (None, given(url)?),
            None => {
                let embedded = Embedded::open(&config.data_dir, config.postgres_dir.as_deref()).await?;
                let options = embedded.options()?;
                (Some(Arc::new(embedded)), options)
            }
        };
        Self::on(options, embedded).await
    }

    /// Opens a database that is already running; `embedded` is the private server it belongs to, if it is ours to stop.
    pub async fn on(options: PgConnectOptions, embedded: Option<Arc<Embedded>>) -> anyhow::Result<Self> {
        let versions = extension::bring_up_to_date(&options).await?;
        Ok(Self {
            owner: pool(&options, Role::Owner),
            ingest: pool(&options, Role::Ingest),
            lookups: lookups(&options),
            monitor: pool(&options, Role::Monitor),
            web: pool(&options, Role::Web),
            sign_in: pool(&options, Role::SignIn),
            options,
            versions,
            embedded,
        })
    }

    /// Brings the tables up to date; several replicas may try at once.
    pub async fn migrate(&self) -> anyhow::Result<()> {
        MIGRATIONS.run(&self.owner).await.context("the database's tables cannot be brought up to date")
    }

    /// A transaction of the web role that sees what this member of staff may see at `now` (machine time).
    pub async fn web_tx(&self, staff: Uuid, now: Timestamp) -> sqlx::Result<Transaction<'static, Postgres>> {
        let mut transaction = self.web.begin().await?;
        sqlx::query("SELECT set_config('derwent.staff', $1, true), set_config('derwent.now', $2, true)")
            .bind(staff.to_string())
            .bind(now.to_string())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction)
    }

    /// How the writer's own connections, which are no pool's, are made.
    pub fn ingest_session(&self) -> PgConnectOptions {
        by_key(&self.options, Role::Ingest)
    }

    /// Closes the pools, then stops the private database if this process owns it.
    pub async fn close(self) {
        for pool in [&self.owner, &self.ingest, &self.lookups, &self.monitor, &self.web, &self.sign_in] {
            // Somebody may still hold a connection; what it has not committed was not promised to anyone.
            let _ = tokio::time::timeout(CLOSE_LIMIT, pool.close()).await;
        }
        if let Some(embedded) = &self.embedded {
            embedded.stop().await;
        }
    }
}

fn given(url: &Secret) -> anyhow::Result<PgConnectOptions> {
    let scheme = url.expose().split("://").next().unwrap_or_default();
    if !matches!(scheme, "postgres" | "postgresql") {
        bail!("DERWENT_DATABASE_URL must be postgres://user:password@host/database, of a PostgreSQL with TimescaleDB");
    }
    // The parser's error could quote the URL, and with it the password.
    url.expose().parse().map_err(|_| {
        anyhow::anyhow!("DERWENT_DATABASE_URL cannot be read; write it as postgres://user:password@host/database")
    })
}
