//! Packs broken on purpose, each in one place: what `check` says of them, word for word. A check that no longer finds its
//! fault shows here as a snapshot that became empty.

use std::collections::BTreeMap;

use alert_rules::{Rulebook, built_in, check, replay};

/// An early hypertension pack, kept as it was so that a change of the real one moves nothing here.
const WHOLE: [(&str, &str); 5] = [
    ("rules.toml", include_str!("broken/rules.toml")),
    ("questionnaires/bp-warning-signs.json", include_str!("broken/questionnaires/bp-warning-signs.json")),
    ("advice.toml", include_str!("broken/advice.toml")),
    ("plan.toml", include_str!("broken/plan.toml")),
    ("scenarios.toml", include_str!("broken/scenarios.toml")),
];

/// It, with one thing replaced.
fn broken(file: &str, from: &str, to: &str) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> =
        WHOLE.into_iter().map(|(name, text)| (format!("hypertension/{name}"), text.to_owned())).collect();
    let text = files.get_mut(&format!("hypertension/{file}")).expect("the file is there");
    assert!(text.contains(from), "{file} has no “{from}” to break");
    *text = text.replacen(from, to, 1);
    files
}

fn said(files: &BTreeMap<String, String>) -> String {
    check::check(files).iter().map(|problem| format!("{problem}\n")).collect::<Vec<_>>().join("\n")
}

macro_rules! faults {
    ($($name:ident: $file:literal, $from:literal => $to:literal;)*) => {
        $(
            #[test]
            fn $name() {
                let said = said(&broken($file, $from, $to));
                assert!(!said.is_empty(), "check finds nothing wrong");
                insta::assert_snapshot!(said);
            }
        )*
    };
}

