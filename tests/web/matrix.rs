//! Who may ask what about whom: every route of the staff API, as every role, about somebody of the own team, of another team, of
//! another organisation, and about nobody at all. What the real service answers is held against `docs/access-matrix.md`, which
//! people read and sign; a new route is not in it, and fails here until somebody has decided.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use derwent::web::{Access, Question, questions};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::region::{BELPER, Region, Someone, nobody};
use super::world::{Browser, PASSWORD};

const FILE: &str = "docs/access-matrix.md";

/// What a body must hold to be taken; a reason too short, so that the glass stays whole while others are asked.
fn body(path: &str) -> Value {
    match path {
        "/api/alerts/{alert}/acknowledge"
        | "/api/alerts/{alert}/accept"
        | "/api/alerts/{alert}/decline"
        | "/api/alerts/{alert}/release"
        | "/api/alerts/{alert}/rang-no-answer" => json!({ "saw": 1 }),
        "/api/alerts/{alert}/snooze" => {
            json!({ "saw": 0, "until": "2026-03-02T10:00:00Z", "reason": "at the surgery" })
        }
        "/api/alerts/{alert}/offer" => json!({ "saw": 1, "to": Uuid::nil() }),
        "/api/alerts/{alert}/close" => json!({ "saw": 1, "outcome": "no_action", "note": "" }),
        "/api/patients/search" => json!({ "name": "Nobody" }),
        "/api/audit/find" | "/api/break-glass/find" => {
            json!({ "family_name": "Nobody", "date_of_birth": "1950-01-02" })
        }
        "/api/patients/{patient}/break-glass" => json!({ "reason": "asked by the access matrix" }),
        "/api/me/password" => json!({ "password": PASSWORD }),
        "/api/me/passkeys" => json!({ "name": "mine", "credential": {} }),
        "/api/me/contacts" => json!({ "kind": "email", "address": "another@example.org" }),
        "/api/me/contacts/{contact}/confirm" => json!({ "code": "000000" }),
        "/api/me/totp/confirm" => json!({ "code": "000000" }),
        "/api/staff/invitations" => {
            json!({ "email": "new@example.org", "name": "New", "role": "clinician", "profession": "nurse" })
        }
        "/api/teams/{team}/roster/stand-ins" => {
            json!({ "staff": nobody().staff, "from": "2026-03-02T08:00:00Z", "until": "2026-03-02T16:00:00Z" })
        }
        "/api/teams/{team}/roster/leave" => {
            json!({ "staff": nobody().staff, "from": "2026-03-02", "until": "2026-03-04" })
        }
        "/api/teams/{team}/roster/stand-ins/end" => json!({ "stand_in": nobody().staff }),
        "/api/teams/{team}/roster/leave/end" => json!({ "staff": nobody().staff, "leave": nobody().staff }),
        "/api/teams/{team}/roster/shifts" => json!({ "shifts": [] }),
        "/api/teams/{team}/roster/cover" => json!({ "hours": ["all-day"], "keeps_bank_holidays": false }),
        "/api/teams/{team}/policy" => json!({ "content": "" }),
        "/api/staff/{staff}/teams" => json!({ "teams": [] }),
        "/api/patients/{patient}/devices/{device}/revoke" | "/api/patients/{patient}/carers/{carer}/withdraw" => {
            json!({ "why": "asked by the access matrix" })
        }
        "/api/patients/{patient}/carers" => {
            json!({ "name": "Una Bell", "date_of_birth": "1970-05-06", "how": "in person", "sees_record": false })
        }
        "/api/rules/signatures" => {
            let hash = alert_rules::Rulebook::built_in().pack_hash("diabetes");
            json!({ "pack": "diabetes", "files": derwent::publishing::hex(&hash), "registration": "GMC 1234567" })
        }
        "/api/patients/{patient}/pauses" => json!({ "until": "2026-03-20", "why": "asked by the access matrix" }),
        "/api/patients/{patient}/pauses/asked" => json!({ "request": "019ab000-0000-7000-8000-000000000000" }),
        "/api/patients/{patient}/pauses/end" | "/api/patients/{patient}/end" => {
            json!({ "why": "asked by the access matrix" })
        }
        "/api/patients/{patient}/limits" => {
            json!({ "pack": "hypertension", "name": "severe_systolic", "value": 175.0, "why": "asked by the access matrix" })
        }
        "/api/patients/{patient}/limits/end" => {
            json!({ "pack": "hypertension", "name": "severe_systolic", "why": "asked by the access matrix" })
        }
        "/api/patients/{patient}/instruments" => json!({ "serial": "of the matrix", "user": 1 }),
        _ => json!({}),
    }
}

