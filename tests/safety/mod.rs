//! The safety case (`docs/safety/`) says what is so: every test that it names is there, every promise has its controls, every risk is
//! that of the matrix, and nothing that is not built is counted.

mod known;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use known::{root, text};

/// Severity from minor to catastrophic, for each likelihood: DCB0129's matrix, as the hazard log gives it with its source.
const MATRIX: [(&str, [u8; 5]); 5] = [
    ("Very high", [3, 4, 4, 5, 5]),
    ("High", [2, 3, 3, 4, 5]),
    ("Medium", [2, 2, 3, 3, 4]),
    ("Low", [1, 2, 2, 3, 4]),
    ("Very low", [1, 1, 2, 2, 3]),
];
const SEVERITIES: [&str; 5] = ["Minor", "Significant", "Considerable", "Major", "Catastrophic"];
const PROMISES: u8 = 40;

/// Whether anything holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Held,
    /// Not built, or built and not tested.
    Open,
    /// Of the organisation that deploys it.
    Transferred,
}

/// One control of a hazard, or one threat with its answer:
/// ``- **H01.2** design, open (R27): …`` and below it, indented, one line ``- `evidence` `` for each test.
#[derive(Debug)]
struct Control {
    id: String,
    state: State,
    /// Promises (`R1`) and hazards (`H01`) that stand in brackets.
    about: Vec<String>,
    evidence: Vec<String>,
}

#[derive(Debug, Default)]
struct Hazard {
    id: String,
    name: String,
    initial: Option<Risk>,
    residual: Option<Risk>,
    /// Words in bold that begin a line: causes, effect, and the like.
    parts: BTreeSet<String>,
    status: String,
    /// Controls that the residual risk counts.
    counted: Vec<String>,
    controls: Vec<Control>,
}

#[derive(Clone, Debug, PartialEq)]
struct Risk {
    severity: String,
    likelihood: String,
    risk: u8,
}

fn document(name: &str) -> String {
    text(&root().join("docs/safety").join(name))
}

/// The cells of a line of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inside = line.strip_prefix("| ")?.strip_suffix(" |")?;
    Some(inside.split(" | ").map(str::trim).collect())
}

fn controls(text: &str) -> Vec<Control> {
    let mut found: Vec<Control> = Vec::new();
    for line in text.lines() {
        if let Some((id, rest)) = line.strip_prefix("- **").and_then(|rest| rest.split_once("** ")) {
            let (head, _) = rest.split_once(':').unwrap_or_else(|| panic!("{id}: a colon ends its head"));
            let (kind, about) = head.split_once(" (").unwrap_or((head, ""));
            let state = match kind.split_once(", ") {
                None => State::Held,
                Some((_, "open")) => State::Open,
                Some((_, "transferred")) => State::Transferred,
                Some((_, other)) => panic!("{id}: {other} is neither open nor transferred"),
            };
            let about = about.trim_end_matches(')').split(", ").filter(|name| !name.is_empty()).map(str::to_owned);
            found.push(Control { id: id.to_owned(), state, about: about.collect(), evidence: Vec::new() });
        } else if let Some(evidence) = line.strip_prefix("  - `") {
            let control = found.last_mut().expect("evidence stands below a control");
            control.evidence.push(evidence.trim_end_matches('`').to_owned());
        }
    }
    found
}

fn hazards() -> Vec<Hazard> {
    let log = document("hazard-log.md");
    let numbered =
        |section: &&str| section.strip_prefix('H').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    log.split("\n## ").filter(numbered).map(hazard).collect()
}

fn hazard(section: &str) -> Hazard {
    let (title, rest) = section.split_once('\n').expect("a title");
    let (number, name) = title.split_once(' ').expect("a number and a name");
    let mut hazard = Hazard { id: number.to_owned(), name: name.to_owned(), ..Hazard::default() };
    for line in rest.lines() {
        if let Some((part, rest)) = line.strip_prefix("**").and_then(|line| line.split_once(".** ")) {
            hazard.parts.insert(part.to_owned());
            if part == "Status" {
                hazard.status = rest.trim_end_matches('.').to_owned();
            } else if part == "Residual risk counts" {
                let (counted, _) = rest.split_once(':').expect("a colon ends what is counted");
                hazard.counted = counted.split(", ").filter(|id| *id != "nothing").map(str::to_owned).collect();
            }
        } else if let Some([which, severity, likelihood, risk]) = cells(line).as_deref() {
            let risk = risk.parse().ok().map(|risk| Risk {
                severity: (*severity).to_owned(),
                likelihood: (*likelihood).to_owned(),
                risk,
            });
            match *which {
                "initial" => hazard.initial = risk,
                "residual" => hazard.residual = risk,
                _ => {}
            }
        }
    }
    hazard.controls = controls(rest);
    hazard
}

fn by_matrix(risk: &Risk) -> Option<u8> {
    let (_, risks) = MATRIX.iter().find(|(likelihood, _)| *likelihood == risk.likelihood)?;
    Some(risks[SEVERITIES.iter().position(|severity| *severity == risk.severity)?])
}

