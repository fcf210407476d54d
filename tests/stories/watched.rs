//! Who watches the watcher: the service says of itself whether it stands still.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::routing::get;
use derwent::clock::Clock;
use derwent::store::erasure;
use reqwest::StatusCode;
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use crate::harness::mail::{Mail, MailServer};
use crate::harness::service::{Options, Service, serve};
use crate::web::world::{Browser, World};

/// What it answers at `/health/…`. Whatever does not answer at all is as red as can be.
async fn health(service: &Service, of: &str) -> (StatusCode, Value) {
    let asked = async {
        let answer = reqwest::get(format!("{}/health/{of}", service.origin)).await?;
        let status = answer.status();
        Ok::<_, reqwest::Error>((status, answer.json().await?))
    };
    match tokio::time::timeout(Duration::from_secs(3), asked).await {
        Ok(Ok(answer)) => answer,
        _ => (StatusCode::GATEWAY_TIMEOUT, Value::Null),
    }
}

/// Asks until it is as wanted; how long that took.
async fn until(service: &Service, of: &str, wanted: impl Fn(StatusCode, &Value) -> bool) -> (Duration, Value) {
    let clock = Clock::ordinary();
    let began = clock.instant();
    loop {
        let (status, body) = health(service, of).await;
        if wanted(status, &body) {
            return (clock.instant() - began, body);
        }
        assert!(clock.instant() - began < Duration::from_secs(30), "{of}: {status} {body}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn standing_still(body: &Value) -> Vec<&str> {
    let loops = body["loops"].as_array().expect("loops").iter();
    let still = loops.filter(|each| each["state"] == "standing still");
    still.map(|each| each["name"].as_str().expect("a name")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_that_hangs_is_named_within_fifteen_seconds_and_turns_again() {
    let world = World::live().await;
    let service = world.serve();
    for (of, state) in [("live", "live"), ("ready", "ready")] {
        assert_eq!(health(&service, of).await, (StatusCode::OK, json!({ "state": state })));
    }
    let (_, body) = until(&service, "loops", |status, body| status == 200 && body["state"] == "turning").await;
    let names: Vec<&Value> = body["loops"].as_array().expect("loops").iter().map(|each| &each["name"]).collect();
    for name in ["storing", "judging what came", "escalating", "forming high pages", "sending high pages by e-mail"] {
        assert!(names.contains(&&json!(name)), "{name} is not in {names:?}");
    }

    let store = world.database.store().await;
    let mut holding = store.owner.begin().await.unwrap();
    sqlx::query("LOCK TABLE page_request IN ACCESS EXCLUSIVE MODE").execute(&mut *holding).await.unwrap();
    let (took, body) = until(&service, "loops", |status, _| status == StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert!(standing_still(&body).iter().all(|name| name.starts_with("forming ")), "{body}");
    assert_eq!(health(&service, "live").await.0, StatusCode::OK, "restarting mends no lock");
    assert_eq!(health(&service, "ready").await.0, StatusCode::OK, "readings are stored meanwhile");

    holding.rollback().await.unwrap();
    until(&service, "loops", |status, _| status == StatusCode::OK).await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_in_order_as_soon_as_it_says_that_it_listens() {
    let world = World::live().await;
    for n in 1..=10 {
        assert!(world.serve().end(), "start {n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_ready_where_a_reading_would_not_be_on_disk() {
    let world = World::live().await;
    let service = world.serve();
    until(&service, "ready", |status, _| status == StatusCode::OK).await;
    let store = world.database.store().await;
    let name = world.database.options.get_database().unwrap();
    for statement in [
        format!("ALTER DATABASE {name} SET synchronous_commit = off"),
        // What is connected already has the old setting.
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'derwent_ingest'"
            .to_owned(),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&store.owner).await.unwrap();
    }
    until(&service, "ready", |_, body| body["state"] == "the database's settings are not durable").await;
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 39").execute(&store.owner).await.unwrap();
    until(&service, "ready", |_, body| body["state"] == "the database's tables are of another version").await;
    assert_eq!(health(&service, "ready").await.0, StatusCode::SERVICE_UNAVAILABLE);
    store.close().await;
}

/// Dorothy is asked at 08:00 each day, and missed after 36 hours.
const MISSED: &str = "SELECT count(*) FROM alert WHERE kind = 'absence'";

async fn number(world: &World, sql: &'static str) -> i64 {
    let store = world.database.store().await;
    let number = sqlx::query_scalar(sql).fetch_one(&store.owner).await.expect(sql);
    store.close().await;
    number
}

#[tokio::test(flavor = "multi_thread")]
async fn six_hours_in_which_nobody_listened_are_nobodys_silence_and_what_phones_kept_is_told() {
    let mut world = World::new().await;
    let mut service = world.serve();
    service.step("2026-03-02T15:00:00Z");
    assert!(service.end());

    // Due at 08:00 on Sunday, missed at 20:00 on Monday; but from 15:00 to 21:00 nobody was there.
    world.now("2026-03-02T21:00:00Z");
    let mut service = world.serve();
    service.step("2026-03-02T21:05:00Z");
    assert_eq!(number(&world, "SELECT count(*) FROM service_gap").await, 1);
    assert_eq!(
        number(&world, "SELECT extract(epoch FROM until_at - from_at)::bigint FROM service_gap").await,
        6 * 3600 + 120
    );
    assert_eq!(number(&world, MISSED).await, 0, "our outage is not her silence");
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let shown = json!([{ "from": "2026-03-02T15:00:00Z", "until": "2026-03-02T21:02:00Z" }]);
    assert_eq!(ida.read("/api/worklist").await["away"], shown);

    // What her phone kept meanwhile.
    world.now("2026-03-02T21:05:00Z");
    world.told_of("231", "138", "2026-03-02T17:10:00Z");
    service.step("2026-03-02T21:06:00Z");
    let highs = "SELECT count(*) FROM alert JOIN page_request USING (alert)
                 WHERE alert.kind = 'clinical' AND alert.priority = 'high' AND page_request.formed";
    assert_eq!(number(&world, highs).await, 1, "the breach is told");
    assert_eq!(number(&world, "SELECT late_minutes::bigint FROM alert WHERE kind = 'clinical'").await, 235);
    assert_eq!(number(&world, "SELECT count(*) FROM service_gap").await, 1, "stepping is no absence");
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_goes_on_counting_where_the_gap_ends() {
    let mut world = World::new().await;
    let mut service = world.serve();
    service.step("2026-03-02T15:00:00Z");
    assert!(service.end());
    world.now("2026-03-02T21:00:00Z");
    let mut service = world.serve();
    // Five hours were left at 15:00.
    service.step("2026-03-03T02:01:00Z");
    assert_eq!(number(&world, MISSED).await, 0);
    service.step("2026-03-03T02:03:00Z");
    assert_eq!(number(&world, MISSED).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stretch_that_is_missing_while_the_service_runs_is_a_gap_too() {
    let world = World::live().await;
    let service = world.serve();
    until(&service, "ready", |status, _| status == StatusCode::OK).await;
    let store = world.database.store().await;
    let gaps = async || -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM service_gap").fetch_one(&store.owner).await.unwrap()
    };
    // As if the database had been away for ten minutes: the last stamp is so old.
    let stamped = async || -> bool {
        let older = "UPDATE presence SET at = at - interval '10 min'";
        sqlx::query(older).execute(&store.owner).await.unwrap().rows_affected() == 1
    };
    while !stamped().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for _ in 0..1500 {
        if gaps().await == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let minutes: i64 =
        sqlx::query_scalar("SELECT (extract(epoch FROM until_at - from_at) / 60)::bigint FROM service_gap")
            .fetch_one(&store.owner)
            .await
            .expect("one gap");
    assert!((12..=13).contains(&minutes), "{minutes}");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_gap_while_another_replica_was_there() {
    use derwent::store::presence;
    let database = crate::harness::database::Database::fresh().await;
    let (one, other) = (database.store().await, database.store().await);
    let at = |text: &str| text.parse().expect("a time");
    assert_eq!(presence::stamp(&one.monitor, at("2026-03-02T08:00:00Z")).await.unwrap(), None, "the first there is");
    assert_eq!(presence::stamp(&other.monitor, at("2026-03-02T08:01:59Z")).await.unwrap(), None);
    assert_eq!(presence::stamp(&one.monitor, at("2026-03-02T08:03:59Z")).await.unwrap(), None, "the other was there");
    // A replica whose clock is behind takes nothing back.
    assert_eq!(presence::stamp(&other.monitor, at("2026-03-02T08:00:00Z")).await.unwrap(), None);
    let gap = presence::stamp(&one.monitor, at("2026-03-02T08:06:00Z")).await.unwrap().expect("a gap");
    assert_eq!((gap.from, gap.until), (at("2026-03-02T08:03:59Z"), at("2026-03-02T08:08:00Z")));
    assert_eq!(presence::stamp(&other.monitor, at("2026-03-02T08:06:01Z")).await.unwrap(), None, "told once");

    let mut db = one.monitor.acquire().await.unwrap();
    let now = at("2026-03-02T08:08:02Z");
    let gaps = derwent::store::service_gap::until_now(&mut db, at("2026-03-01T00:00:00Z"), now).await.unwrap();
    assert_eq!(gaps.len(), 2, "what has not ended yet counts already");
    drop(db);
    one.close().await;
    other.close().await;
}

/// Whoever watches from outside: counts what it is asked.
struct OutsideWatch {
    beats: Arc<AtomicUsize>,
    url: String,
}

impl OutsideWatch {
    async fn start() -> Self {
        let beats = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&beats);
        let beat = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async { "OK" }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/beat", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().route("/beat", get(beat))).await });
        Self { beats, url }
    }

    fn beats(&self) -> usize {
        self.beats.load(Ordering::Relaxed)
    }

    /// Waits for so many more; panics after a minute.
    async fn wait_for(&self, more: usize) {
        let wanted = self.beats() + more;
        for _ in 0..600 {
            if self.beats() >= wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{} beats, not {wanted}", self.beats());
    }
}

/// Tries itself each second.
fn serve_tested(world: &World, mail: &MailServer, sink: &str, outside: &OutsideWatch) -> Service {
    let options =
        Options { database_url: world.database.url.clone(), care_time: None, smtp_url: mail.url(), pager_url: None };
    let mut command = serve(&options);
    command.env("DERWENT_HEARTBEAT_EMAIL", sink).env("DERWENT_HEARTBEAT_URL", &outside.url);
    command.args(["--heartbeat-every", "1"]);
    Service::try_start(command).unwrap_or_else(|problem| panic!("{problem}"))
}

/// Every table with a row of a test's person, or of what came of them.
const LEFT: &str = "SELECT (SELECT count(*) FROM patient) - 1 + (SELECT count(*) FROM device) + (SELECT count(*) FROM submission)
                           + (SELECT count(*) FROM reading) + (SELECT count(*) FROM evaluation WHERE from_seq IS NOT NULL)
                           + (SELECT count(*) FROM finding) + (SELECT count(*) FROM alert WHERE patient IS NOT NULL)
                           + (SELECT count(*) FROM page WHERE organisation IS NOT NULL)
                           + (SELECT count(*) FROM page_request WHERE organisation IS NOT NULL)";

#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_goes_out_only_when_a_test_page_was_taken_by_the_mail_server_and_leaves_nothing_behind() {
    let world = World::live().await;
    let (mail, outside) = (MailServer::start(), OutsideWatch::start().await);
    let service = serve_tested(&world, &mail, "watch@example.org", &outside);
    outside.wait_for(3).await;
    let mails = mail.mails();
    assert!(mails.len() >= 3, "{}", mails.len());
    for mail in &mails {
        assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("watch@example.org", "Derwent test page"));
        assert!(mail.body.contains("Nobody has to do anything"), "{}", mail.body);
    }

    // A person's alert has the first number there is, and the worklist has that person alone.
    world.told("231", "138");
    let told = async {
        while !mail.mails().iter().any(|mail| mail.to == "ida@example.org" || mail.to == "tom@example.org") {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), told).await.expect("Ida or Tom is told");
    assert_eq!(number(&world, "SELECT reference FROM alert WHERE kind = 'clinical'").await, 1);
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let worklist = ida.read("/api/worklist").await;
    assert!(!worklist.to_string().contains("A test"), "{worklist}");
    let organisations = world.admin(&["organisation", "list"]);
    assert!(!organisations.to_string().contains("test of itself"), "{organisations}");

    // SIGSTOP: nothing goes out, and health is as red as can be.
    kill_process(service.pid(), Signal::STOP).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = outside.beats();
    assert_eq!(health(&service, "live").await.0, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(outside.beats(), before);
    kill_process(service.pid(), Signal::CONT).unwrap();
    outside.wait_for(1).await;

    assert!(service.end());
    only_tests(&mail, &["ida@example.org", "tom@example.org"]);
    forget_dorothy(&world).await;
    assert_eq!(number(&world, LEFT).await, 0, "of all those tests nothing is left");
}

/// Of the service's test of itself; `others`: to people, about what these stories did.
fn only_tests(mail: &MailServer, others: &[&str]) {
    let mails = mail.mails();
    let is_test = |mail: &Mail| mail.to == "watch@example.org" && mail.subject == "Derwent test page";
    assert!(mails.iter().all(|mail| is_test(mail) || others.contains(&mail.to.as_str())), "{mails:?}");
}

async fn forget_dorothy(world: &World) {
    let store = world.database.store().await;
    let mut tx = store.owner.begin().await.unwrap();
    let dorothy: uuid::Uuid = world.dorothy.parse().unwrap();
    for delete in erasure::DELETES.iter().filter(|delete| !delete.starts_with("DELETE FROM patient WHERE")) {
        sqlx::query(*delete).bind(dorothy).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_heartbeat_goes_out_while_the_mail_server_takes_no_page_or_a_loop_stands_still() {
    let world = World::live().await;
    let (mail, outside) = (MailServer::start(), OutsideWatch::start().await);
    // Refuses for good.
    let mut service = serve_tested(&world, &mail, "refused@example.org", &outside);
    for error in ["page given up; escalating", "no heartbeat goes out"] {
        service.expects(error);
    }
    let log = || std::fs::read_to_string(&service.log).unwrap();
    let failed = async {
        while !log().contains("no heartbeat goes out") {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(90), failed).await.expect("the test fails");
    assert!(log().contains("its page was given up: "), "{}", log());
    assert!(service.end());
    assert_eq!(outside.beats(), 0);

    let mut service = serve_tested(&world, &mail, "watch@example.org", &outside);
    service.expects("loops stand still, so no heartbeat goes out");
    outside.wait_for(1).await;
    // Sealing the audit hangs, which no page needs.
    let store = world.database.store().await;
    let mut holding = store.owner.begin().await.unwrap();
    sqlx::query("LOCK TABLE audit_waiting IN ACCESS EXCLUSIVE MODE").execute(&mut *holding).await.unwrap();
    until(&service, "loops", |status, _| status == StatusCode::SERVICE_UNAVAILABLE).await;
    let before = outside.beats();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(outside.beats() <= before + 1, "one may have been on its way");
    holding.rollback().await.unwrap();
    outside.wait_for(1).await;
    store.close().await;
    assert!(service.end());
    only_tests(&mail, &["derwent@localhost"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_disk_is_full_health_is_red_and_nothing_goes_out_and_afterwards_all_is_well() {
    let world = World::live().await;
    let (mail, outside) = (MailServer::start(), OutsideWatch::start().await);
    let mut service = serve_tested(&world, &mail, "watch@example.org", &outside);
    for error in ["cannot store; phones wait", "no heartbeat goes out"] {
        service.expects(error);
    }
    outside.wait_for(1).await;
    let store = world.database.store().await;
    // As the database answers then: 53100, disk_full.
    let full = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql
                    AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'no space left on device'; END $$;
                CREATE TRIGGER full_disk BEFORE INSERT ON submission EXECUTE FUNCTION full_disk()";
    sqlx::raw_sql(full).execute(&store.owner).await.unwrap();
    let (took, body) = until(&service, "loops", |status, _| status == StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert_eq!(standing_still(&body), ["storing"]);
    let before = outside.beats();
    // Longer than the test waits for its receipt: it goes on waiting, and sends no second reading after the first.
    tokio::time::sleep(Duration::from_secs(50)).await;
    assert_eq!(outside.beats(), before);

    sqlx::raw_sql("DROP TRIGGER full_disk ON submission").execute(&store.owner).await.unwrap();
    outside.wait_for(2).await;
    assert_eq!(health(&service, "loops").await.0, StatusCode::OK);
    assert!(service.end());
    only_tests(&mail, &[]);
    assert_eq!(number(&world, "SELECT count(*) FROM refusal").await, 0);
    assert_eq!(number(&world, "SELECT count(*) FROM patient").await, 1, "Dorothy alone");
    store.close().await;
}
