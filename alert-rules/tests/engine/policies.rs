//! Escalation policies: what a file says, and what is refused because it would leave somebody untold.

use alert_rules::escalation::Policies;
use alert_rules::escalation::policy::{self, PRESETS, Span, Target};
use alert_rules::{Kind, Priority};
use jiff::SignedDuration;

fn refused(text: &str) -> String {
    let problems = policy::read("policy.toml", text).expect_err("it leaves somebody untold");
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

const HIGH: &str = r#"
[high]
acknowledge = "10 min"
deal = "1 h"
steps = [
    { after = "at once", to = ["on duty"] },
    { after = "10 min", to = ["next", "team: Belper nights"] },
]
welfare = ["role: lead"]
"#;

#[test]
fn the_standard_clocks_are_those_of_the_design() {
    let standard = Policies::standard();
    let high = standard.of(Priority::High, Kind::Clinical);
    assert_eq!(high.acknowledge, Span::Elapsed(SignedDuration::from_mins(15)));
    assert_eq!(high.deal, Span::Elapsed(SignedDuration::from_hours(2)));
    assert_eq!(high.steps.last().expect("has steps").to, [Target::Everyone]);
    let medium = standard.of(Priority::Medium, Kind::Absence);
    assert_eq!((medium.acknowledge, medium.deal), (Span::Cover(SignedDuration::from_hours(4)), medium.acknowledge));
    assert_eq!(standard.of(Priority::Low, Kind::Service).acknowledge, Span::NextWorkingDay);
}

#[test]
fn every_preset_can_be_read() {
    for (name, text) in PRESETS {
        policy::read(name, text).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
    }
}

#[test]
fn what_a_team_does_not_say_is_the_standard() {
    let own = policy::read("policy.toml", HIGH).expect("reads");
    let high = own.of(Priority::High, Kind::Clinical);
    assert_eq!(high.steps[1].to, [Target::Next, Target::Team("Belper nights".to_owned())]);
    assert_eq!(high.welfare, [Target::Role("lead".to_owned())]);
    let standard = Policies::standard();
    assert_eq!(own.of(Priority::Low, Kind::Clinical), standard.of(Priority::Low, Kind::Clinical));
}

#[test]
fn a_kind_may_have_its_own() {
    let own = policy::read("policy.toml", &HIGH.replace("[high]", "[equipment.high]")).expect("reads");
    assert_eq!(own.of(Priority::High, Kind::Equipment).acknowledge, Span::Elapsed(SignedDuration::from_mins(10)));
    let standard = Policies::standard();
    assert_eq!(own.of(Priority::High, Kind::Clinical), standard.of(Priority::High, Kind::Clinical));
}

#[test]
fn steps_beyond_the_last_are_the_last_again() {
    let own = policy::read("policy.toml", HIGH).expect("reads");
    let high = own.of(Priority::High, Kind::Clinical);
    assert_eq!((high.last(), high.step(1), high.step(7)), (1, &high.steps[1], &high.steps[1]));
}

#[test]
fn what_would_leave_somebody_untold_is_refused_at_its_place() {
    let cases = [
        ("nobody at all", HIGH.replace("{ after = \"at once\", to = [\"on duty\"] },\n    { after = \"10 min\", to = [\"next\", \"team: Belper nights\"] },", "")),
        ("a step to nobody", HIGH.replace("[\"on duty\"]", "[]")),
        ("a target that is nobody", HIGH.replace("\"next\"", "\"the doctor\"")),
        ("a team without a name", HIGH.replace("team: Belper nights", "team:")),
        ("too long between steps", HIGH.replace("{ after = \"10 min\"", "{ after = \"3 h\"")),
        ("a last step that never waits", HIGH.replace("{ after = \"10 min\"", "{ after = \"at once\"")),
        ("a high that waits for cover", HIGH.replace("{ after = \"at once\"", "{ after = \"cover\"")),
        ("a high for the next working day", HIGH.replace("deal = \"1 h\"", "deal = \"next working day\"")),
        ("a time that is none", HIGH.replace("\"1 h\"", "\"soon\"")),
        ("a name that is none", HIGH.replace("welfare", "wellfare")),
    ];
    let said: String = cases.iter().map(|(what, text)| format!("## {what}\n{}\n", refused(text))).collect();
    insta::assert_snapshot!(said);
}
