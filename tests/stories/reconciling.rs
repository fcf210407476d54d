//! `derwent doctor --reconcile` on a ward with a past: what is right adds up, and each thing that is broken is found, with what to do.

use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::replica::{Replica, Wires};
use crate::harness::service::derwent;
use crate::harness::ward::{Ward, at, facts};

pub fn no_wires() -> Wires {
    let folder = tempfile::tempdir().expect("a folder").keep();
    Wires { smtp_url: format!("file:{}", folder.display()), ..Wires::default() }
}

/// What the doctor says: of each thing its state and sentence, and the sums.
pub struct Said(Value);

impl Said {
    pub fn by(ward: &Ward) -> Self {
        let output = derwent()
            .args(["doctor", "--reconcile", "--json", "--sample", "100", "--seed", "7"])
            .env("DERWENT_DATABASE_URL", &ward.database.url)
            .env("DERWENT_SMTP_URL", "smtp://127.0.0.1:1")
            .output()
            .expect("the binary starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Self(serde_json::from_str(&text).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))))
    }

    /// Of everything that reconciling looks at.
    pub fn wrong(&self) -> Vec<(String, String)> {
        let reconciling =
            ["sums", "ledger", "rows", "ranges", "queued", "failed", "told", "to be paged", "judged again"];
        let findings = self.0["findings"].as_array().expect("findings");
        let text = |finding: &Value, name: &str| finding[name].as_str().expect("text").to_owned();
        let wrong = findings.iter().filter(|finding| finding["state"] == "wrong");
        let wrong = wrong.map(|finding| (text(finding, "what"), text(finding, "sentence")));
        wrong.filter(|(what, _)| reconciling.contains(&what.as_str())).collect()
    }

    pub fn of(&self, what: &str) -> String {
        let wrong = self.wrong();
        let found = wrong.iter().find(|(found, _)| found == what);
        found.unwrap_or_else(|| panic!("nothing wrong with {what}, only {wrong:?}")).1.clone()
    }

    pub fn step(&self, step: &str) -> (i64, Vec<(String, i64)>) {
        let steps = self.0["reconciled"]["steps"].as_array().expect("steps");
        let found = steps.iter().find(|found| found["step"] == step).unwrap_or_else(|| panic!("no step {step}"));
        let parts = found["parts"].as_array().expect("parts").iter();
        let parts = parts.map(|part| (part["name"].as_str().unwrap().to_owned(), part["count"].as_i64().unwrap()));
        (found["count"].as_i64().unwrap(), parts.collect())
    }

    pub fn sample(&self, what: &str) -> i64 {
        self.0["reconciled"]["sample"][what].as_i64().expect("a number")
    }
}

/// Three weeks in which people measure, late and on time, plans change, rules change, and somebody's episode ends and begins again.
async fn a_past(ward: &Ward, replica: &Replica) -> Vec<Uuid> {
    let mut patients = Vec::new();
    for _ in 0..4 {
        patients.push(ward.patient(&["hypertension"]).await);
    }
    for day in 2..22_i64 {
        let morning = at("2026-03-01T08:00:00Z") + SignedDuration::from_hours(24 * (day - 1));
        // Not by way of every quarter of an hour in which somebody is paged again.
        replica.parts.clock.step(morning);
        replica.settle().await;
        for (place, patient) in (0..).zip(&patients) {
            if (day + place) % 5 == 4 {
                // Silent today; yesterday's comes late, and some are bad.
                continue;
            }
            let systolic =
                [128.0, 139.0, 186.0, 142.0, 88.0, 226.0, 151.0][usize::try_from(day * 3 + place).unwrap() % 7];
            ward.pressure(*patient, systolic, 79.0).await;
            if (day + place) % 3 == 0 {
                let late = morning - SignedDuration::from_hours(9 * place + 2);
                ward.pressure_taken(*patient, late, 190.0 - systolic / 10.0, 84.0, None).await;
            }
        }
        match day {
            6 => ward.set_facts(patients[0], &facts(&[])).await,
            9 => ward.set_facts(patients[0], &facts(&["hypertension"])).await,
            11 => ward.set_facts(patients[1], &with_a_limit()).await,
            // More than thirty days old: on the chart alone.
            15 => drop(ward.pressure_taken(patients[2], at("2026-01-20T08:00:00Z"), 231.0, 131.0, None).await),
            _ => {}
        }
        replica.settle().await;
    }
    patients
}

fn with_a_limit() -> Value {
    let mut facts = facts(&["hypertension"]);
    let limit = json!({ "value": 165, "unit": "mmHg", "by": "Ida", "why": "frail" });
    facts["plan"]["limits"] = json!({ "hypertension/severe_systolic": limit });
    facts
}

async fn run(ward: &Ward, statement: &'static str) {
    sqlx::raw_sql(statement).execute(&ward.pool).await.expect(statement);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_right_adds_up_and_what_is_broken_is_found_with_what_to_do() {
    let ward = Ward::open("2026-03-01T08:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let replica = ward.replica(&no_wires()).await;
    let patients = a_past(&ward, &replica).await;
    let said = Said::by(&ward);
    assert_eq!(said.wrong(), [], "a ward without a fault");
    let stored = ward.count("SELECT count(*) FROM submission").await;
    assert_eq!(said.step("received"), (stored, vec![("stored".to_owned(), stored)]));
    assert_eq!(said.step("stored"), (stored, vec![("judged".to_owned(), stored)]));
    assert_eq!((said.sample("compared"), said.sample("differences")), (4, 0));
    assert!(said.sample("findings") > 10 && said.sample("days") > 70, "{}", said.0["reconciled"]["sample"]);

    // Each is broken, found, and put right again.
    run(&ward, "CREATE TABLE kept AS SELECT * FROM finding").await;
    for (broken, wanted) in [
        (
            "UPDATE finding SET end_at = end_at + interval '1 minute'
             WHERE ctid = (SELECT min(ctid) FROM finding WHERE end_at IS NOT NULL)",
            "differs in end",
        ),
        (
            "UPDATE finding SET finding = jsonb_set(finding, '{priority}', '\"low\"') WHERE priority = 'high'",
            "differs in priority",
        ),
        ("DELETE FROM finding WHERE ctid = (SELECT min(ctid) FROM finding WHERE priority = 'high')", "is missing"),
        (
            "INSERT INTO finding (patient, problem, start_at, end_at, organisation, kind, priority, rule, finding, evaluation)
             SELECT patient, problem, start_at + interval '1 s', end_at, organisation, kind, priority, rule, finding, evaluation
             FROM finding WHERE priority = 'high' LIMIT 1",
            "should not be there",
        ),
    ] {
        run(&ward, broken).await;
        let sentence = Said::by(&ward).of("judged again");
        assert!(sentence.contains(wanted) && sentence.contains("derwent admin patient judge"), "{sentence}");
        assert!(!sentence.contains("mmHg") && !sentence.contains("Canary"), "{sentence}");
        run(&ward, "DELETE FROM finding; INSERT INTO finding SELECT * FROM kept").await;
    }
    for Broken { how, what, wanted, mended } in BROKEN {
        run(&ward, how).await;
        let said = Said::by(&ward);
        let sentence = said.of(what);
        assert!(sentence.contains(wanted), "{what}: {sentence}");
        run(&ward, mended).await;
        assert_eq!(Said::by(&ward).wrong(), [], "{what} was put right");
    }

    // What the sentences advise puts it right: a reading that fell out of the queue, and a finding that is gone.
    run(&ward, "UPDATE patient_judged SET lease_until = now() + interval '1 hour'").await;
    ward.pressure(patients[3], 131.0, 77.0).await;
    let waiting = Said::by(&ward);
    assert_eq!(waiting.wrong(), [], "it waits in the queue");
    assert_eq!(waiting.step("stored").1[1], ("waiting in the queue".to_owned(), 1));
    run(&ward, "DELETE FROM arrival; DELETE FROM finding WHERE start_at = (SELECT max(start_at) FROM finding)").await;
    let said = Said::by(&ward);
    assert!(said.of("queued").contains(&patients[3].to_string()), "{}", said.of("queued"));
    assert!(said.of("judged again").contains("is missing"));
    for patient in &patients {
        let now = ward.clock.care_now().to_string();
        let judged = derwent()
            .args(["admin", "patient", "judge", "--patient", &patient.to_string(), "--care-time", &now])
            .env("DERWENT_DATABASE_URL", &ward.database.url)
            .output()
            .expect("the binary starts");
        assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
    }
    run(&ward, "UPDATE patient_judged SET lease_until = NULL").await;
    replica.settle().await;
    assert_eq!(Said::by(&ward).wrong(), []);
    ward.assert_tiled().await;
    replica.stop().await;
    ward.close().await;
}

/// A fault, what of the doctor's finds it, in which words, and how it is undone.
struct Broken {
    how: &'static str,
    what: &'static str,
    wanted: &'static str,
    mended: &'static str,
}

const BROKEN: [Broken; 7] = [
    Broken {
        how: "UPDATE patient_judged SET judged_through = judged_through - 2
              WHERE patient = (SELECT min(patient::text)::uuid FROM patient_judged)",
        what: "ranges",
        wanted: "set patient_judged.judged_through to where the ranges end",
        mended: "UPDATE patient_judged SET judged_through = judged_through + 2
                 WHERE patient = (SELECT min(patient::text)::uuid FROM patient_judged)",
    },
    Broken {
        how: "CREATE TABLE gone AS SELECT evaluation, from_seq, to_seq FROM evaluation WHERE from_seq = 1;
              UPDATE evaluation SET from_seq = NULL, to_seq = NULL WHERE from_seq = 1",
        what: "ranges",
        wanted: "1 holes",
        mended: "UPDATE evaluation SET from_seq = gone.from_seq, to_seq = gone.to_seq FROM gone
                 WHERE gone.evaluation = evaluation.evaluation; DROP TABLE gone",
    },
    Broken {
        how: "CREATE TABLE gone AS SELECT * FROM submission WHERE seq = 3; DELETE FROM submission WHERE seq = 3",
        what: "ledger",
        wanted: "restore the rows from a backup",
        mended: "INSERT INTO submission SELECT * FROM gone; DROP TABLE gone",
    },
    Broken {
        how: "CREATE TABLE gone AS SELECT * FROM submission WHERE seq = 3; DELETE FROM submission WHERE seq = 3",
        what: "sums",
        wanted: "what became of them is",
        mended: "INSERT INTO submission SELECT * FROM gone; DROP TABLE gone",
    },
    Broken {
        how: "CREATE TABLE gone AS SELECT * FROM reading WHERE seq = 3; DELETE FROM reading WHERE seq = 3",
        what: "rows",
        wanted: "reading 4",
        mended: "INSERT INTO reading SELECT * FROM gone; DROP TABLE gone",
    },
    Broken {
        how: "CREATE TABLE gone AS SELECT alert, worst FROM alert; UPDATE alert SET worst = jsonb_set(worst, '{firings}', '[]')",
        what: "told",
        wanted: "blood pressure high since",
        mended: "UPDATE alert SET worst = gone.worst FROM gone WHERE gone.alert = alert.alert; DROP TABLE gone",
    },
    Broken {
        how: "CREATE TABLE gone AS SELECT alert, next_step_at FROM alert; UPDATE alert SET next_step_at = NULL",
        what: "to be paged",
        wanted: "open the worklist now",
        mended: "UPDATE alert SET next_step_at = gone.next_step_at FROM gone WHERE gone.alert = alert.alert; DROP TABLE gone",
    },
];

/// Pounds typed for kilograms, and kilograms before the minute is over that a phone has to show the ask: it is found, nobody has to hear of it, and nothing is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn a_slip_that_was_set_right_is_nobody_untold() {
    let ward = Ward::open("2026-03-01T08:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let replica = ward.replica(&no_wires()).await;
    let patient = ward.patient(&["heart-failure"]).await;
    for (now, kg) in [("2026-03-01T08:10:00Z", 80.0), ("2026-03-02T08:00:00Z", 176.4), ("2026-03-02T08:00:40Z", 80.2)] {
        replica.step(now).await;
        ward.weight(patient, kg).await;
        replica.settle().await;
    }
    replica.step("2026-03-02T10:00:00Z").await;
    assert_eq!(ward.count("SELECT count(*) FROM finding WHERE problem = 'weight up'").await, 1);
    assert_eq!(ward.count("SELECT count(*) FROM alert WHERE problem = 'weight up'").await, 0);
    let said = Said::by(&ward);
    assert_eq!(said.wrong(), []);
    assert!(said.step("found").1.contains(&("over before anybody had to hear".to_owned(), 1)));
    replica.stop().await;
    ward.close().await;
}