/// Before a session there are no roles: `sign_in.rs` asks these.
const BEFORE_A_SESSION: [&str; 3] = ["/api/sign-in", "/api/sign-out", "/api/invitation"];

/// A question as it is asked: perhaps about somebody behind the `?`.
pub struct Asked<'a> {
    pub question: &'a Question,
    about: Option<&'static str>,
}

/// The kinds of things that questions name.
const NAMED: [&str; 13] = [
    "patient",
    "alert",
    "reference",
    "team",
    "staff",
    "session",
    "device",
    "carer",
    "instrument_user",
    "passkey",
    "contact",
    "page",
    "seq",
];

impl Asked<'_> {
    pub fn title(&self) -> String {
        let about = self.about.map(|name| format!("?{name}={{{name}}}")).unwrap_or_default();
        format!("{} {}{about}", self.question.method, self.question.path)
    }

    pub fn names_somebody(&self) -> bool {
        self.about.is_some() || self.question.path.contains('{')
    }

    fn address(&self, someone: &Someone) -> String {
        let first = "1".to_owned();
        let values = BTreeMap::from([
            ("patient", &someone.patient),
            ("alert", &someone.alert),
            ("reference", &someone.reference),
            ("team", &someone.team),
            ("staff", &someone.staff),
            ("session", &someone.session),
            ("device", &someone.device),
            ("carer", &someone.carer),
            ("instrument_user", &someone.instrument_user),
            ("seq", &first),
            // Nobody here has one: `passkeys.rs` and the pages' story look at those.
            ("passkey", &someone.session),
            ("contact", &someone.session),
            ("page", &someone.page),
        ]);
        let mut path = self.question.path.to_owned();
        for (name, value) in &values {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        assert!(!path.contains('{'), "{}: say in `NAMED` and here what it names", self.question.path);
        let needed = [("vital", "weight"), ("pack", "hypertension"), ("rule", "hypertension/severe")].into_iter();
        let needed = needed.filter(|(name, _)| self.question.query.iter().any(|known| known == name));
        let needed = needed.map(|(name, value)| format!("{name}={value}"));
        let about = self.about.map(|name| format!("{name}={}", values[name]));
        let query: Vec<String> = needed.chain(about).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    /// Status and body; what has no end is not read.
    pub async fn ask(&self, browser: &Browser, someone: &Someone) -> (StatusCode, String) {
        let request = browser.request(self.question.method.clone(), &self.address(someone));
        let request =
            if self.question.method == Method::GET { request } else { request.json(&body(self.question.path)) };
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let endless = self.question.path == "/api/events" && status.is_success();
        let text = if endless { String::new() } else { response.text().await.expect("a body") };
        (status, text)
    }
}

/// Breaking the glass, the end of the monitoring and what is done to staff change what others answer, so they come last.
pub fn all(questions: &[Question]) -> Vec<Asked<'_>> {
    let mut asked = Vec::new();
    for question in questions {
        asked.push(Asked { question, about: None });
        let about = NAMED.into_iter().filter(|name| question.query.iter().any(|known| known == name));
        asked.extend(about.map(|name| Asked { question, about: Some(name) }));
    }
    asked.retain(|asked| !BEFORE_A_SESSION.iter().any(|start| asked.question.path.starts_with(start)));
    asked.sort_by_key(|asked| {
        asked.question.path.ends_with("break-glass")
            || asked.question.path == "/api/patients/{patient}/end"
            || asked.question.path.starts_with("/api/staff/{staff}")
    });
    asked
}

