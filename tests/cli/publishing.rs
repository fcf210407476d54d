//! `derwent rules publish, approve, undo, stop, resume, sign, in-force, explain`.

use crate::web::world::{World, id};

#[tokio::test]
async fn rules_go_in_and_out_of_force_by_command_and_the_audit_has_it_all() {
    let world = World::live().await;
    let owner = |name: &str, email: &str, role: &str| {
        let made = world.staff_as(name, email, role, None);
        world.admin(&["staff", "rule-owner", "--staff", &id(&made, "staff")]);
        id(&made, "staff")
    };
    let (ann, bob) =
        (owner("Ann Lee", "ann@example.org", "clinician"), owner("Bob Hay", "bob@example.org", "administrator"));
    let (well, said) = world.rules(&["in-force"]);
    assert_eq!((well, said.contains("at its first start")), (false, true), "{said}");
    drop(world.serve());
    let (_, first) = world.rules(&["in-force"]);
    assert!(first.contains("hypertension 1.") && first.contains("signed by somebody (none)"), "{first}");

    // The same as in force is nothing to propose; changed, it is.
    let (well, said) = world.rules(&["publish", "--why", "an upgrade", "--by", &ann]);
    assert_eq!((well, said.contains("in force already")), (false, true), "{said}");
    let folder = changed("Sit down. Rest for five minutes.", "Sit down, and rest for five minutes.");
    let path = folder.path().to_str().unwrap();
    let (well, said) = world.rules(&["publish", path, "--why", "plainer", "--by", &ann]);
    assert!(well, "{said}");
    let hash = said.strip_prefix("proposed ").unwrap().lines().next().unwrap().to_owned();
    assert!(!world.rules(&["approve", &hash, "--by", &bob]).0, "nobody has signed it");
    let (_, page) = world.rules_print("hypertension", path);
    let files = page.split("files ").nth(1).unwrap().split('…').next().unwrap().to_owned();
    let sign = ["sign", "hypertension", "--files", &files, "--registration", "GMC 1234567", "--by", &ann];
    assert_eq!(world.rules(&sign), (true, "hypertension is signed\n".to_owned()));
    let (well, said) = world.rules(&["approve", &hash, "--by", &bob]);
    assert!(well, "{said}");
    let (_, second) = world.rules(&["in-force"]);
    assert!(
        second.contains("by Ann Lee, approved by Bob Hay") && second.contains("signed by Ann Lee (GMC 1234567)"),
        "{second}"
    );

    assert!(world.rules(&["stop", "hypertension/severe", "--hours", "3", "--why", "it rings", "--by", &bob]).0);
    let (_, stopped) = world.rules(&["in-force"]);
    assert!(stopped.contains("hypertension/severe (by Bob Hay: it rings)"), "{stopped}");
    assert!(world.rules(&["resume", "hypertension/severe", "--by", &ann]).0);
    assert!(!world.rules(&["undo", "--why", "no", "--by", &world.dorothy]).0, "a patient owns no rules");

    world.told("184", "101");
    let (well, explained) = world.rules(&["explain", "hypertension/severe", "--patient", &world.dorothy]);
    assert!(
        well && explained.contains("  systolic >= severe_systolic: true\n    systolic = 184 mmHg ("),
        "{explained}"
    );

    let acts: Vec<String> = sqlx::query_scalar("SELECT what FROM audit WHERE what LIKE 'rules.%' ORDER BY audit")
        .fetch_all(&world.database.store().await.owner)
        .await
        .unwrap();
    let expected = "rules.owner_named rules.owner_named rules.published rules.proposed rules.pack_signed rules.published \
                    rules.rule_stopped rules.rule_resumed rules.explained";
    assert_eq!(acts.join(" "), expected);
}

#[tokio::test]
async fn a_pack_that_nobody_signed_watches_nobody() {
    let world = World::live().await;
    let store = world.database.store().await;
    sqlx::query("DELETE FROM pack_signature WHERE pack = 'diabetes'").execute(&store.owner).await.unwrap();
    let output = world.try_admin(&["plan", "set", "--patient", &world.dorothy, "--pack", "diabetes", "--why", "sugar"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("no clinician has signed the pack diabetes"), "{said}");
    assert!(!output.status.success());
}

/// The built-in packs, with one thing changed.
fn changed(from: &str, to: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in alert_rules::built_in::files() {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text.replace(from, to)).unwrap();
    }
    folder
}
