//! What this installation is: when it was made, whether care time may be stepped in it, and what it last ran on.

use anyhow::bail;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;

use super::Store;

impl Store {
    /// Marks a new database as an ordinary one or as one of a demo, and refuses the other kind.
    pub async fn claim(&self, demo: bool, machine_now: Timestamp) -> anyhow::Result<()> {
        sqlx::query(
            "INSERT INTO installation (only_row, made_at, demo, postgres_major, timescaledb) VALUES (true, $1, $2, $3, $4)
             ON CONFLICT (only_row) DO NOTHING",
        )
        .bind(machine_now.to_sqlx())
        .bind(demo)
        .bind(self.versions.postgres_major)
        .bind(&self.versions.timescaledb)
        .execute(&self.owner)
        .await?;
        let (was_demo, postgres_major, timescaledb): (bool, i32, String) =
            sqlx::query_as("SELECT demo, postgres_major, timescaledb FROM installation").fetch_one(&self.owner).await?;
        match (demo, was_demo) {
            (false, true) => bail!(
                "this database belongs to a demo, whose time was made up; use another one (DERWENT_DATA_DIR or DERWENT_DATABASE_URL)"
            ),
            (true, false) => bail!(
                "this database belongs to a real service, where care time cannot be stepped; use another one for the demo"
            ),
            _ => {}
        }
        if (postgres_major, timescaledb.as_str()) != (self.versions.postgres_major, self.versions.timescaledb.as_str())
        {
            tracing::info!(
                before = format!("PostgreSQL {postgres_major}, TimescaleDB {timescaledb}"),
                now = format!("PostgreSQL {}, TimescaleDB {}", self.versions.postgres_major, self.versions.timescaledb),
                "the database runs on other versions than last time"
            );
            sqlx::query("UPDATE installation SET postgres_major = $1, timescaledb = $2")
                .bind(self.versions.postgres_major)
                .bind(&self.versions.timescaledb)
                .execute(&self.owner)
                .await?;
        }
        Ok(())
    }

    /// Its time is made up, and so are its people.
    pub async fn is_demo(&self) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM installation WHERE demo)").fetch_one(&self.monitor).await
    }
}
