//! A small service as an administrator would set it up, and browsers that ask it.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Output, Stdio};
use std::sync::Mutex;

use reqwest::header::{COOKIE, HeaderMap, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::database::Database;
use crate::harness::service::{Options, Service, derwent};

/// Care time at the start: a Sunday morning in winter.
pub const START: &str = "2026-03-01T08:00:00Z";
pub const PASSWORD: &str = "river under bridges";

pub struct World {
    pub database: Database,
    pub organisation: String,
    pub team: String,
    pub dorothy: String,
    /// Unused, for Dorothy's phone.
    pub code: String,
    pub mails: TempDir,
    /// None: care time is machine time.
    care_time: Option<&'static str>,
}

pub const BORN: &str = "1944-11-02";

impl World {
    /// An organisation with a team, Ida and Tom on its roster, and Dorothy with a hypertension plan. Care time is stepped.
    pub async fn new() -> Self {
        Self::made(Some(START)).await
    }

    /// The same, here and now.
    pub async fn live() -> Self {
        Self::made(None).await
    }

    async fn made(care_time: Option<&'static str>) -> Self {
        let database = Database::fresh().await;
        let mut world = Self {
            database,
            organisation: String::new(),
            team: String::new(),
            dorothy: String::new(),
            code: String::new(),
            care_time,
            mails: tempfile::tempdir().expect("a folder"),
        };
        let made = world.admin(&["organisation", "add", "--name", "Belper", "--time-zone", "Europe/London"]);
        world.organisation = id(&made, "organisation");
        let organisation = world.organisation.clone();
        let made = world.admin(&[
            "team",
            "add",
            "--organisation",
            &organisation,
            "--name",
            "Belper team",
            "--phone",
            "01773 000000",
            "--cover",
            "all-day",
        ]);
        world.team = id(&made, "team");
        let team = world.team.clone();
        let ida = world.staff("Ida Shaw", "ida@example.org", &organisation, Some(&team));
        if care_time.is_none() {
            world.database.packs_signed_by(&id(&ida, "staff")).await;
        }
        world.staff("Tom Reid", "tom@example.org", &organisation, Some(&team));
        world.admin(&[
            "roster",
            "set",
            "--team",
            &team,
            "--shift",
            "ida@example.org=08:00-16:00",
            "--shift",
            "tom@example.org=all-day",
        ]);
        let made = world.admin(&[
            "patient",
            "add",
            "--team",
            &team,
            "--given-name",
            "Dorothy",
            "--family-name",
            "Marsh",
            "--born",
            BORN,
            "--lives-alone",
            "--pack",
            "hypertension",
            "--tag",
            "pregnant=no",
            "--slot",
            "blood_pressure@08:00",
            "--code",
        ]);
        world.dorothy = id(&made, "patient");
        world.code = id(&made, "code");
        world
    }

    /// Of the world's organisation.
    pub fn staff_as(&self, name: &str, email: &str, role: &str, team: Option<&str>) -> Value {
        let mut arguments =
            vec!["staff", "add", "--organisation", &self.organisation, "--name", name, "--email", email];
        arguments.extend(["--role", role, "--password-stdin"]);
        if let Some(team) = team {
            arguments.extend(["--team", team]);
        }
        self.admin(&arguments)
    }

    pub fn staff(&self, name: &str, email: &str, organisation: &str, team: Option<&str>) -> Value {
        let mut arguments =
            vec!["staff", "add", "--organisation", organisation, "--name", name, "--email", email, "--password-stdin"];
        if let Some(team) = team {
            arguments.extend(["--team", team]);
        }
        self.admin(&arguments)
    }

    /// `derwent admin … --json` at the start of care time; what it printed.
    pub fn admin(&self, arguments: &[&str]) -> Value {
        let output = self.try_admin(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "derwent admin {arguments:?} failed: {said}");
        serde_json::from_slice(&output.stdout).expect("one JSON object")
    }

    pub fn try_admin(&self, arguments: &[&str]) -> Output {
        let mut child = derwent()
            .arg("admin")
            .args(["--json", "--made-by", "the test"])
            .args(self.care_time.iter().flat_map(|at| ["--care-time", *at]))
            .args(arguments)
            .env("DERWENT_DATABASE_URL", &self.database.url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        // Those that ask for no password close it unread.
        let _ = writeln!(child.stdin.take().expect("piped"), "{PASSWORD}");
        child.wait_with_output().expect("an end")
    }

    /// `derwent rules`: whether it went well, and what was said.
    pub fn rules(&self, arguments: &[&str]) -> (bool, String) {
        let output = derwent()
            .arg("rules")
            .args(arguments)
            .args(["--made-by", "the test"])
            .args(self.care_time.iter().flat_map(|at| ["--care-time", *at]))
            .env("DERWENT_DATABASE_URL", &self.database.url)
            .output()
            .expect("the binary runs");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).expect("UTF-8"))
    }

    /// A pack's page, of the packs in this folder.
    pub fn rules_print(&self, pack: &str, folder: &str) -> (bool, String) {
        let output = derwent().args(["rules", "print", pack, folder]).output().expect("the binary runs");
        (output.status.success(), String::from_utf8(output.stdout).expect("UTF-8"))
    }

    /// Dorothy rings and tells Ida a blood pressure.
    pub fn told(&self, systolic: &str, diastolic: &str) -> Value {
        self.admin(&[
            "reading",
            "--patient",
            &self.dorothy,
            "--staff",
            "ida@example.org",
            "--vital",
            "blood_pressure",
            "--systolic",
            systolic,
            "--diastolic",
            diastolic,
        ])
    }

    /// The same, measured then.
    pub fn told_of(&self, systolic: &str, diastolic: &str, taken_at: &str) -> Value {
        let said = ["reading", "--patient", &self.dorothy, "--staff", "ida@example.org", "--vital", "blood_pressure"];
        let values = ["--systolic", systolic, "--diastolic", diastolic, "--taken-at", taken_at];
        self.admin(&[said.as_slice(), &values].concat())
    }

    /// What runs from now on begins at this instant of care time.
    pub fn now(&mut self, care_time: &'static str) {
        self.care_time = Some(care_time);
    }

    /// `derwent serve`.
    pub fn serve(&self) -> Service {
        self.serve_with(&[])
    }

    /// With these flags besides.
    pub fn serve_with(&self, flags: &[&str]) -> Service {
        let options = Options {
            database_url: self.database.url.clone(),
            care_time: self.care_time.map(str::to_owned),
            smtp_url: format!("file:{}", self.mails.path().display()),
            pager_url: None,
        };
        Service::start_with(&options, flags)
    }
}

