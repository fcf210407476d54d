//! Whether the database we were given will do: PostgreSQL, new enough, with TimescaleDB, whose installed version is brought
//! to the one the server has before any pool opens.

use anyhow::{Context, bail};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

const OLDEST_MAJOR: i32 = 15;

/// What the database runs on, for the record in `installation`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    pub postgres_major: i32,
    pub timescaledb: String,
}

pub async fn bring_up_to_date(options: &PgConnectOptions) -> anyhow::Result<Versions> {
    let place = place(options);
    let mut connection = connect(options, &place).await?;
    let number: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::int")
        .fetch_one(&mut connection)
        .await
        .with_context(|| {
            format!("{place} does not answer like PostgreSQL; Derwent needs PostgreSQL with TimescaleDB")
        })?;
    let postgres_major = number / 10_000;
    if postgres_major < OLDEST_MAJOR {
        bail!("{place} is PostgreSQL {postgres_major}; Derwent needs {OLDEST_MAJOR} or newer, with TimescaleDB");
    }
    let versions: Option<(String, Option<String>)> = sqlx::query_as(
        "SELECT default_version, installed_version FROM pg_available_extensions WHERE name = 'timescaledb'",
    )
    .fetch_optional(&mut connection)
    .await?;
    let Some((available, installed)) = versions else {
        bail!("{place} has no TimescaleDB; install it there, or leave DERWENT_DATABASE_URL unset to use a private one");
    };
    match installed {
        None => {
            sqlx::raw_sql("CREATE EXTENSION IF NOT EXISTS timescaledb").execute(&mut connection).await.with_context(|| {
                format!(
                    "TimescaleDB cannot be set up in {place}; put timescaledb into shared_preload_libraries and connect as a user \
                     who may create extensions"
                )
            })?;
        }
        Some(installed) if installed != available => {
            tracing::info!(%installed, %available, "bringing TimescaleDB up to date");
            // It has to be the first statement of a session: the old version's library must not be loaded yet.
            connection.close().await?;
            connection = connect(options, &place).await?;
            sqlx::raw_sql("ALTER EXTENSION timescaledb UPDATE").execute(&mut connection).await.with_context(|| {
                format!("TimescaleDB in {place} cannot be updated from {installed} to {available}; run ALTER EXTENSION timescaledb UPDATE there as its owner")
            })?;
        }
        Some(_) => {}
    }
    connection.close().await?;
    Ok(Versions { postgres_major, timescaledb: available })
}

async fn connect(options: &PgConnectOptions, place: &str) -> anyhow::Result<PgConnection> {
    options.connect().await.with_context(|| {
        format!("{place} cannot be reached as PostgreSQL; is it running, and are the name and password in DERWENT_DATABASE_URL right?")
    })
}

/// Where it is, without the password.
fn place(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(socket) => format!("the database {database} in {}", socket.display()),
        None => format!("the database {database} at {}:{}", options.get_host(), options.get_port()),
    }
}
