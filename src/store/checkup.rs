//! What `derwent doctor` asks the database.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;

use super::{MIGRATIONS, Store};

/// Settings without which a commit may not be on disk, where they are off.
pub async fn settings_off(db: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT name FROM pg_settings
         WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes') AND setting IN ('off', 'local', 'remote_write') ORDER BY name",
    )
    .fetch_all(db)
    .await
}

/// Settings with which the server's own log can hold what a patient sent: the row that an error quotes, or a statement's values.
pub async fn settings_that_tell(db: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "WITH logs AS (
             SELECT bool_or(name = 'log_statement' AND setting <> 'none'
                            OR name LIKE 'log_min_duration%' AND setting <> '-1') AS statements
             FROM pg_settings WHERE name IN ('log_statement', 'log_min_duration_statement', 'log_min_duration_sample')
         )
         SELECT name FROM pg_settings, logs
         WHERE name = 'log_error_verbosity' AND setting <> 'terse'
               OR name = 'log_parameter_max_length_on_error' AND setting <> '0'
               OR name = 'log_parameter_max_length' AND setting <> '0' AND logs.statements
         ORDER BY name",
    )
    .fetch_all(db)
    .await
}

impl Store {
    /// How many migrations this version brings that the database has not had.
    pub async fn migrations_missing(&self) -> Result<usize, sqlx::Error> {
        let mut db = self.owner.acquire().await?;
        let known: Option<String> =
            sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations')::text").fetch_one(&mut *db).await?;
        let applied: Vec<i64> = match known {
            Some(_) => {
                sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success").fetch_all(&mut *db).await?
            }
            None => Vec::new(),
        };
        Ok(MIGRATIONS.iter().filter(|migration| !applied.contains(&migration.version)).count())
    }

    /// `17, 2.19.3`
    pub fn versions(&self) -> (i32, &str) {
        (self.versions.postgres_major, &self.versions.timescaledb)
    }
}

/// Care time was stepped in this database; none before the first `serve`.
pub async fn is_demo(db: &mut PgConnection) -> Result<Option<bool>, sqlx::Error> {
    sqlx::query_scalar("SELECT demo FROM installation").fetch_optional(db).await
}

/// Names of teams whose roster names nobody.
pub async fn teams_without_roster(db: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT name FROM team WHERE organisation <> synthetic_organisation()
                                AND NOT EXISTS (SELECT FROM roster WHERE roster.team = team.team) ORDER BY name",
    )
    .fetch_all(db)
    .await
}

/// What should long have reached a person and has not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stuck {
    /// Open alerts of patients for which no page was ever asked.
    pub alerts_without_page: i64,
    /// Page requests of which no page was formed in time.
    pub requests_unformed: i64,
    /// Pages that should have gone and have not.
    pub pages_waiting: i64,
    /// Pages given up whose alert nobody has acknowledged.
    pub pages_given_up: i64,
}

pub async fn stuck(db: &mut PgConnection, care_now: Timestamp, after: SignedDuration) -> Result<Stuck, sqlx::Error> {
    let (alerts_without_page, requests_unformed, pages_waiting, pages_given_up) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM alert
                 WHERE closed_at IS NULL AND acknowledged_at IS NULL AND patient IS NOT NULL AND opened_at < $1
                       AND NOT EXISTS (SELECT FROM page_request WHERE page_request.alert = alert.alert)),
                (SELECT count(*) FROM page_request WHERE NOT formed AND at < $1),
                (SELECT count(*) FROM page WHERE state IN ('ready', 'sending') AND made_at < $1),
                (SELECT count(*) FROM page WHERE state = 'given_up'
                       AND EXISTS (SELECT FROM alert WHERE alert.alert = ANY(page.alerts) AND closed_at IS NULL
                                   AND acknowledged_at IS NULL))",
    )
    .bind((care_now - after).to_sqlx())
    .fetch_one(db)
    .await?;
    Ok(Stuck { alerts_without_page, requests_unformed, pages_waiting, pages_given_up })
}