pub fn id(made: &Value, what: &str) -> String {
    made[what].as_str().unwrap_or_else(|| panic!("no {what} in {made}")).to_owned()
}

/// Of everybody who set up a second factor in this process, by service and e-mail.
static RECOVERY_CODES: Mutex<BTreeMap<(String, String), Vec<String>>> = Mutex::new(BTreeMap::new());

pub struct SetUp {
    pub secret: Vec<u8>,
    pub recovery_codes: Vec<String>,
}

/// What an authenticator app would show so many steps of thirty seconds from now.
pub fn one_time_code(secret: &[u8], steps_on: i64) -> String {
    let at = derwent::clock::Clock::ordinary().machine_now() + jiff::SignedDuration::from_secs(30 * steps_on);
    derwent::web::totp::code(secret, at).expect("a code")
}

/// One browser, signed in or not.
pub struct Browser {
    client: Client,
    pub origin: String,
    pub cookie: Option<String>,
}

impl Browser {
    pub fn new(service: &Service) -> Self {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { client, origin: service.origin.clone(), cookie: None }
    }

    /// The whole way: a password, then what there is of a second factor. The first time one is set up; from then on this
    /// process knows its recovery codes.
    pub async fn signed_in(service: &Service, email: &str) -> Self {
        let mut browser = Self::new(service);
        let next = browser.give("/api/sign-in", json!({ "email": email, "password": PASSWORD })).await;
        let account = (service.origin.clone(), email.to_owned());
        if next["next"] == "set_up" {
            let codes = browser.set_up().await.recovery_codes;
            RECOVERY_CODES.lock().expect("not poisoned").insert(account, codes);
        } else {
            let code = RECOVERY_CODES.lock().expect("not poisoned").get_mut(&account).and_then(Vec::pop);
            let code = code.unwrap_or_else(|| panic!("no recovery code of {email} is left, or known here"));
            browser.give("/api/sign-in/recovery-code", json!({ "code": code })).await;
        }
        browser
    }

    /// Sets up one-time codes between the password and the session.
    pub async fn set_up(&mut self) -> SetUp {
        let offer = self.give("/api/sign-in/set-up", json!({})).await;
        let secret = totp_rs::Secret::try_from_base32(id(&offer, "secret")).expect("base 32").as_bytes().to_vec();
        let confirmed = self.give("/api/sign-in/set-up/confirm", json!({ "code": one_time_code(&secret, 0) })).await;
        let codes = confirmed["recovery_codes"].as_array().expect("recovery codes").iter();
        SetUp { secret, recovery_codes: codes.map(|code| code.as_str().expect("a code").to_owned()).collect() }
    }

    /// A step of signing in that must go well; its cookies are kept.
    pub async fn give(&mut self, path: &str, body: Value) -> Value {
        let (status, headers, body) = self.send(self.request(Method::POST, path).json(&body)).await;
        assert!(status.is_success(), "{path}: {status} {body}");
        self.keep(&headers);
        body
    }

    /// The cookies of an answer, as a browser keeps them.
    pub fn keep(&mut self, headers: &HeaderMap) {
        let kept = self.cookie.take().unwrap_or_default();
        let set = headers.get_all(SET_COOKIE).iter().map(|set| set.to_str().expect("text"));
        let set = set.map(|set| set.split(';').next().unwrap_or_default());
        let pairs = kept.split("; ").chain(set).filter_map(|pair| pair.split_once('='));
        let mut jar: BTreeMap<&str, &str> = pairs.collect();
        jar.retain(|_, value| !value.is_empty());
        let pairs: Vec<String> = jar.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.cookie = (!pairs.is_empty()).then(|| pairs.join("; "));
    }

    /// The first step alone.
    pub async fn sign_in(&self, email: &str, password: &str) -> (StatusCode, HeaderMap, Value) {
        let asked = self.request(Method::POST, "/api/sign-in").json(&json!({ "email": email, "password": password }));
        self.send(asked).await
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        let (status, _, body) = self.send(self.request(Method::GET, path)).await;
        (status, body)
    }

    /// What must be there.
    pub async fn read(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// Read again until it is as wanted.
    pub async fn until_read(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let asked = async {
            loop {
                let body = self.read(path).await;
                if wanted(&body) {
                    return body;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), asked).await.expect("as wanted within a minute")
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let (status, _, body) = self.send(self.request(Method::POST, path).json(&body)).await;
        (status, body)
    }

    /// As our own pages would send it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.origin)).header(ORIGIN, &self.origin);
        match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> (StatusCode, HeaderMap, Value) {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("a body");
        (status, headers, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}
