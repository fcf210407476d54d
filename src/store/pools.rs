//! The pools: each acts as one database role from its first statement on, and none hands out a connection that is still inside
//! somebody's transaction.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool};

const ACQUIRE_LIMIT: Duration = Duration::from_secs(15);
/// A connection that was whole so recently is not asked again whether it still is: that would cost each transaction one more
/// round trip.
const BELIEVED: Duration = Duration::from_secs(1);

/// Begins a transaction in which everything is found by key, so that a plan made once is as good as a new one.
pub const BEGIN_BY_KEY: &str = "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan";

/// Which role a pool acts as, and how many connections it may hold. With those for lookups a replica takes 28 of
/// a server's.
#[derive(Clone, Copy, Debug)]
pub enum Role {
    /// Whoever the connection logs in as: migrations and administration.
    Owner,
    Ingest,
    Monitor,
    Web,
    SignIn,
}

impl Role {
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Owner => None,
            Self::Ingest => Some("derwent_ingest"),
            Self::Monitor => Some("derwent_monitor"),
            Self::Web => Some("derwent_web"),
            Self::SignIn => Some("derwent_sign_in"),
        }
    }

    fn connections(self) -> u32 {
        match self {
            Self::Owner => 3,
            Self::Ingest => 5,
            Self::Monitor => 7,
            Self::Web => 8,
            Self::SignIn => 3,
        }
    }
}

const LOOKUP_CONNECTIONS: u32 = 2;

/// The same, where all statements find everything by key.
pub fn by_key(options: &PgConnectOptions, role: Role) -> PgConnectOptions {
    session(options, role).options([("plan_cache_mode", "force_generic_plan")])
}

/// How a connection of this role begins.
pub fn session(options: &PgConnectOptions, role: Role) -> PgConnectOptions {
    let options = options.clone().application_name(role.name().unwrap_or("derwent_owner")).options([
        // A generic plan cannot leave out the chunks of other years.
        ("plan_cache_mode", "force_custom_plan"),
        ("idle_in_transaction_session_timeout", "30s"),
    ]);
    match role.name() {
        Some(name) => options.options([("role", name)]),
        None => options,
    }
}

pub fn pool(options: &PgConnectOptions, role: Role) -> PgPool {
    lasting(role.connections())
        .after_release(|connection, _| {
            Box::pin(async move {
                // sqlx 0.9: when `begin` is cancelled the connection comes back inside an open transaction that sqlx knows nothing
                // of, and what the next borrower writes is never committed. BEGIN here is silent outside a transaction (a lone
                // ROLLBACK would put a warning into the server's log each time); inside a failed one it is an error, and the
                // connection is closed.
                sqlx::raw_sql("BEGIN; ROLLBACK").execute(connection).await?;
                Ok(true)
            })
        })
        .connect_lazy_with(session(options, role))
}

/// For single statements that find everything by key, so that a plan made once is as good as a new one; of tasks that are never
/// cancelled, so that none leaves a transaction open.
pub fn lookups(options: &PgConnectOptions) -> PgPool {
    lasting(LOOKUP_CONNECTIONS).connect_lazy_with(by_key(options, Role::Ingest))
}

fn lasting(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_LIMIT)
        .test_before_acquire(false)
        .before_acquire(|connection, known| {
            Box::pin(async move {
                if known.idle_for > BELIEVED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}
