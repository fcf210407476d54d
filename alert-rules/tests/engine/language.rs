//! The rule language as its writers meet it: what it understands, and how it says no.

use alert_rules::Rulebook;
use std::collections::BTreeMap;

fn pack_with(when: &str) -> Result<Rulebook, String> {
    let text = format!(
        "[pack]\ntitle = 'x'\ncover = 'x'\nsource = 'x'\nversion = '1'\n\n[limits]\nsevere = {{ default = '180 mmHg', range = '160..200 mmHg' }}\n\n\
         [rule.x]\nproblem = 'x'\npriority = 'low'\nwhen = '''{when}'''\n"
    );
    Rulebook::from_files(BTreeMap::from([("x/rules.toml".to_owned(), text)]))
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

#[test]
fn understood() {
    for when in [
        "systolic >= severe",
        "systolic >= severe - 10 mmHg and diastolic > 90 mm[Hg]",
        "spo2 in 88..92 %",
        "glucose < 4.0 mmol/L or glucose > 15 mmol/L",
        "not (pregnant or on_oxygen)",
        "mean(systolic, over 7 days, at least 8) >= severe",
        "median(pulse, last 4, at least 4) > 100 /min",
        "rise(weight, over 3 days, at least 2) > 2 kg",
        "mean(weight, over 4 days, at least 3) - mean(weight, over 15 days before those, at least 8) > 1.5 kg",
        "count(glucose < 4.0 mmol/L, over 24 h) >= 2",
        "min(glucose, over 72 h) < 3.0 mmol/L",
        "overdue(blood_pressure, 36 h) and lives_alone",
        "answer(\"breathless\") = \"more\"",
        "answer(\"pain\") >= 7",
        "answer(\"warning_signs\") != no",
        "together(systolic < 100 mmHg and pulse > 110 /min, 30 min)",
        "age_of_patient >= 80 years",
        "weight / 2 > 40 kg",
        "systolic / diastolic > 2",
        "-rise(temperature, over 24 h) < 1 Cel",
        "temperature >= 38.5 °C",
        "stddev(systolic, over 7 days, at least 8) > 15 mmHg",
        "slope(weight, over 7 days, at least 4) >= 0.3 kg/day",
        "slope(pulse, over 72 h, at least 4) < -2 /min/day",
        "slope(steps, over 14 days, at least 7) < -100 /day",
        "all(systolic >= severe, over 3 days, at least 4)",
        "any(spo2 < 92 %, last 3)",
        "not all(spo2 in 88..92 %, over 24 h, at least 3)",
        "sustained(pulse > 110 /min, 2 h)",
        "sustained(systolic >= severe or diastolic >= 110 mmHg, 90 min)",
        "home_average(systolic) >= 135 mmHg",
        "systolic < 80 % of severe",
        "news2 >= 5",
        "news2.lower_bound > 6",
        "news2.any_three and not on_oxygen",
        "not (news2.lower_bound >= 5)",
        "consciousness != alert",
        "irregular_pulse = yes",
        "systolic < 100 mmHg and standing != no",
        "count(irregular_pulse = yes, over 7 days) >= 2",
        "all(systolic >= severe and standing = no, over 3 days, at least 4)",
        "postural_fall(systolic) >= 20 mmHg or postural_fall(diastolic) >= 10 mmHg",
        "consciousness >= responds_to_voice",
        "mean(weight, over 4 days, at least 3) > 105 % of mean(weight, over 15 days before those, at least 8)",
    ] {
        if let Err(problem) = pack_with(when) {
            panic!("{when}\n{problem}");
        }
    }
}

#[test]
fn refused_with_a_reason() {
    for (when, expected) in [
        ("systolic >= 18", "a value in mmHg cannot meet a plain number"),
        ("systolic >= 80 kg", "a value in mmHg cannot meet a value in kg"),
        ("glucose > 250 mg/dL", "mg/dL is not a unit that rules know"),
        ("temperature > 101 [degF]", "a rule counts in Cel"),
        ("systolc > 180 mmHg", "systolc is not a vital, a limit of this pack or a tag"),
        ("systolic > 180 mmHG", "mmHG is not a unit that rules know"),
        ("mean(systolic, over 7 days) > severe", "of how many readings at the least?"),
        ("slop(weight, over 7 days) > 1 kg", "slop is not a function"),
        ("slope(weight, over 7 days, at least 4) > 1 kg", "a value in kg/day cannot meet a value in kg"),
        ("slope(weight, over 7 days) > 1 kg/day", "of how many readings at the least?"),
        ("stddev(weight, over 7 days, at least 1) > 1 kg", "one reading has no spread and no slope"),
        ("slope(temperature, over 7 days, at least 4) > 1 [degF]/day", "[degF]/day is not a unit that rules know"),
        ("all(systolic > 150 mmHg, over 3 days)", "of how many readings at the least?"),
        ("all(pregnant, over 3 days, at least 2)", "this is asked of each reading by itself"),
        ("any(mean(weight, over 3 days, at least 2) > 80 kg, last 3)", "this is asked of each reading by itself"),
        ("sustained(sustained(pulse > 110 /min, 2 h), 2 h)", "this is asked of each reading by itself"),
        ("all(5 > 4, over 3 days, at least 2)", "this is asked of the readings of one vital"),
        ("sustained(pulse > 110 /min)", "expected ,, found )"),
        ("sustained(pulse > 110 /min, 91 days)", "a time is between a second and 90 days"),
        ("all(systolic > 150 mmHg, over 3 days, at least 4) >= 2", "this is a condition, not a quantity"),
        ("home_average(weight) > 80 kg", "the home average is of a blood pressure"),
        ("news2.lower_bound < 5", "a lower bound says only that it is at least so much"),
        ("5 > news2.lower_bound", "a lower bound says only that it is at least so much"),
        ("news2.lower_bound + 1 >= 5", "a lower bound says only that it is at least so much"),
        ("news2.lower_bound in 1..4", "a lower bound says only that it is at least so much"),
        ("news2.any_tree", "did you mean news2.any_three?"),
        ("all(news2 >= 5, over 3 days, at least 2)", "this is asked of each reading by itself"),
        ("consciousness >= 1", "a level of consciousness cannot meet a plain number"),
        ("consciousness = awake", "awake is not a vital, a limit of this pack or a tag"),
        ("80 % of pregnant > 3 kg", "this is a condition, not a quantity"),
        ("systolic > severe and pulse > 100 /min", "blood pressure and pulse are measured apart"),
        ("weight * weight > 3 kg", "a value in kg and a value in kg cannot be multiplied or divided"),
        ("systolic", "this is a quantity, not a condition"),
        ("overdue(systolic, 36 h)", "systolic is not a vital that can be due"),
        ("blood_pressure > 180 mmHg", "blood_pressure is several numbers"),
        ("mean(weight, over 91 days, at least 2) > 80 kg", "a window is at most 90 days"),
        ("mean(weight, over 4 days before those, at least 2) > 80 kg", "before which?"),
        ("spo2 in 92..88 %", "the range ends before it begins"),
        ("pregnant >= 1", "this is a condition, not a quantity"),
        ("systolic > severe diastolic", "expected the end, and, or, found diastolic"),
        ("answer(\"x\") > yes", "words are only equal or not"),
        ("standing", "standing is yes or no"),
        ("standing = 1", "standing is yes or no"),
        ("standing >= no", "standing is yes or no"),
        ("standing = \"tall\"", "standing is yes or no"),
        ("standing in 0..1", "standing is yes or no"),
        ("irregular_pulse = standing", "irregular_pulse is yes or no"),
        ("2 * irregular_pulse > 1", "irregular_pulse is yes or no"),
        ("max(standing, over 7 days) = yes", "standing is yes or no"),
        (
            "count(irregular_pulse = yes and pulse > 100 /min, last 3) > 1",
            "blood pressure and pulse are measured apart",
        ),
        ("overdue(standing, 36 h)", "standing is not a vital that can be due"),
        ("postural_fall(pulse) > 20 /min", "the postural fall is of a blood pressure"),
    ] {
        let problem = pack_with(when).err().unwrap_or_else(|| panic!("{when} was understood"));
        assert!(problem.contains(expected), "{when}\n{problem}");
    }
}

#[test]
fn the_caret_stands_under_the_mistake() {
    let problem = pack_with("systolic >= 180 mmHG").expect_err("mmHG");
    let expected = "x/rules.toml:13:27: mmHG is not a unit that rules know
  when = '''systolic >= 180 mmHG'''
                            ^^^^
  hint: did you mean mmHg?";
    assert_eq!(problem, expected);
}

#[test]
fn nesting_and_length_are_bounded() {
    let deep = format!("{}pregnant{}", "(".repeat(60), ")".repeat(60));
    assert!(pack_with(&deep).expect_err("deep").contains("nested deeper"));
    let long = vec!["pregnant"; 200].join(" or ");
    assert!(pack_with(&long).expect_err("long").contains("longer than"));
}

#[test]
fn a_files_other_mistakes_are_all_told_at_once() {
    let text = "[pack]\ntitle = 'x'\ncover = 'x'\nsource = 'x'\nvesion = '1'\n\
                [limits]\nlow = { default = '90 mmHg', range = '100..120 mmHg' }\n\
                [rule.x]\nproblem = 'x'\npriority = 'hihg'\nwhen = 'systolic < low'\nwhne = 'x'\n";
    let problems =
        Rulebook::from_files(BTreeMap::from([("x/rules.toml".to_owned(), text.to_owned())])).expect_err("four");
    let told = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for expected in [
        "`vesion` has no meaning here",
        "hint: did you mean `version`?",
        "the default of low is outside its range",
        "a priority is high, medium, low or \"from plan\"",
        "hint: did you mean `when`?",
    ] {
        assert!(told.contains(expected), "{expected} is missing in\n{told}");
    }
}

#[test]
fn the_hash_knows_every_file() {
    let files = alert_rules::built_in::files();
    let one = Rulebook::from_files(files.clone()).expect("built in").hash();
    assert_eq!(one, Rulebook::built_in().hash());
    let mut changed = files;
    changed.insert("hypertension/advice.toml".to_owned(), String::new());
    assert_ne!(one, Rulebook::from_files(changed).expect("reads").hash());
}