#[test]
fn every_test_that_it_names_is_there() {
    let known = known::evidence();
    let mut wrong = Vec::new();
    for name in ["hazard-log.md", "threat-model.md"] {
        let controls = controls(&document(name));
        assert!(controls.len() > 20, "{name} is read");
        for control in controls {
            if (control.state == State::Held) == control.evidence.is_empty() {
                wrong.push(format!("{name}, {}: what is held names its tests, and nothing else does", control.id));
            }
            let missing = control.evidence.iter().filter(|evidence| !known.contains(*evidence));
            wrong.extend(missing.map(|evidence| format!("{name}, {}: there is no test {evidence}", control.id)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_hazard_is_whole_and_its_risks_are_those_of_the_matrix() {
    let hazards = hazards();
    let ids: Vec<String> = hazards.iter().map(|hazard| hazard.id.clone()).collect();
    assert_eq!(ids, (1..=hazards.len()).map(|number| format!("H{number:02}")).collect::<Vec<_>>());
    for hazard in &hazards {
        let id = &hazard.id;
        for part in ["Description", "Causes", "Effect", "Owner", "Status", "Residual risk counts"] {
            assert!(hazard.parts.contains(part), "{id}: “{part}” is missing");
        }
        let (Some(initial), Some(residual)) = (&hazard.initial, &hazard.residual) else {
            panic!("{id}: a risk is missing");
        };
        for risk in [initial, residual] {
            assert_eq!(by_matrix(risk), Some(risk.risk), "{id}: {risk:?}");
        }
        assert_eq!(initial.severity, residual.severity, "{id}: our controls make harm rarer, not smaller");
        let numbered = (1..=hazard.controls.len()).map(|number| format!("{id}.{number}")).collect::<Vec<_>>();
        assert_eq!(hazard.controls.iter().map(|control| control.id.clone()).collect::<Vec<_>>(), numbered);
        assert!(!numbered.is_empty(), "{id} has no control");
        for counted in &hazard.counted {
            let control = hazard.controls.iter().find(|control| control.id == *counted);
            assert_eq!(control.map(|control| control.state), Some(State::Held), "{id} counts {counted}");
        }
        assert!(!hazard.counted.is_empty() || initial == residual, "{id} is smaller for no reason");
    }
}

#[test]
fn the_tables_say_what_the_hazards_say() {
    let log = document("hazard-log.md");
    let rows: Vec<Vec<&str>> = log.lines().filter_map(cells).collect();
    for (likelihood, risks) in MATRIX {
        let wanted: Vec<String> =
            [likelihood.to_owned()].into_iter().chain(risks.map(|risk| risk.to_string())).collect();
        assert!(rows.iter().any(|row| *row == wanted), "the matrix has no row {wanted:?}");
    }
    let overview: Vec<Vec<&str>> = rows.into_iter().filter(|row| row[0].starts_with('H') && row.len() == 5).collect();
    let hazards = hazards();
    let risk = |risk: &Option<Risk>| risk.as_ref().map_or(0, |risk| risk.risk).to_string();
    let wanted: Vec<Vec<String>> = hazards
        .iter()
        .map(|hazard| {
            let words = [&hazard.id, &hazard.name, &risk(&hazard.initial), &risk(&hazard.residual), &hazard.status];
            words.into_iter().cloned().collect()
        })
        .collect();
    assert_eq!(overview, wanted);
}

#[test]
fn every_promise_has_its_controls_and_says_how_far_it_is_held() {
    let mut states: BTreeMap<String, Vec<State>> = BTreeMap::new();
    for control in hazards().into_iter().flat_map(|hazard| hazard.controls) {
        for promise in control.about {
            states.entry(promise).or_default().push(control.state);
        }
    }
    let wanted: Vec<(String, &str)> = (1..=PROMISES)
        .map(|number| format!("R{number}"))
        .map(|promise| {
            let of = states.get(&promise).unwrap_or_else(|| panic!("no control is for {promise}"));
            let state = match (of.contains(&State::Held), of.contains(&State::Open)) {
                (true, false) => "held",
                (true, true) => "in part",
                (false, _) => "open",
            };
            (promise, state)
        })
        .collect();
    let promises = document("promises.md");
    let said: Vec<(String, &str)> = promises
        .lines()
        .filter_map(cells)
        .filter(|row| row[0].strip_prefix('R').is_some_and(|number| number.parse::<u8>().is_ok()))
        .map(|row| (row[0].to_owned(), row[row.len() - 1]))
        .collect();
    assert_eq!(said, wanted);
    let unknown: Vec<&String> =
        states.keys().filter(|name| !wanted.iter().any(|(promise, _)| promise == *name)).collect();
    assert!(unknown.is_empty(), "no such promise: {unknown:?}");
}

#[test]
fn every_threat_leads_to_a_hazard() {
    let known: BTreeSet<String> = hazards().into_iter().map(|hazard| hazard.id).collect();
    let threats = controls(&document("threat-model.md"));
    let ids: BTreeSet<&String> = threats.iter().map(|threat| &threat.id).collect();
    assert_eq!(ids.len(), threats.len(), "a threat has a number of its own");
    for threat in &threats {
        let leads = threat.about.iter().any(|name| known.contains(name));
        let strange: Vec<_> =
            threat.about.iter().filter(|name| name.starts_with('H') && !known.contains(*name)).collect();
        assert!(
            leads && strange.is_empty(),
            "{} leads to no hazard, or to one that is not there: {strange:?}",
            threat.id
        );
    }
}

/// What is read from the sources of this binary is what cargo runs.
#[test]
fn the_sources_are_read_as_cargo_reads_them() {
    let listed = |more: &[&str]| -> BTreeSet<String> {
        let output = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--list", "--format", "terse"])
            .args(more)
            .output()
            .expect("it lists its tests");
        let text = String::from_utf8(output.stdout).expect("text");
        text.lines()
            .filter_map(|line| line.strip_suffix(": test"))
            .map(|name| format!("--test derwent {name}"))
            .collect()
    };
    let run: BTreeSet<String> = listed(&[]).difference(&listed(&["--ignored"])).cloned().collect();
    assert!(run.contains("--test derwent safety::the_sources_are_read_as_cargo_reads_them"));
    let read = known::of_this_binary();
    let differ: Vec<&str> = read.symmetric_difference(&run).map(String::as_str).collect();
    assert!(differ.is_empty(), "read or listed, and not both:\n{}", differ.join("\n"));
}
