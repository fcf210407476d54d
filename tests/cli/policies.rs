//! `derwent admin policy`: a team's own clocks, and what would leave somebody untold.

use crate::web::world::World;

/// What the command said to refuse it.
fn refused(world: &World, policy: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.toml");
    std::fs::write(&file, policy).expect("written");
    let file = file.display().to_string();
    let output = world.try_admin(&["policy", "set", "--team", &world.team, "--file", &file]);
    assert!(!output.status.success(), "it was taken:\n{policy}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn goes_by(world: &World) -> String {
    let shown = world.admin(&["policy", "show", "--team", &world.team]);
    let lines = shown["policy"].as_array().expect("lines").iter().map(|line| line.as_str().expect("text"));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_policy_that_would_leave_anybody_untold_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let standard = goes_by(&world);
    assert!(
        standard.contains("high alerts: acknowledged within 15 minutes, then dealt with within 2 hours"),
        "{standard}"
    );

    let high = |to: &str| {
        format!(
            "[high]\nacknowledge = \"10 min\"\ndeal = \"1 h\"\nwelfare = [\"everyone\"]\n\
             steps = [\n  {{ after = \"at once\", to = [\"on duty\"] }},\n  {{ after = \"10 min\", to = [{to}] }},\n]\n"
        )
    };
    for (to, said) in [
        ("", "policy.toml:7:"),
        ("\"role: wizard\"", "high alerts, step 2: nobody of the team has the role wizard"),
        ("\"next\", \"staff: gone@example.org\"", "gone@example.org is nobody of the team"),
        ("\"team: Nowhere\"", "the organisation has no team Nowhere"),
    ] {
        let refusal = refused(&world, &high(to));
        assert!(refusal.contains(said), "{to}: {refusal}");
    }
    assert_eq!(goes_by(&world), standard);
}

#[tokio::test]
async fn a_team_has_its_own_policy_until_it_is_reset() {
    let world = World::new().await;
    let standard = goes_by(&world);
    world.admin(&["policy", "set", "--team", &world.team, "--preset", "urgent-community-response"]);
    let own = goes_by(&world);
    assert!(own.contains("high alerts: acknowledged within 10 minutes, then dealt with within 2 hours"), "{own}");
    assert!(own.contains("2. 10 minutes: on duty, next"), "{own}");
    assert!(
        own.contains("low alerts: acknowledged within the next working day"),
        "the standard where it says nothing: {own}"
    );
    world.admin(&["policy", "reset", "--team", &world.team]);
    assert_eq!(goes_by(&world), standard);
}
