//! Every unit that is accepted, of everything that is measured, against an implementation of UCUM that is not ours (npm
//! `@lhncbc/ucum-lhc`): there, and back.

use std::io::Write;
use std::process::{Command, Stdio};

use alert_rules::unit::{accepted, in_unit};
use alert_rules::{Component, normalise};
use serde_json::{Value, json};

/// Both sides compute in binary with another order of steps; anything more is another factor.
const NEAR: f64 = 1e-12;
/// Grams in a mole of glucose, as clinical practice has it: 18.016 mg/dL are a millimole in a litre.
const GLUCOSE: f64 = 180.16;

fn ucum(questions: &[Value]) -> Vec<f64> {
    let mut child = Command::new("node")
        .arg("tests/units.mjs")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/web"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is there: `make test` looks for it");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(json!(questions).to_string().as_bytes()).expect("it listens");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    serde_json::from_slice(&output.stdout).expect("numbers")
}

#[test]
fn ucum_converts_each_accepted_unit_to_the_same_value() {
    let mut questions = Vec::new();
    let mut ours = Vec::new();
    for component in Component::ALL {
        let canonical = component.dimension().unit();
        let molar_mass = (component == Component::Glucose).then_some(GLUCOSE);
        let possible = component.facts().possible;
        // A number of steps has no unit of its own: UCUM's `1`.
        let canonical = if canonical.is_empty() { "1" } else { canonical };
        for unit in accepted(component) {
            for step in 0..=200 {
                let value = possible.from + (possible.to - possible.from) * f64::from(step) / 200.0;
                // As instruments show values: two digits at the most. Levels of consciousness are whole.
                let digits = if component == Component::Consciousness { 1.0 } else { 100.0 };
                let given = (in_unit(component, value, unit).expect("accepted") * digits).round() / digits;
                let found = normalise(component, given, unit).expect("accepted");
                questions.push(json!({ "value": given, "unit": unit, "to": canonical, "molarMass": molar_mass }));
                ours.push((component, given, unit, found));
                let back = in_unit(component, found, unit).expect("accepted");
                questions.push(json!({ "value": found, "unit": canonical, "to": unit, "molarMass": molar_mass }));
                ours.push((component, found, canonical, back));
            }
        }
    }
    let theirs = ucum(&questions);
    assert_eq!(theirs.len(), ours.len());
    for ((component, given, unit, ours), theirs) in ours.into_iter().zip(theirs) {
        let difference = (ours - theirs).abs();
        let name = component.name();
        assert!(difference <= NEAR * ours.abs().max(1.0), "{given} {unit} of {name}: {ours}, and UCUM says {theirs}");
    }
}
