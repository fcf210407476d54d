//! `derwent admin plan`: what a plan begins with, pauses with an end and an owner, and packs held against new facts.

use alert_rules::Facts;
use sqlx::types::Json;

use crate::web::world::{World, id};

async fn facts(world: &World, patient: &str) -> Facts {
    let newest = "SELECT facts FROM patient_facts WHERE patient = $1 ORDER BY version DESC LIMIT 1";
    let patient: uuid::Uuid = patient.parse().expect("an id");
    let store = world.database.store().await;
    let Json(facts) = sqlx::query_scalar(newest).bind(patient).fetch_one(&store.owner).await.expect("there are facts");
    facts
}

fn refused(world: &World, arguments: &[&str]) -> String {
    let output = world.try_admin(arguments);
    assert!(!output.status.success(), "{arguments:?} was taken");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_plan_begins_with_the_times_of_its_pack() {
    let world = World::new().await;
    let add =
        ["patient", "add", "--team", &world.team, "--given-name", "A", "--family-name", "B", "--born", "1950-01-01"];
    let diabetes = [&add[..], &["--pack", "diabetes", "--tag", "pregnant=no"]].concat();
    assert!(refused(&world, &diabetes).contains("--tag on_sglt2_inhibitor=yes or --tag on_sglt2_inhibitor=no"));
    let made = world.admin(&[&diabetes[..], &["--tag", "on_sglt2_inhibitor=no"]].concat());
    assert_eq!(made["limits_to_ask_about"], serde_json::json!(["diabetes/severe_glucose", "diabetes/hypo_glucose"]));
    let slots = facts(&world, &id(&made, "patient")).await.plan.slots;
    let said: Vec<String> = slots.iter().map(|slot| format!("{} {}", slot.due.words(), slot.at)).collect();
    assert_eq!(said, ["blood glucose 07:30:00", "blood glucose 18:00:00", "answer to “diabetes today” 07:30:00"]);
}

#[tokio::test]
async fn a_course_counts_from_the_day_it_was_set() {
    let world = World::new().await;
    let slot = "weight@07:30@every 2 days for 14 days";
    world.admin(&["plan", "set", "--patient", &world.dorothy, "--slot", slot, "--why", "new tablets"]);
    let facts = facts(&world, &world.dorothy).await;
    let slot = &facts.plan.slots[0];
    let (from, until) = (slot.from.expect("a first day"), slot.until.expect("a last day"));
    assert_eq!((until - from).get_days(), 13);
    let wrong = ["plan", "set", "--patient", &world.dorothy, "--slot", "weight@07:30@every 2 weeks", "--why", "x"];
    assert!(refused(&world, &wrong).contains("after `every` comes a number of days from 2 to 28"));
}

#[tokio::test]
async fn a_pause_has_an_end_and_an_owner_and_ends_when_the_patient_is_back() {
    let world = World::new().await;
    let pause = ["plan", "pause", "--patient", &world.dorothy, "--why", "visiting her sister"];
    let paused = |more: &[&'static str]| [&pause[..], more].concat();
    assert!(refused(&world, &paused(&["--until", "2020-01-01"])).contains("ends after it begins"));
    assert!(refused(&world, &paused(&["--from", "2020-01-01", "--until", "2020-01-05"])).contains("in the past"));
    assert!(refused(&world, &paused(&["--until", "2199-01-01"])).contains("90 days at most"));
    let resume = ["plan", "resume", "--patient", &world.dorothy, "--why", "back early"];
    assert!(refused(&world, &resume).contains("nothing was changed"));

    let began = facts(&world, &world.dorothy).await.plan.since;
    let soon = (began + jiff::SignedDuration::from_hours(72)).strftime("%Y-%m-%d").to_string();
    let made = world.admin(&[&pause[..], &["--until", &soon]].concat());
    assert_eq!(made["plan_version"], 2);
    let pauses = facts(&world, &world.dorothy).await.pauses;
    assert_eq!((pauses.len(), pauses[0].by.as_str(), pauses[0].why.as_str()), (1, "the test", "visiting her sister"));
    assert_eq!(world.admin(&resume)["plan_version"], 3);
    // The time of this world stands still.
    let after = facts(&world, &world.dorothy).await.pauses;
    assert!(after.iter().all(|pause| pause.until <= began), "{after:?}");
}

#[tokio::test]
async fn a_pack_is_held_against_facts_that_change() {
    let world = World::new().await;
    let pregnant = ["plan", "set", "--patient", &world.dorothy, "--tag", "pregnant=yes", "--why", "x"];
    assert!(refused(&world, &pregnant).contains("the pack hypertension is not for this person"));
    assert_eq!(facts(&world, &world.dorothy).await.version, 1);
}
