//! The audit's chain: whatever is done to an entry behind the service's back is found and named.

use std::sync::Arc;

use derwent::random;
use derwent::store::Store;
use derwent::store::audit::{self, Act, Actor, Entry};
use derwent::store::audit_chain::{self, Fault, Head, Verified};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::harness::database::Database;

fn entry(n: i64) -> Entry {
    let at: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
    let actor = Actor::Staff { staff: random::new_id(), employer: random::new_id() };
    Entry::new(actor, Act::RecordRead, at + SignedDuration::from_secs(n))
        .about(random::new_id(), random::new_id())
        .from_address("192.0.2.7".parse::<std::net::IpAddr>().unwrap())
        .detail(json!({ "z": n, "a": { "y": 1, "b": [true, null] } }))
}

/// A store whose audit has ten entries, sealed; its ids.
async fn sealed() -> (Database, Store, Vec<i64>) {
    let database = Database::fresh().await;
    let store = database.store().await;
    for n in 0..10 {
        audit::write(&mut store.owner.acquire().await.unwrap(), &entry(n)).await.unwrap();
    }
    assert!(!audit_chain::seal(&store.monitor).await.unwrap());
    let ids = sqlx::query_scalar("SELECT audit FROM audit ORDER BY audit").fetch_all(&store.owner).await.unwrap();
    (database, store, ids)
}

async fn verified(store: &Store) -> Verified {
    audit_chain::verify(&store.owner, None, 20).await.unwrap()
}

async fn head(store: &Store) -> Head {
    audit_chain::head(&mut store.owner.acquire().await.unwrap()).await.unwrap()
}