faults! {
    // What the files say cannot be read.
    number_without_unit: "rules.toml", "systolic >= 220 mmHg" => "systolic >= 220";
    another_dimension: "rules.toml", "systolic >= 220 mmHg" => "systolic >= 12 mmol/L";
    unknown_name: "rules.toml", "systolic >= 220 mmHg" => "sistolic >= 220 mmHg";
    unknown_key: "rules.toml", "advice      = \"If you have chest" => "advise      = \"If you have chest";
    unknown_priority: "rules.toml", "priority    = \"high\"" => "priority    = \"urgent\"";
    not_toml: "rules.toml", "[rule.severe]" => "[rule.severe";
    limit_out_of_its_range: "rules.toml", "default = \"180 mmHg\"" => "default = \"210 mmHg\"";

    // What the rules say does not hold together.
    clear_while_firing: "rules.toml", "systolic < severe_systolic - 10 mmHg" => "systolic < severe_systolic + 10 mmHg";
    clear_forgets_one: "rules.toml", ", \"diastolic < severe_diastolic - 10 mmHg\"]" => "]";
    clear_at_an_end_of_the_range: "rules.toml", "systolic < severe_systolic - 10 mmHg" => "systolic < 170 mmHg";
    never_true: "rules.toml", "when        = \"systolic < low_systolic\"" => "when        = \"systolic < low_systolic and systolic > 150 mmHg\"";
    no_instrument_gives_it: "rules.toml", "when        = \"systolic < low_systolic\"" => "when        = \"systolic < 30 mmHg\"";
    always_true: "rules.toml", "when        = \"systolic < low_systolic\"" => "when        = \"systolic <= 300 mmHg\"";
    never_matters: "rules.toml", "priority = \"high\"\nwhen.all = [\"systolic < low_systolic\", 'answer(\"dizzy_or_fell\") = yes']" => "priority = \"low\"\nwhen.all = [\"systolic < low_systolic\", 'answer(\"dizzy_or_fell\") = yes']";
    asked_and_heard_only_beside_a_vital: "rules.toml", "when        = 'answer(\"dizzy_or_fell\") = yes'" => "when.all = [\"systolic < 120 mmHg\", 'answer(\"dizzy_or_fell\") = yes']";
    limit_that_no_rule_uses: "rules.toml", "[limits]" => "[limits]\nfever = { default = \"38 Cel\", range = \"37..39 Cel\", why = \"local\" }";
    one_side_without_saying_why: "rules.toml", "diastolic = \"A low" => "systolic = \"A low";

    band_with_a_hole: "rules.toml", "when        = \"systolic < low_systolic\"\nat_once.any = [\"systolic < 75 mmHg\"" => "when        = \"systolic in 80..89 mmHg\"\nat_once.any = [\"systolic < 75 mmHg\"";
    bands_that_claim_the_same: "rules.toml", "when        = \"systolic < low_systolic\"\nat_once.any = [\"systolic < 75 mmHg\"" => "when        = \"systolic in 70..89 mmHg\"\nat_once.any = [\"systolic < 75 mmHg\"";
    half_of_the_pressure: "rules.toml", "when.any    = [\"systolic >= severe_systolic\", \"diastolic >= severe_diastolic\"]" => "when.any    = [\"systolic >= severe_systolic\"]";
    for_nobody: "rules.toml", "for     = \"age_of_patient >= 18 years and not pregnant\"" => "for     = \"age_of_patient >= 18 years and age_of_patient < 16 years\"";

    // What the language says.
    how_many: "rules.toml", "systolic >= 220 mmHg" => "all(systolic >= 220 mmHg, over 3 days)";
    slope_without_its_day: "rules.toml", "systolic >= 220 mmHg" => "slope(systolic, over 7 days, at least 4) > 10 mmHg";
    not_of_each_reading: "rules.toml", "systolic >= 220 mmHg" => "sustained(answer(\\\"x\\\") = yes, 2 h)";
    at_most_a_lower_bound: "rules.toml", "systolic >= 220 mmHg" => "news2.lower_bound <= 4";
    level_of_what: "rules.toml", "systolic >= 220 mmHg" => "consciousness >= 1";
    misspelt_function: "rules.toml", "systolic >= 220 mmHg" => "sustaind(systolic >= 220 mmHg, 2 h)";
    two_acts_of_measuring: "rules.toml", "systolic >= 220 mmHg" => "systolic >= 220 mmHg and pulse > 100 /min";
    average_of_yes_and_no: "rules.toml", "systolic >= 220 mmHg" => "mean(irregular_pulse, over 7 days, at least 4) > 1";
    yes_or_no_alone: "rules.toml", "systolic >= 220 mmHg" => "systolic >= 220 mmHg and irregular_pulse";
    more_than_yes: "rules.toml", "systolic >= 220 mmHg" => "standing > yes";
    fall_of_what: "rules.toml", "systolic >= 220 mmHg" => "postural_fall(weight) >= 20 kg";
    window_too_long: "rules.toml", "systolic >= 220 mmHg" => "max(systolic, over 120 days) >= 220 mmHg";

    // Who is told, and why.
    no_reason: "rules.toml", "why         = \"Below 90 †" => "may_skip    = \"Below 90 †";
    no_reason_for_a_limit: "rules.toml", ", why = \"Below 90 with dizziness or falls †\" }" => " }";
    no_source: "rules.toml", "source  = \"NICE NG136, Hypertension in adults (2019, updated 2023)\"" => "source  = \"\"";
    nobody_is_paged: "rules.toml", "cover   = \"08:00-20:00 daily\"" => "cover   = \"sometimes\"";
    team_is_told_nothing: "rules.toml", "team        = \"Low twice" => "may_skip    = \"Low twice";
    advice_that_promises: "rules.toml", "advice      = \"Stand up slowly." => "advice      = \"You are safe, the team has been told.";
    phone_that_promises: "advice.toml", "say   = \"Sit for five minutes" => "say   = \"A nurse will ring you. Sit for five minutes";
    words_that_say_nothing: "rules.toml", "team        = \"Low twice, or not measured again. Ask about dizziness and falls; look at the medicines.\"" => "team        = \"\"";
    ranked_by_the_plan: "rules.toml", "priority    = \"high\"" => "priority    = \"from plan\"";
    nobody_reviews_it: "rules.toml", "review  = { by = \"2027-06-01\", owner = \"clinical safety officer\" }" => "";
    for_anybody: "rules.toml", "for     = \"age_of_patient >= 18 years and not pregnant\"" => "";

    // Asking first.
    asks_first_unless_all_are_out: "rules.toml", "at_once.any = [\"systolic >= 220 mmHg\"" => "at_once.all = [\"systolic >= 220 mmHg\"";
    asks_first_beside_an_and: "rules.toml", "\"systolic >= 220 mmHg\", \"diastolic >= 130 mmHg\"" => "\"systolic >= 220 mmHg and diastolic >= 130 mmHg\"";
    asks_first_about_low_oxygen: "rules.toml", "when        = \"systolic < low_systolic\"\nat_once.any = [\"systolic < 75 mmHg\"" => "when        = \"spo2 < 90 %\"\nat_once.any = [\"spo2 < 85 %\"";
    asks_first_however_high: "rules.toml", "at_once.any = [\"systolic >= 220 mmHg\", \"diastolic >= 130 mmHg\", " => "at_once.any = [\"systolic >= 220 mmHg\", ";
    asks_without_symptoms: "rules.toml", ", symptoms = \"bp-warning-signs\"" => "";
    asks_another_packs_questions: "rules.toml", "symptoms = \"bp-warning-signs\"" => "symptoms = \"diabetes-today\"";
    a_case_of_the_repeat_is_missing: "scenarios.toml", "case   = \"severe: never came\"\n" => "";

    // What stands beside the rules.
    question_nobody_asks: "questionnaires/bp-warning-signs.json", "\"linkId\": \"dizzy_or_fell\"" => "\"linkId\": \"dizzy\"";
    waits_for_answers_to_nothing: "rules.toml", "\"overdue(blood_pressure, 36 h)\"" => "'overdue(\"bp-waning-signs\", 36 h)'";
    question_phones_cannot_show: "questionnaires/bp-warning-signs.json", "\"type\": \"boolean\"" => "\"type\": \"attachment\"";
    not_json: "questionnaires/bp-warning-signs.json", "\"version\": \"1\"," => "\"version\": \"1\"";
    plan_with_no_time: "plan.toml", "blood_pressure 08:00" => "blood_pressure daily";
    plan_of_what_no_rule_reads: "plan.toml", "\"blood_pressure 20:00\"" => "\"weight 20:00\"";
    plan_of_an_unknown_questionnaire: "plan.toml", "\"blood_pressure 20:00\"" => "\"bp-signs 20:00\"";
    plan_that_asks_for_an_unknown_limit: "plan.toml", "target_systolic" => "target_sistolic";
    plan_that_asks_for_an_unknown_tag: "plan.toml", "\"pregnant\"" => "\"tall\"";
    plan_without_what_is_watched_for_silence: "plan.toml", "\"blood_pressure 08:00\", \"blood_pressure 20:00\"" => "\"bp-warning-signs 08:00\"";
    words_for_an_answer_to_nothing: "advice.toml", "[[education]]" => "[[answer]]\nquestion = \"warning_sign\"\nany_of = [\"yes\"]\nsay = \"Call 999.\"\nwhy = \"local\"\n\n[[education]]";
    words_for_no_answer: "advice.toml", "[[education]]" => "[[answer]]\nquestion = \"warning_signs\"\nany_of = [\"often\"]\nsay = \"Call 999.\"\nwhy = \"local\"\n\n[[education]]";
    words_for_an_answer_that_promise: "advice.toml", "[[education]]" => "[[answer]]\nquestion = \"warning_signs\"\nany_of = [\"yes\"]\nsay = \"A nurse has been told.\"\nwhy = \"local\"\n\n[[education]]";
    band_of_an_unknown_limit: "advice.toml", "below     = \"low_systolic\"" => "below     = \"low_sistolic\"";
    advice_that_is_never_shown: "advice.toml", "severe_systolic" => "180 mmHg\"\nsay = \"Rest.\"\nwhy = \"local\"\n\n[[band]]\ncomponent   = \"systolic\"\nat_or_above = \"190 mmHg";
    scenario_without_a_unit: "scenarios.toml", "systolic 184 mmHg" => "systolic 184";
    scenario_of_a_rule_that_is_gone: "scenarios.toml", "08:12 high severe" => "08:12 high serious";
    scenario_with_an_unknown_key: "scenarios.toml", "phone  = " => "fone  = ";
    rule_that_no_scenario_shows: "scenarios.toml", "expect = [\"2026-03-04 20:00 medium above-target\"]" => "expect = []";
}

