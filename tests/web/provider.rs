//! Signing in at an organisation's own provider: a real one (npm `oidc-provider`) on loopback, and one that lies.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use reqwest::{StatusCode, Url};
use serde_json::{Value, json};

use super::world::{Browser, World, id};
use crate::harness::service::Service;

pub const SECRETS: &str = "derwent a secret of the provider";

pub struct Providers {
    child: Child,
    stdin: ChildStdin,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    /// The issuers.
    pub honest: String,
    liar: String,
}

impl Providers {
    pub fn start(service: &Service) -> Self {
        let mut child = Command::new("node")
            .args(["tests/provider.mjs", &format!("{}/staff/provider", service.origin)])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/web"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node is there: `make test` looks for it");
        let stdin = child.stdin.take().expect("piped");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut providers = Self { child, stdin, lines, honest: String::new(), liar: String::new() };
        providers.honest = providers.answer();
        providers.liar = providers.answer();
        providers
    }

    fn answer(&mut self) -> String {
        let mut lines = self.lines.by_ref().map(|line| line.expect("readable"));
        lines.find_map(|line| line.strip_prefix(">> ").map(str::to_owned)).expect("the providers answer")
    }

    /// Somebody signs in there; what our page then finds in its address.
    fn walk(&mut self, url: &str, account: Value) -> Value {
        writeln!(self.stdin, "{}", json!({ "url": url, "account": account })).expect("it listens");
        let back = self.answer();
        let back: Url = back.parse().unwrap_or_else(|_| panic!("{back}"));
        let pairs = back.query_pairs().map(|(name, value)| (name.into_owned(), json!(value)));
        Value::Object(pairs.filter(|(name, _)| ["code", "state", "iss"].contains(&name.as_str())).collect())
    }
}

impl Drop for Providers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn set_up(world: &World, issuer: &str) {
    let of = ["organisation", "provider", "--organisation", &world.organisation];
    world.admin(&[&of[..], &["--issuer", issuer, "--client-id", "derwent"]].concat());
}

/// Where the browser is sent.
async fn visit(browser: &mut Browser, world: &World) -> String {
    let listed = browser.read("/api/sign-in/providers").await;
    assert_eq!(listed["organisations"][0]["organisation"], json!(world.organisation));
    id(&browser.give("/api/sign-in/provider", json!({ "organisation": world.organisation })).await, "url")
}

fn part(url: &str, name: &str) -> String {
    let url: Url = url.parse().expect("an address");
    url.query_pairs().find(|(known, _)| known == name).expect("it is in the address").1.into_owned()
}

async fn finish(browser: &Browser, back: &Value) -> (StatusCode, String) {
    let (status, body) = browser.post("/api/sign-in/provider/finish", back.clone()).await;
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

fn refused() -> (StatusCode, String) {
    (StatusCode::UNAUTHORIZED, "provider_refused".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_known_here_comes_in_with_a_second_factor_there_or_here() {
    let world = World::new().await;
    let service = world.serve_with(&["--provider-secrets", SECRETS]);
    let mut providers = Providers::start(&service);
    set_up(&world, &providers.honest);
    let account =
        |sub: &str, email: &str, amr: Value| json!({ "sub": sub, "email": email, "email_verified": true, "amr": amr });

    let mut ida = Browser::new(&service);
    let back = providers.walk(&visit(&mut ida, &world).await, account("i-1", "Ida@example.org", json!(["pwd", "mfa"])));
    let done = ida.give("/api/sign-in/provider/finish", back.clone()).await;
    assert_eq!(done["further"], Value::Null);
    assert_eq!(ida.read("/api/me").await["name"], "Ida Shaw");
    assert_eq!(finish(&ida, &back).await, refused(), "each comes back once");

    // From now on the account counts, not the address; and without a second factor there, ours follows.
    let mut again = Browser::new(&service);
    let back = providers.walk(&visit(&mut again, &world).await, account("i-1", "married@example.org", json!(["pwd"])));
    let done = again.give("/api/sign-in/provider/finish", back).await;
    assert_eq!(done["further"]["next"], "set_up");
    assert_eq!(again.get("/api/me").await.0, StatusCode::UNAUTHORIZED);
    again.set_up().await;
    assert_eq!(again.read("/api/me").await["name"], "Ida Shaw");

    let mut unverified = account("t-1", "tom@example.org", json!(["mfa"]));
    unverified["email_verified"] = json!(false);
    for stranger in [
        account("x-1", "stranger@example.org", json!(["mfa"])),
        account("i-2", "ida@example.org", json!(["mfa"])),
        unverified,
    ] {
        let mut browser = Browser::new(&service);
        let back = providers.walk(&visit(&mut browser, &world).await, stranger.clone());
        assert_eq!(finish(&browser, &back).await, refused(), "{stranger}");
    }
    // Begun in one browser, it does not end in another.
    let (mut here, mut there) = (Browser::new(&service), Browser::new(&service));
    let back = providers.walk(&visit(&mut here, &world).await, account("i-1", "ida@example.org", json!(["mfa"])));
    visit(&mut there, &world).await;
    assert_eq!(finish(&there, &back).await, refused());
    assert_eq!(finish(&Browser::new(&service), &back).await, refused());
    let mut elsewhere = back.clone();
    elsewhere["iss"] = json!("https://elsewhere.example");
    assert_eq!(finish(&here, &elsewhere).await, refused());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_lies_lets_nobody_in() {
    let world = World::new().await;
    let service = world.serve_with(&["--provider-secrets", SECRETS]);
    let providers = Providers::start(&service);
    set_up(&world, &providers.liar);
    let told = async |wrong: &str| {
        let mut browser = Browser::new(&service);
        let url = visit(&mut browser, &world).await;
        let code = format!("{wrong} {}", part(&url, "nonce"));
        let back = json!({ "code": code, "state": part(&url, "state") });
        let said = finish(&browser, &back).await;
        (said, browser.get("/api/me").await.0)
    };
    for wrong in [
        "iss",
        "aud",
        "azp",
        "nonce",
        "expired",
        "future",
        "nobody",
        "text-exp",
        "unverified",
        "text-verified",
        "none",
        "secret",
        "key",
        "kid",
    ] {
        assert_eq!(told(wrong).await, (refused(), StatusCode::UNAUTHORIZED), "{wrong}");
    }
    // Which shows that it was the lie, each time.
    assert_eq!(told("").await.0.0, StatusCode::OK);
    // One who calls itself something else is not even visited.
    set_up(&world, &providers.liar.replace("127.0.0.1", "localhost"));
    let stranger = Browser::new(&service);
    let asked = json!({ "organisation": world.organisation });
    let (status, body) = stranger.post("/api/sign-in/provider", asked).await;
    assert_eq!((status, id(&body["error"], "code")), (StatusCode::BAD_GATEWAY, "provider_silent".into()));
}
