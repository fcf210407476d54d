//! Raw COPY into a hypertable like `reading`, to compare with.

use sqlx::{Connection, PgConnection, PgPool};

/// A hypertable of the same shape, to COPY into.
pub async fn make_target(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(
        "CREATE TABLE reading_copied (LIKE reading INCLUDING DEFAULTS INCLUDING INDEXES);
         SELECT create_hypertable('reading_copied', by_range('effective_at', INTERVAL '90 days'), create_default_indexes => false)",
    )
    .execute(pool)
    .await
    .map(drop)
}

/// COPYs lines of text into it, in one transaction.
pub async fn rows(pool: &PgPool, lines: &str) -> Result<u64, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let connection: &mut PgConnection = &mut connection;
    let mut tx = connection.begin().await?;
    let mut copy = tx
        .copy_in_raw(
            "COPY reading_copied (organisation, patient, seq, component, effective_at, vital, value_given, unit_given, value,
                                  offset_minutes, received_at, flags, method) FROM STDIN",
        )
        .await?;
    copy.send(lines.as_bytes()).await?;
    let rows = copy.finish().await?;
    tx.commit().await?;
    Ok(rows)
}
