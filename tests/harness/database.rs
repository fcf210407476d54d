//! A fresh, migrated TimescaleDB database for each test, in about a tenth of a second: a copy of a template in one private server
//! that the whole test process shares. The server hangs on this process and vanishes with it, however it ends.

use std::path::PathBuf;
use std::sync::OnceLock;

use derwent::random;
use derwent::store::Store;
use derwent::store::embedded::Embedded;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::runtime::Runtime;

const TEMPLATE: &str = "derwent_template";

/// A database of one test's own, dropped with it.
pub struct Database {
    name: String,
    /// For the real binary: `DERWENT_DATABASE_URL`.
    pub url: String,
    pub options: PgConnectOptions,
}

impl Database {
    /// As if this member of staff had read and released every pack of this version.
    pub async fn packs_signed_by(&self, staff: &str) {
        let store = self.store().await;
        let rulebook = alert_rules::Rulebook::built_in();
        for pack in rulebook.packs() {
            sqlx::query(
                "INSERT INTO pack_signature (pack, hash, staff, name, registration, at)
                 VALUES ($1, $2, $3::uuid, 'somebody', 'none', '2026-01-01T00:00:00Z')",
            )
            .bind(&pack.name)
            .bind(rulebook.pack_hash(&pack.name).to_vec())
            .bind(staff)
            .execute(&store.owner)
            .await
            .expect("a signature");
        }
        store.close().await;
    }

    pub async fn fresh() -> Self {
        let server = server();
        let name = format!("test_{}", random::new_id().simple());
        admin(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}")).await;
        let options = server.embedded.options_of(&name).expect("the server's password");
        Self { url: server.embedded.url(&name).expect("the server's password"), options, name }
    }

    /// The pools of a replica of its own.
    pub async fn store(&self) -> Store {
        Store::on(self.options.clone(), None).await.expect("a store")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        server().runtime.spawn(async move { admin(&format!("DROP DATABASE {name} WITH (FORCE)")).await });
    }
}

struct Server {
    embedded: Embedded,
    /// Of the server's keeper, which must outlive the runtime of whichever test came first.
    runtime: Runtime,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        // A thread of its own: a runtime cannot be entered from within another.
        std::thread::spawn(|| {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
            let embedded = runtime.block_on(async {
                // The one setting of the machine's own that counts: where PostgreSQL is.
                let postgres = std::env::var_os("DERWENT_POSTGRES_DIR").map(PathBuf::from);
                let postgres = postgres.as_deref().filter(|folder| !folder.as_os_str().is_empty());
                let embedded =
                    Embedded::throwaway(postgres).await.expect("a private TimescaleDB; `make timescaledb` fetches it");
                make_template(&embedded).await;
                embedded
            });
            Server { embedded, runtime }
        })
        .join()
        .expect("a private TimescaleDB")
    })
}

async fn make_template(embedded: &Embedded) {
    let mut postgres = embedded.options_of("postgres").expect("options").connect().await.expect("a connection");
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {TEMPLATE}")))
        .execute(&mut postgres)
        .await
        .expect("a template");
    let store = Store::on(embedded.options_of(TEMPLATE).expect("options"), None).await.expect("a store");
    store.migrate().await.expect("migrated");
    store.close().await;
    // Nobody may be connected to a template that is copied.
    let forbid = format!("ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false");
    sqlx::raw_sql(sqlx::AssertSqlSafe(forbid)).execute(&mut postgres).await.expect("a closed template");
    postgres.close().await.expect("closed");
}

async fn admin(statement: &str) {
    let mut postgres =
        server().embedded.options_of("postgres").expect("options").connect().await.expect("a connection");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut postgres).await.expect(statement);
    postgres.close().await.expect("closed");
}