/// As somebody with every power over the database, triggers off.
async fn by_hand(store: &Store, statement: &str) {
    let sql = format!(
        "ALTER TABLE audit DISABLE TRIGGER ALL; ALTER TABLE audit_chain DISABLE TRIGGER ALL; {statement};
         ALTER TABLE audit ENABLE ALWAYS TRIGGER append_only; ALTER TABLE audit_chain ENABLE ALWAYS TRIGGER append_only;
         ALTER TABLE audit ENABLE ALWAYS TRIGGER waits"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&store.owner).await.unwrap();
}

#[tokio::test]
async fn what_nobody_touched_verifies_in_any_time_zone() {
    let (database, store, ids) = sealed().await;
    let found = verified(&store).await;
    assert_eq!((found.head.links, found.waiting, found.faults), (10, 0, 0));
    let name: String = sqlx::query_scalar("SELECT current_database()::text").fetch_one(&store.owner).await.unwrap();
    let sql = format!(r#"ALTER DATABASE "{name}" SET timezone = 'Asia/Kathmandu'"#);
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&store.owner).await.unwrap();
    let elsewhere = database.store().await;
    assert_eq!(verified(&elsewhere).await.faults, 0);
    assert_eq!(head(&elsewhere).await, found.head);
    // What is new waits, and is sealed after.
    audit::write(&mut store.owner.acquire().await.unwrap(), &entry(11)).await.unwrap();
    assert_eq!((verified(&store).await.waiting, verified(&store).await.faults), (1, 0));
    audit_chain::seal(&elsewhere.monitor).await.unwrap();
    let found = audit_chain::verify(&store.owner, Some(found.head), 20).await.unwrap();
    assert_eq!((found.head.links, found.waiting, found.faults), (ids.len() as i64 + 1, 0, 0));
}

#[tokio::test]
async fn an_entry_changed_by_hand_is_named_whatever_was_changed() {
    for change in [
        "at = at + interval '1 microsecond'",
        "patient = gen_random_uuid()",
        "staff = gen_random_uuid()",
        "what = 'worklist.read'",
        "address = '192.0.2.8'",
        "why = 'she asked me to'",
        r#"detail = '{"z": 5, "a": {"y": 1, "b": [true]}}'"#,
    ] {
        let (_database, store, ids) = sealed().await;
        by_hand(&store, &format!("UPDATE audit SET {change} WHERE audit = {}", ids[4])).await;
        let found = verified(&store).await;
        assert_eq!(found.named, [Fault::Altered { link: 5, audit: ids[4] }], "{change}");
    }
}

#[tokio::test]
async fn what_was_deleted_swapped_put_in_or_cut_off_is_named() {
    let (_database, store, ids) = sealed().await;
    let kept = head(&store).await;
    by_hand(&store, &format!("DELETE FROM audit WHERE audit = {}", ids[2])).await;
    assert_eq!(verified(&store).await.named, [Fault::Deleted { link: 3, audit: ids[2] }]);
    // With its link.
    by_hand(&store, "DELETE FROM audit_chain WHERE n = 3").await;
    assert_eq!(verified(&store).await.named, [Fault::Unlinked { from: 3, to: 3 }]);

    let (_database, store, ids) = sealed().await;
    let swap = format!(
        "UPDATE audit SET patient = other.patient, staff = other.staff, at = other.at, detail = other.detail
         FROM audit AS other WHERE audit.audit IN ({0}, {1}) AND other.audit IN ({0}, {1}) AND other.audit <> audit.audit",
        ids[6], ids[7]
    );
    by_hand(&store, &swap).await;
    let swapped = [Fault::Altered { link: 7, audit: ids[6] }, Fault::Altered { link: 8, audit: ids[7] }];
    assert_eq!(verified(&store).await.named, swapped);

    let (_database, store, ids) = sealed().await;
    let put_in = format!(
        "INSERT INTO audit (audit, at, actor, what, detail) OVERRIDING SYSTEM VALUE VALUES ({}, now(), 'service', 'x', '{{}}')",
        ids[9] + 100
    );
    by_hand(&store, &put_in).await;
    assert_eq!(verified(&store).await.named, [Fault::Inserted { audit: ids[9] + 100 }]);

    // The end of it, links and all: only a head from outside tells.
    let (_database, store, ids) = sealed().await;
    let kept_here = head(&store).await;
    by_hand(&store, &format!("DELETE FROM audit_chain WHERE n > 8; DELETE FROM audit WHERE audit > {}", ids[7])).await;
    assert_eq!(verified(&store).await.faults, 0);
    let found = audit_chain::verify(&store.owner, Some(kept_here), 20).await.unwrap();
    assert_eq!(found.named, [Fault::CutOff { kept: kept_here, links: 8 }]);

    // All of it made anew: another chain, as long and without a fault.
    let (_database, store, _) = sealed().await;
    let found = audit_chain::verify(&store.owner, Some(kept), 20).await.unwrap();
    assert_eq!(found.named, [Fault::Rewritten { kept }]);
}

#[tokio::test]
async fn an_entry_deleted_before_it_was_sealed_is_missed() {
    let (_database, store, ids) = sealed().await;
    audit::write(&mut store.owner.acquire().await.unwrap(), &entry(11)).await.unwrap();
    by_hand(&store, &format!("DELETE FROM audit WHERE audit > {}", ids[9])).await;
    assert!(!audit_chain::seal(&store.monitor).await.unwrap());
    assert!(matches!(verified(&store).await.named[..], [Fault::DeletedUnsealed { .. }]));
}

#[tokio::test]
async fn what_commits_late_is_sealed_late_and_nothing_is_passed_over() {
    let (_database, store, _) = sealed().await;
    let mut late = store.owner.begin().await.unwrap();
    audit::write(&mut late, &entry(20)).await.unwrap();
    audit::write(&mut store.owner.acquire().await.unwrap(), &entry(21)).await.unwrap();
    let mut never = store.monitor.begin().await.unwrap();
    audit::write(&mut never, &entry(22)).await.unwrap();
    never.rollback().await.unwrap();
    audit_chain::seal(&store.monitor).await.unwrap();
    assert_eq!((verified(&store).await.head.links, verified(&store).await.waiting), (11, 0));
    late.commit().await.unwrap();
    assert_eq!(verified(&store).await.waiting, 1);
    audit_chain::seal(&store.monitor).await.unwrap();
    assert_eq!((verified(&store).await.head.links, verified(&store).await.faults), (12, 0));
}

#[tokio::test]
async fn replicas_that_seal_at_once_make_one_chain() {
    let (database, store, _) = sealed().await;
    let replicas = Arc::new([database.store().await, database.store().await, database.store().await]);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..6 {
        let replicas = Arc::clone(&replicas);
        tasks.spawn(async move {
            for m in 0..40 {
                let replica = &replicas[n % 3];
                audit::write(&mut replica.ingest.acquire().await.unwrap(), &entry(m)).await.unwrap();
                audit_chain::seal(&replica.monitor).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    audit_chain::seal(&store.monitor).await.unwrap();
    let found = verified(&store).await;
    assert_eq!((found.head.links, found.waiting, found.faults), (250, 0, 0));
}
