//! Readings that wait too long for judgement are something a person must hear of: judging has stopped, or cannot keep up, or
//! somebody's readings go round and round. A loop of its own looks, which needs nothing of the loops that judge.

use jiff::SignedDuration;

use crate::parts::Parts;
use crate::store::{alert, arrival};

/// The oldest entry of the queue waits at most this long, or the operator is told. All is judged within a minute after ten thousand
/// phones came back at once (P5), and a patient that cannot be judged is given to people after half a minute.
const UNJUDGED_LIMIT_SECONDS: i64 = 60;
/// Below this the queue is well again, and the next time is news: between the two a queue that hovers mails nobody twice.
const WELL_AGAIN_SECONDS: i64 = 30;
const PROBLEM: &str = "readings wait for judgement";

/// Looks once. Never finds work for itself.
pub async fn look(parts: &Parts) -> anyhow::Result<bool> {
    let now = parts.clock.care_now();
    let mut db = parts.store.monitor.acquire().await?;
    let oldest_at = arrival::oldest_at(&mut db).await?;
    drop(db);
    let waited = oldest_at.map_or(SignedDuration::ZERO, |at| now.duration_since(at));
    if waited > SignedDuration::from_secs(UNJUDGED_LIMIT_SECONDS) {
        let sentence = format!(
            "A reading has waited more than {UNJUDGED_LIMIT_SECONDS} seconds to be judged: until it is, nobody is told of what \
             is in it. See the service's log and `derwent doctor --reconcile`; where the log names nothing, restart the service."
        );
        let mut tx = parts.store.monitor.begin().await?;
        alert::open_operator(&mut tx, PROBLEM, &sentence, now).await?;
        tx.commit().await?;
    } else if waited < SignedDuration::from_secs(WELL_AGAIN_SECONDS) {
        let mut tx = parts.store.monitor.begin().await?;
        alert::close_operator(&mut tx, PROBLEM, "everything is judged again", now).await?;
        tx.commit().await?;
    }
    Ok(false)
}
