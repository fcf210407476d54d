//! Organisations' own OpenID providers, who somebody is to them, and browsers that were sent there. All times are machine time.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Visits that nobody came back from and are taken away with each new one.
const TIDIED_EACH: i64 = 10;

#[derive(Clone, Debug)]
pub struct Provider {
    pub organisation: Uuid,
    pub organisation_name: String,
    pub issuer: String,
    pub client_id: String,
}

/// A browser that was sent to a provider.
#[derive(Clone, Debug)]
pub struct Visit {
    pub organisation: Uuid,
    pub nonce: String,
    pub verifier: String,
    pub shared_computer: bool,
}

pub async fn list(db: &mut PgConnection, organisation: Option<Uuid>) -> Result<Vec<Provider>, sqlx::Error> {
    sqlx::query(
        "SELECT sign_in_provider.organisation, organisation.name, sign_in_provider.issuer, sign_in_provider.client_id
         FROM sign_in_provider JOIN organisation USING (organisation)
         WHERE $1::uuid IS NULL OR sign_in_provider.organisation = $1 ORDER BY organisation.name, organisation.organisation",
    )
    .bind(organisation)
    .fetch_all(db)
    .await?
    .iter()
    .map(|row| {
        Ok(Provider {
            organisation: row.try_get("organisation")?,
            organisation_name: row.try_get("name")?,
            issuer: row.try_get("issuer")?,
            client_id: row.try_get("client_id")?,
        })
    })
    .collect()
}

pub async fn set(db: &mut PgConnection, organisation: Uuid, issuer: &str, client_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO sign_in_provider (organisation, issuer, client_id) VALUES ($1, $2, $3)
         ON CONFLICT (organisation) DO UPDATE SET issuer = $2, client_id = $3",
    )
    .bind(organisation)
    .bind(issuer)
    .bind(client_id)
    .execute(db)
    .await?;
    Ok(())
}

pub async fn begin_visit(
    db: &mut PgConnection,
    state_hash: &[u8],
    browser_hash: &[u8],
    visit: &Visit,
    now: Timestamp,
    ends_at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM provider_visit WHERE state_hash IN
             (SELECT state_hash FROM provider_visit WHERE ends_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(now.to_sqlx())
    .bind(TIDIED_EACH)
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "INSERT INTO provider_visit (state_hash, browser_hash, organisation, nonce, verifier, shared_computer, ends_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(state_hash)
    .bind(browser_hash)
    .bind(visit.organisation)
    .bind(&visit.nonce)
    .bind(&visit.verifier)
    .bind(visit.shared_computer)
    .bind(ends_at.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

/// Each comes back once, in the browser that was sent.
pub async fn take_visit(
    db: &mut PgConnection,
    state_hash: &[u8],
    browser_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Visit>, sqlx::Error> {
    let row = sqlx::query(
        "DELETE FROM provider_visit WHERE state_hash = $1 AND browser_hash = $2 AND ends_at > $3
         RETURNING organisation, nonce, verifier, shared_computer",
    )
    .bind(state_hash)
    .bind(browser_hash)
    .bind(now.to_sqlx())
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Visit {
            organisation: row.try_get("organisation")?,
            nonce: row.try_get("nonce")?,
            verifier: row.try_get("verifier")?,
            shared_computer: row.try_get("shared_computer")?,
        })
    })
    .transpose()
}

/// Who of this organisation the provider's account belongs to, if they may sign in.
pub async fn staff_of_account(
    db: &mut PgConnection,
    organisation: Uuid,
    issuer: &str,
    subject: &str,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT staff.staff FROM staff_account JOIN staff USING (staff)
         WHERE staff_account.issuer = $1 AND staff_account.subject = $2 AND staff.organisation = $3 AND staff.deactivated_at IS NULL",
    )
    .bind(issuer)
    .bind(subject)
    .bind(organisation)
    .fetch_optional(db)
    .await
}

/// Who of this organisation has this address (in small letters), may sign in, and is linked to no account of this provider yet.
pub async fn staff_to_link(
    db: &mut PgConnection,
    organisation: Uuid,
    issuer: &str,
    email: &str,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT staff.staff FROM staff
         WHERE staff.organisation = $1 AND staff.email = $3 AND staff.deactivated_at IS NULL
           AND NOT EXISTS (SELECT FROM staff_account WHERE staff_account.staff = staff.staff AND staff_account.issuer = $2)",
    )
    .bind(organisation)
    .bind(issuer)
    .bind(email)
    .fetch_optional(db)
    .await
}

/// False: the account belongs to somebody already.
pub async fn link(
    db: &mut PgConnection,
    issuer: &str,
    subject: &str,
    staff: Uuid,
    at: Timestamp,
) -> Result<bool, sqlx::Error> {
    let linked = sqlx::query(
        "INSERT INTO staff_account (issuer, subject, staff, linked_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind(issuer)
    .bind(subject)
    .bind(staff)
    .bind(at.to_sqlx())
    .execute(db)
    .await?;
    Ok(linked.rows_affected() == 1)
}
