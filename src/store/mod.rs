//! The only place with SQL: one file per noun, each statement beside the function that runs it.

pub mod alert;
pub mod alert_event;
pub mod notice;
pub mod page;
pub mod page_request;
pub mod roster;

use sqlx::PgPool;

/// The pools. Each acts as one database role and can do no more than that role may.
#[derive(Clone, Debug)]
pub struct Store {
    /// Inserts, heads, ledger, device connections.
    pub ingest: PgPool,
    /// Judging and telling.
    pub monitor: PgPool,
    /// Staff and patients' own screens, one organisation at a time.
    pub web: PgPool,
}
