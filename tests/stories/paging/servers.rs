//! Servers that misbehave. Who should be told is told, at the same instant of care time and within a minute of anybody's, over
//! whatever works.

use alert_rules::Priority;
use sqlx::PgPool;

use super::DAY_AND_NIGHT;
use super::model::{Event, Model};
use super::scene::{Scene, of_mail};
use crate::harness::mail::MailServer;
use crate::harness::pager::Answer;
use crate::harness::service::{Options, Service};
use crate::harness::ward::at;
use crate::web::world::{START, World};

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_server_accepts_and_stalls() {
    let mut scene =
        Scene::open("2026-03-02T09:00:00Z", "08:00-20:00", &[("stalls", "08:00-20:00"), ("tom", "08:00-20:00")]).await;
    scene.comes(Priority::High).await;
    scene.reaches().await;
    scene.passes("2026-03-02T09:15:00Z");
    scene.reaches().await;
    // What it never said it took is still tried.
    scene.ward.expects("a page over email is");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_server_fails_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let (cert, key) = crate::stories::channels::certificate(&folder).await;
    let mail = MailServer::start_with(&["--starttls", &cert, &key]);
    let url = format!("smtp://localhost:{}?tls=required", mail.port());
    let mut scene = Scene::open_with("2026-03-02T19:50:00Z", "00:00-00:00", &DAY_AND_NIGHT, mail, &url).await;
    scene.model.dead = Some("email");
    scene.comes(Priority::High).await;
    scene.reaches().await;
    scene.passes("2026-03-02T20:05:00Z");
    scene.reaches().await;
    scene.ward.expects("a page over email is");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pagers_service_says_429_then_500_then_nothing() {
    let mut scene = Scene::open("2026-03-02T09:00:00Z", "08:00-20:00", &DAY_AND_NIGHT).await;
    scene.pager.refuse([Answer::Status(429), Answer::Status(500), Answer::Silence]);
    scene.comes(Priority::High).await;
    scene.reaches().await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_server_says_250_and_the_service_is_killed_before_it_has_noted_it() {
    let world = World::new().await;
    let mail = MailServer::start();
    let serve = || {
        Service::start(&Options {
            database_url: world.database.url.clone(),
            care_time: Some(START.to_owned()),
            smtp_url: mail.url(),
            pager_url: None,
        })
    };
    let store = world.database.store().await;
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3600); RETURN NEW; END $$;
                CREATE TRIGGER slow BEFORE UPDATE ON page FOR EACH ROW WHEN (NEW.state = 'sent') EXECUTE FUNCTION slow()";
    sqlx::raw_sql(slow).execute(&store.owner).await.expect("a note that takes an hour");
    world.told("231", "138");

    let mut service = serve();
    service.begin_step(START);
    let first = mail.wait_for(1).await.remove(0);
    drop(service);
    let again = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database();
                 DROP TRIGGER slow ON page; UPDATE page SET lease_until = now() - interval '1 s'";
    sqlx::raw_sql(again).execute(&store.owner).await.expect("its minute is over");
    assert_eq!(states(&store.owner).await, ["sending"], "it died before it knew");

    let mut service = serve();
    service.step(START);
    let mails = mail.wait_for(2).await;
    assert_eq!(mails[1].message_id, first.message_id);
    let model = Model::new("00:00-00:00", &[("ida", "08:00-16:00"), ("tom", "00:00-00:00")]);
    let model = model.with(at(START), Event::High("A1".to_owned()));
    let sent = mails.iter().map(|mail| of_mail(at(START), mail)).collect();
    let expected: std::collections::BTreeSet<_> =
        model.paged(at(START), at(START)).into_iter().filter(|paged| paged.over == "email").collect();
    assert_eq!(expected, sent);
    assert_eq!(states(&store.owner).await, ["sent"]);
    assert!(service.end());
    store.close().await;
}

async fn states(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar("SELECT state FROM page").fetch_all(pool).await.expect("pages")
}
