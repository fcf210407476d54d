//! The chain that shows whether the audit was tampered with: each link is the SHA-256 of the link before and of its entry.
//!
//! Entries are written unchained, in the transactions of what they record; the sealer links what is committed, each second, at
//! whichever replica comes first. Whoever owns the database can still rewrite all of it, links included. So the head is to be
//! kept outside, where that person has no hand in it: against an earlier head, a chain that was rewritten or cut off shows.

use std::fmt;
use std::str::FromStr;

use futures_util::TryStreamExt;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::{FromRow, PgConnection, PgPool, Row};

use super::audit_row::{AuditRow, COLUMNS};

/// Entries sealed in one transaction.
const BATCH: i64 = 1_000;
/// Before the first link.
const BEGINNING: [u8; 32] = [0; 32];

/// The end of the chain: how many links, and the last one's hash. Written `1042:9f86d0…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub links: i64,
    pub hash: [u8; 32],
}

impl fmt::Display for Head {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}:", self.links)?;
        self.hash.iter().try_for_each(|byte| write!(to, "{byte:02x}"))
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (links, hex) = text.trim().split_once(':')?;
            if !hex.is_ascii() || hex.len() != 64 {
                return None;
            }
            let mut hash = [0; 32];
            for (n, byte) in hash.iter_mut().enumerate() {
                *byte = u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).ok()?;
            }
            Some(Self { links: links.parse().ok().filter(|links| *links >= 0)?, hash })
        };
        read().ok_or_else(|| format!("{text:?} is no head; it looks like 1042: and 64 hexadecimal digits"))
    }
}

fn link(before: &[u8; 32], row: &AuditRow) -> [u8; 32] {
    Sha256::new().chain_update(before).chain_update(row.bytes()).finalize().into()
}

pub async fn head(db: &mut PgConnection) -> Result<Head, sqlx::Error> {
    let last: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT n, hash FROM audit_chain ORDER BY n DESC LIMIT 1").fetch_optional(db).await?;
    match last {
        Some((links, hash)) => Ok(Head { links, hash: whole(hash)? }),
        None => Ok(Head { links: 0, hash: BEGINNING }),
    }
}

fn whole(hash: Vec<u8>) -> Result<[u8; 32], sqlx::Error> {
    hash.try_into().map_err(|_| sqlx::Error::Decode("a link of the audit's chain is not 32 bytes long".into()))
}

/// Links up to a thousand of the entries that wait, in the order of their ids. True if there may be more. One replica does at a
/// time; the others leave it to that one.
pub async fn seal(pool: &PgPool) -> Result<bool, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let alone: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(hashtext('derwent audit chain'))")
        .fetch_one(&mut *tx)
        .await?;
    if !alone {
        return Ok(false);
    }
    let rows: Vec<AuditRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM audit_waiting JOIN audit USING (audit) ORDER BY audit.audit LIMIT {BATCH}"
    )))
    .fetch_all(&mut *tx)
    .await?;
    if rows.is_empty() {
        return Ok(false);
    }
    let mut last = head(&mut tx).await?;
    let mut numbers = Vec::with_capacity(rows.len());
    let mut hashes = Vec::with_capacity(rows.len());
    for row in &rows {
        last = Head { links: last.links + 1, hash: link(&last.hash, row) };
        numbers.push(last.links);
        hashes.push(last.hash.to_vec());
    }
    let entries: Vec<i64> = rows.iter().map(|row| row.audit).collect();
    sqlx::query("INSERT INTO audit_chain (n, audit, hash) SELECT n, audit, hash FROM unnest($1, $2, $3) AS new (n, audit, hash)")
        .bind(numbers)
        .bind(&entries)
        .bind(hashes)
        .execute(&mut *tx)
        .await?;
    sqlx::query("DELETE FROM audit_waiting WHERE audit = ANY($1)").bind(&entries).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(i64::try_from(rows.len()).is_ok_and(|sealed| sealed == BATCH))
}

/// How many entries wait to be sealed, and when the oldest of them was written (machine time).
pub async fn waiting(db: &mut PgConnection) -> Result<(i64, Option<Timestamp>), sqlx::Error> {
    let (count, oldest): (i64, Option<jiff_sqlx::Timestamp>) =
        sqlx::query_as("SELECT count(*), min(audit.at) FROM audit_waiting LEFT JOIN audit USING (audit)")
            .fetch_one(db)
            .await?;
    Ok((count, oldest.map(jiff_sqlx::Timestamp::to_jiff)))
}

