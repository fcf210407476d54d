//! `derwent audit`: the chain as an operator checks it, beside a service that seals.

use std::process::Output;
use std::time::Duration;

use crate::harness::service::derwent;
use crate::web::world::{Browser, World};

fn audit(world: &World, arguments: &[&str]) -> Output {
    derwent()
        .arg("audit")
        .args(arguments)
        .env("DERWENT_DATABASE_URL", &world.database.url)
        .output()
        .expect("the binary")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Returns what `verify` says when all is sealed.
async fn sealed(world: &World) -> String {
    for _ in 0..300 {
        let verified = audit(world, &["verify"]);
        assert!(verified.status.success(), "{}", said(&verified));
        if said(&verified).contains(" 0 wait to be") {
            return said(&verified);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nobody seals");
}

#[tokio::test]
async fn a_service_seals_what_is_done_and_a_row_changed_by_hand_is_found() {
    let world = World::live().await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    ida.read(&format!("/api/patients/{}", world.dorothy)).await;
    sealed(&world).await;
    let head = said(&audit(&world, &["head"]));
    ida.read(&format!("/api/patients/{}/series?vital=weight", world.dorothy)).await;
    assert!(sealed(&world).await.contains("entries are sealed"));
    let verified = audit(&world, &["verify", "--head", head.trim()]);
    assert!(verified.status.success(), "{}", said(&verified));

    let store = world.database.store().await;
    sqlx::raw_sql(
        "ALTER TABLE audit DISABLE TRIGGER append_only;
         UPDATE audit SET staff = gen_random_uuid() WHERE what = 'record.read';
         ALTER TABLE audit ENABLE ALWAYS TRIGGER append_only",
    )
    .execute(&store.owner)
    .await
    .unwrap();
    let entry: i64 =
        sqlx::query_scalar("SELECT audit FROM audit WHERE what = 'record.read'").fetch_one(&store.owner).await.unwrap();
    let verified = audit(&world, &["verify"]);
    assert!(!verified.status.success());
    assert!(said(&verified).contains(&format!("entry {entry} (link ")), "{}", said(&verified));
    assert!(said(&verified).contains("was altered"), "{}", said(&verified));

    // A head that never was.
    let wrong = format!("1:{}", "0".repeat(64));
    assert!(said(&audit(&world, &["verify", "--head", &wrong])).contains("the chain was rewritten"));
    assert!(said(&audit(&world, &["verify", "--head", "sealed"])).contains("is no head"));
}

#[tokio::test]
async fn the_doctor_says_when_nobody_seals() {
    let world = World::live().await;
    let doctor = || {
        let output =
            derwent().arg("doctor").env("DERWENT_DATABASE_URL", &world.database.url).output().expect("the binary");
        said(&output)
    };
    assert!(doctor().contains("✓ audit"), "{}", doctor());
    let store = world.database.store().await;
    sqlx::query(
        "INSERT INTO audit (at, actor, what, detail) VALUES ('2026-01-01', 'service', 'rules.published', '{}')",
    )
    .execute(&store.owner)
    .await
    .unwrap();
    let doctor = doctor();
    assert!(doctor.contains("✗ audit") && doctor.contains("is `derwent serve` running"), "{doctor}");
}
