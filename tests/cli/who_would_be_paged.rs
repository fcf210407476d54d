//! `derwent who-would-be-paged`, as an operator reads it. That it says what paging does is a story (`stories/foretold.rs`).

use crate::harness::service::derwent;
use crate::web::world::{START, World, id};

/// Whether it went well, and what was said.
fn ask(world: &World, arguments: &[&str]) -> (bool, String) {
    let output = derwent()
        .arg("who-would-be-paged")
        .args(["--care-time", START])
        .args(arguments)
        .env("DERWENT_DATABASE_URL", &world.database.url)
        .output()
        .expect("the binary runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).expect("UTF-8"))
}

#[tokio::test]
async fn the_story_is_told_step_by_step_with_names_times_and_ways_and_no_address() {
    let world = World::new().await;
    let (well, said) = ask(&world, &["--team", "Belper team", "--priority", "high", "--at", "2026-12-25T03:00"]);
    assert!(well, "{said}");
    for line in [
        "A high clinical alert of Belper team that opens on Fri 25 Dec 2026 03:00 (Europe/London) and that nobody takes:",
        "  Fri 25 Dec 2026 03:00  step 1 of 3: Tom Reid by e-mail\n",
        "  Fri 25 Dec 2026 03:15  step 2 of 3: Ida Shaw by e-mail\n",
        "  Fri 25 Dec 2026 03:30  step 3 of 3: Tom Reid by e-mail; Ida Shaw by e-mail\n",
        "  Fri 25 Dec 2026 03:45  step 3 of 3 again: Tom Reid by e-mail; Ida Shaw by e-mail\n",
        "the operator hears: Everybody whom the policy names was told about a high alert",
        "and so on, until somebody takes it",
    ] {
        assert!(said.contains(line), "{line:?} is missing in\n{said}");
    }
    assert!(!said.contains('@'), "an address: {said}");

    // 03:00 in London's summer is another instant; now is where care time stands.
    let (_, summer) = ask(&world, &["--team", &world.team, "--priority", "high", "--at", "2026-07-01T02:00:00Z"]);
    assert!(summer.contains("Wed 1 Jul 2026 03:00"), "{summer}");
    let (_, now) = ask(&world, &["--team", "belper TEAM", "--priority", "high"]);
    assert!(now.contains("Sun 1 Mar 2026 08:00  step 1 of 3: Ida Shaw"), "{now}");
}

#[tokio::test]
async fn what_the_operator_would_hear_is_said_too() {
    let world = World::new().await;
    world.admin(&["team", "cover", "--team", &world.team, "--hours", "mon-fri 08:00-18:00"]);
    let (_, said) = ask(&world, &["--team", "Belper team", "--priority", "medium", "--at", "2026-03-07T12:00"]);
    assert!(said.contains("Sat 7 Mar 2026 12:00  waits until Mon 9 Mar 2026 08:00; nobody is told before"), "{said}");
    assert!(said.contains("Mon 9 Mar 2026 08:00  step 1 of 3: Ida Shaw by e-mail"), "{said}");

    let store = world.database.store().await;
    sqlx::query("DELETE FROM contact_point").execute(&store.owner).await.expect("taken away");
    let pager = ["--pager-url", "http://127.0.0.1:1"];
    let high = ["--team", "Belper team", "--priority", "high", "--at", "2026-03-09T09:00"];
    let (_, said) = ask(&world, &[high.as_slice(), &pager].concat());
    assert!(said.contains("step 1 of 3: Ida Shaw by e-mail (never proven)"), "{said}");
    assert!(said.contains("the operator hears: Ida Shaw is to be paged and has proven no contact point"), "{said}");

    world.admin(&["roster", "set", "--team", &world.team, "--shift", "ida@example.org=sat 08:00-16:00"]);
    let (_, said) = ask(&world, &high);
    assert!(said.contains("the operator hears: Nobody is on the roster of Belper team"), "{said}");
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_with_what_to_do() {
    let world = World::new().await;
    let (well, said) = ask(&world, &["--team", "Ambergate", "--priority", "high"]);
    assert!(!well && said.contains("there is no team Ambergate; `derwent admin team list` shows them"), "{said}");
    let (well, said) = ask(&world, &["--team", "Belper team", "--priority", "urgent"]);
    assert!(!well && said.contains("write high, medium or low"), "{said}");
    let (well, said) = ask(&world, &["--team", "Belper team", "--priority", "high", "--at", "at night"]);
    assert!(!well && said.contains("write 2026-12-24"), "{said}");

    let elsewhere = world.admin(&["organisation", "add", "--name", "Derby", "--time-zone", "Europe/London"]);
    let cover = ["--name", "Belper team", "--phone", "1", "--cover", "all-day"];
    world.admin(&[["team", "add", "--organisation", &id(&elsewhere, "organisation")].as_slice(), &cover].concat());
    let (well, said) = ask(&world, &["--team", "Belper team", "--priority", "high"]);
    assert!(!well && said.contains("2 teams are called Belper team; give the id"), "{said}");
}