/// One cell of the matrix.
async fn cell(asked: &Asked<'_>, browser: &Browser, region: &Region) -> String {
    let about = [&region.own, &region.other_team, &region.other_organisation, &nobody()];
    let mut answers = Vec::new();
    for someone in about {
        answers.push(asked.ask(browser, someone).await);
        if !asked.names_somebody() {
            break;
        }
    }
    let missing = answers.last().expect("asked").clone();
    // What is hidden must look exactly like what is missing; everything else got past the wall.
    let marks: Vec<char> = answers
        .iter()
        .map(|(status, text)| match *status {
            StatusCode::UNAUTHORIZED => 's',
            StatusCode::FORBIDDEN => '-',
            StatusCode::NOT_FOUND if (*status, text) == (missing.0, &missing.1) => '0',
            // A list narrowed to somebody is as empty for who is hidden as for who does not exist.
            StatusCode::OK if asked.about.is_some() && text == &missing.1 && !text.is_empty() => '0',
            status if status.is_success() || status == StatusCode::CONFLICT => '+',
            status => panic!("{}: {status} {text}", asked.title()),
        })
        .collect();
    let said = match marks.iter().collect::<String>().as_str() {
        "s" | "ssss" => "sign in first",
        "-" | "----" => "no",
        "+" => "yes",
        // What is about oneself, asked about others.
        "0000" => "nobody else's",
        "+000" => "own teams",
        "++00" => "own organisation",
        other => panic!("{}: {other}: LEAK, or hidden and missing look different", asked.title()),
    };
    said.to_owned()
}

#[tokio::test]
async fn every_route_answers_every_role_as_decided() {
    let table = table(&Region::new().await).await;
    if std::env::var_os("DERWENT_REGENERATE").is_some() {
        std::fs::write(path(), &table).expect("the matrix written");
        return;
    }
    is_as_decided(&table);
}

/// This region's service answers as decided.
pub async fn holds(region: &Region) {
    is_as_decided(&table(region).await);
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE)
}

fn is_as_decided(table: &str) {
    let decided = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(decided == table, "{FILE} is not what the service does:\n{table}");
}

async fn table(region: &Region) -> String {
    let questions = questions();
    let stranger = Browser::new(&region.service);
    let mut staff = Vec::new();
    for (_, email) in BELPER {
        staff.push(region.browser(email).await);
    }
    let mut table = String::from(
        "# Who may ask what about whom\n\n\
         Every route of the staff API, asked of the real service by a member of the Belper team in each role: about a patient or an\n\
         alert of their own team, of another team, of another organisation, and about nobody at all. *Own teams*: what belongs to\n\
         others answers exactly like what does not exist. *Own organisation*: also what another of its teams looks after. Sessions are\n\
         a colleague's. A test (`tests/web/matrix.rs`) makes this table and fails when it differs; `make schema` writes it anew, for a person to read.\n\n\
         | | nobody | co-ordinator | clinician | administrator | auditor |\n|---|---|---|---|---|---|\n",
    );
    for asked in all(&questions) {
        let open = asked.question.access == Access::Anyone;
        write!(table, "| `{}` |", asked.title()).expect("a string takes everything");
        let first = cell(&asked, &stranger, region).await;
        assert_eq!(first == "yes", open, "{}: a stranger gets {first}", asked.title());
        write!(table, " {first} |").expect("a string takes everything");
        for browser in &staff {
            write!(table, " {} |", cell(&asked, browser, region).await).expect("a string takes everything");
        }
        table.push('\n');
    }
    table
}