/// Something that the service never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The entry, or its link, is not what was sealed.
    Altered { link: i64, audit: i64 },
    /// A link without its entry.
    Deleted { link: i64, audit: i64 },
    /// Links `from` to `to` are not there.
    Unlinked { from: i64, to: i64 },
    /// An entry that neither is in the chain nor waits for it.
    Inserted { audit: i64 },
    /// It was to be sealed, and is gone.
    DeletedUnsealed { audit: i64 },
    /// The chain ends before the head that was kept.
    CutOff { kept: Head, links: i64 },
    /// Where the head was kept there is now another link: everything up to it may have been rewritten.
    Rewritten { kept: Head },
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { link, audit } => write!(to, "entry {audit} (link {link}) was altered after it was sealed"),
            Self::Deleted { link, audit } => write!(to, "entry {audit} (link {link}) is missing: it was deleted"),
            Self::Unlinked { from, to: last } if from == last => write!(to, "link {from} is missing: it was deleted"),
            Self::Unlinked { from, to: last } => write!(to, "links {from} to {last} are missing: they were deleted"),
            Self::Inserted { audit } => write!(to, "entry {audit} was put in past the service: it was never sealed"),
            Self::DeletedUnsealed { audit } => write!(to, "entry {audit} was deleted before it was sealed"),
            Self::CutOff { kept, links } => {
                write!(
                    to,
                    "the chain was cut off: it had {} links when this head was kept, and has {links}",
                    kept.links
                )
            }
            Self::Rewritten { kept } => {
                write!(to, "the chain was rewritten: link {} is not the one that was kept", kept.links)
            }
        }
    }
}

#[derive(Clone, Debug)]
pub struct Verified {
    pub head: Head,
    /// Not sealed yet.
    pub waiting: i64,
    pub faults: i64,
    /// The first of them, in the order of the chain.
    pub named: Vec<Fault>,
}

impl Verified {
    fn found(&mut self, fault: Fault, limit: usize) {
        self.faults += 1;
        if self.named.len() < limit {
            self.named.push(fault);
        }
    }
}

/// Computes every link again, in one snapshot, and names at most `limit` faults. `kept`: a head of before, from outside.
pub async fn verify(pool: &PgPool, kept: Option<Head>, limit: usize) -> Result<Verified, sqlx::Error> {
    let mut tx = pool.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *tx).await?;
    let beginning = Head { links: 0, hash: BEGINNING };
    let mut verified = Verified { head: beginning, waiting: 0, faults: 0, named: Vec::new() };
    let mut holds_kept = kept.is_none_or(|kept| kept == beginning);
    let sql = format!(
        "SELECT audit_chain.n AS link, audit_chain.audit AS entry, audit_chain.hash, {COLUMNS}
         FROM audit_chain LEFT JOIN audit USING (audit) ORDER BY audit_chain.n"
    );
    let mut links = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch(&mut *tx);
    while let Some(row) = links.try_next().await? {
        let (n, entry): (i64, i64) = (row.try_get("link")?, row.try_get("entry")?);
        let hash = whole(row.try_get("hash")?)?;
        if n != verified.head.links + 1 {
            verified.found(Fault::Unlinked { from: verified.head.links + 1, to: n - 1 }, limit);
        } else if row.try_get::<Option<i64>, _>("audit")?.is_none() {
            verified.found(Fault::Deleted { link: n, audit: entry }, limit);
        } else if link(&verified.head.hash, &AuditRow::from_row(&row)?) != hash {
            verified.found(Fault::Altered { link: n, audit: entry }, limit);
        }
        // Each link is checked against the one that is stored before it: one that is wrong makes no other wrong.
        verified.head = Head { links: n, hash };
        holds_kept |= kept == Some(verified.head);
    }
    drop(links);
    let astray: Vec<(i64, bool)> = sqlx::query_as(
        "SELECT audit, true FROM audit WHERE NOT EXISTS (SELECT FROM audit_chain WHERE audit_chain.audit = audit.audit)
                                             AND NOT EXISTS (SELECT FROM audit_waiting WHERE audit_waiting.audit = audit.audit)
         UNION ALL
         SELECT audit, false FROM audit_waiting WHERE NOT EXISTS (SELECT FROM audit WHERE audit.audit = audit_waiting.audit)
         ORDER BY 1",
    )
    .fetch_all(&mut *tx)
    .await?;
    for (audit, inserted) in astray {
        verified.found(if inserted { Fault::Inserted { audit } } else { Fault::DeletedUnsealed { audit } }, limit);
    }
    if let Some(kept) = kept.filter(|_| !holds_kept) {
        let links = verified.head.links;
        let fault = if links < kept.links { Fault::CutOff { kept, links } } else { Fault::Rewritten { kept } };
        verified.found(fault, limit);
    }
    verified.waiting = waiting(&mut tx).await?.0;
    tx.commit().await?;
    Ok(verified)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_written() {
        let head = Head { links: 1042, hash: [0xa7; 32] };
        assert_eq!(head.to_string().parse(), Ok(head));
        for wrong in
            ["", "1042", "1042:a7", "-1:", &format!("-1:{}", "a7".repeat(32)), &format!("1:{}é", "a7".repeat(31))]
        {
            assert!(wrong.parse::<Head>().is_err(), "{wrong}");
        }
    }
}