#[test]
fn a_file_that_nothing_reads() {
    let mut files = built_in::files();
    files.insert("hypertension/advices.toml".to_owned(), String::new());
    insta::assert_snapshot!(said(&files));
}

/// The pack twice, the second time under another name, with one thing in its questions replaced.
fn twice(from: &str, to: &str) -> BTreeMap<String, String> {
    let mut files = broken("questionnaires/bp-warning-signs.json", from, from);
    let other = broken("questionnaires/bp-warning-signs.json", from, to);
    files.extend(other.into_iter().map(|(path, text)| (path.replacen("hypertension", "pressure", 1), text)));
    files
}

#[test]
fn two_packs_ask_the_same_in_the_same_words() {
    let question = "\"title\": \"How you feel now\"";
    assert_eq!(said(&twice(question, question)), "");
    insta::assert_snapshot!(said(&twice(question, "\"title\": \"How are you\"")));
    // A later version in one pack alone is other content too.
    assert!(!said(&twice("\"version\": \"1\"", "\"version\": \"2\"")).is_empty());
}

#[test]
fn a_failing_scenario_shows_its_timeline() {
    // It asks first, and then waits twice as long as was promised.
    let files = broken("rules.toml", "within = \"15 min\"", "within = \"30 min\"");
    let rulebook = Rulebook::from_files(files).expect("it can be read");
    let outcomes = replay::replay_all(&rulebook).expect("its scenarios can be read");
    let failed: Vec<String> = outcomes
        .iter()
        .filter(|outcome| !outcome.passed())
        .map(|outcome| format!("{}\n{}", outcome.scenario.name, outcome.timeline()))
        .collect();
    insta::assert_snapshot!(failed.join("\n"));
}

/// The hypertension pack with another rule, whose `when` is made of so many conditions or limits.
fn with_a_rule_of(conditions: usize, limits: usize) -> BTreeMap<String, String> {
    let names: Vec<String> = (0..limits).map(|n| format!("extra_{n}")).collect();
    let made: String = names
        .iter()
        .map(|name| format!("{name} = {{ default = \"300 mmHg\", range = \"290..300 mmHg\", why = \"local\" }}\n"))
        .collect();
    let on_limits = names.iter().map(|name| format!("\"systolic >= {name}\""));
    let plain = (0..conditions).map(|n| format!("\"systolic >= {} mmHg\"", 200 + n));
    let when: Vec<String> = on_limits.chain(plain).collect();
    let rule = format!(
        "[rule.extra]\nproblem = \"extra\"\npriority = \"medium\"\nwhen.any = [{}]\nteam = \"Look.\"\nwhy = \"local\"\n\n\
         [rule.silent]",
        when.join(", ")
    );
    let mut files = broken("rules.toml", "[rule.silent]", &rule);
    let text = files.get_mut("hypertension/rules.toml").expect("there");
    *text = text.replacen("[limits]\n", &format!("[limits]\n{made}"), 1);
    files
}

#[test]
fn a_rule_costs_a_known_maximum_to_check() {
    assert!(said(&with_a_rule_of(33, 0)).contains("a list holds at most 32 conditions"));
    assert!(!said(&with_a_rule_of(32, 0)).contains("at most"));
    assert!(said(&with_a_rule_of(0, 20)).contains("extra names more than 6 limits"));
    assert!(!said(&with_a_rule_of(0, 6)).contains("more than"));
}
