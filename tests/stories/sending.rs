//! A page on its way: refused, put off, sent twice by whoever died in between, and not kept waiting by any other.

use alert_rules::Priority;
use derwent::notify::channel::Channels;
use derwent::random;
use derwent::signal::Signal;
use derwent::store::page::{self, Channel};
use jiff::SignedDuration;
use serde_json::Value;

use crate::harness::alerts::open_alert;
use crate::harness::mail::MailServer;
use crate::harness::pager::Pager;
use crate::harness::replica::Wires;
use crate::harness::ward::Ward;

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_refused_is_given_up_at_once_and_the_next_person_is_told() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("refused", "08:00-20:00").await;
    ward.on_roster("tom", "08:00-20:00").await;
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
    open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    replica.step("2026-03-02T09:01:00Z").await;
    let mails = mail.wait_for(2).await;
    let told: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
    assert!(told.contains(&"tom@example.org") && told.contains(&"operator@example.org"), "{told:?}");
    assert_eq!(ward.count("SELECT count(*) FROM page WHERE state = 'given_up'").await, 1);
    replica.stop().await;
    ward.expects("page given up; escalating");
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_later_gets_the_same_page_again() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("later-2", "08:00-20:00").await;
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
    open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    replica.settle().await;
    assert_eq!(mail.wait_for(1).await.len(), 1);
    replica.settle().await;
    assert_eq!(ward.lines("SELECT attempts || ' ' || state FROM page").await, ["3 sent"]);
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_servers_250_and_our_note_the_page_goes_out_again_under_the_same_id() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
    // Not to be sent by the replica yet.
    let far = ward.clock.machine_now() + SignedDuration::from_hours(1);
    let page = random::new_id();
    sqlx::query(
        "INSERT INTO page (page, alerts, organisation, channel, address, priority, subject, body, made_at, state, attempts, next_at)
         VALUES ($1, $2, $3, 'email', 'ida@example.org', 'high', 'subject', 'body', $4, 'ready', 0, $4)",
    )
    .bind(page)
    .bind(vec![open_alert(&ward, patient, "nothing to page", Priority::Low).await])
    .bind(ward.organisation)
    .bind(jiff_sqlx::ToSqlx::to_sqlx(far))
    .execute(&ward.pool)
    .await
    .expect("a page");

    // The replica that dies: it takes, it sends, and it is gone.
    let channels = Channels::open(&replica.parts.config, None).expect("channels");
    let lease = random::new_id();
    let taken = page::take(&ward.pool, Channel::Email, true, lease, far, 10).await.expect("taken").remove(0);
    let now = ward.clock.machine_now();
    channels.send(Channel::Email, true, &taken, now).await.result.expect("sent");
    sqlx::query("UPDATE page SET lease_until = now() - interval '1 s', next_at = $1")
        .bind(jiff_sqlx::ToSqlx::to_sqlx(ward.clock.machine_now()))
        .execute(&ward.pool)
        .await
        .expect("time passed");

    replica.settle().await;
    let mails = mail.wait_for(2).await;
    assert_eq!(mails[0].message_id, mails[1].message_id);
    // And the dead one's late settling changes nothing.
    let mut connection = ward.pool.acquire().await.expect("a connection");
    assert!(!page::settle_given_up(&mut connection, &taken, "late").await.expect("settled"));
    drop(connection);
    assert_eq!(ward.lines("SELECT state FROM page").await, ["sent"]);
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_to_who_was_deactivated_before_it_went_goes_to_whoever_is_on_duty_now() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    ward.on_roster("tom", "00:00-00:00").await;
    let patient = ward.patient(&[]).await;
    for (problem, priority) in [("blood pressure high", Priority::High), ("weight up", Priority::Medium)] {
        open_alert(&ward, patient, problem, priority).await;
    }
    // A service formed them for Ida and was stopped; then she was deactivated.
    for statement in [
        "UPDATE page_request SET formed = true, came_to = 'page', page = gen_random_uuid()",
        "INSERT INTO page (page, alerts, organisation, staff, channel, address, priority, subject, body, made_at, state, attempts, next_at)
         SELECT page, ARRAY[alert], organisation, staff.staff, 'email', email, priority, 's', 'b', at, 'ready', 0, at
         FROM page_request JOIN staff USING (organisation) WHERE staff.name = 'ida'
         UNION ALL
         SELECT gen_random_uuid(), ARRAY[alert], organisation, staff.staff, 'pager', staff.name, priority, 's', 'b', at, 'ready', 0, at
         FROM page_request JOIN staff USING (organisation) WHERE staff.name = 'ida' AND priority = 'high'",
        "UPDATE staff SET deactivated_at = '2026-03-02T09:00:00Z' WHERE name = 'ida'",
    ] {
        sqlx::query(statement).execute(&ward.pool).await.expect("written");
    }
    let (mail, pager) = (MailServer::start(), Pager::start().await);
    let replica = ward.replica(&Wires { smtp_url: mail.url(), pager_url: Some(pager.url()), ..Wires::default() }).await;
    replica.settle().await;
    let told: Vec<String> = mail.wait_for(2).await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(told, ["tom@example.org", "tom@example.org"], "of both alerts");
    let rung: Vec<Value> = pager.events().into_iter().map(|event| event["routing_key"].clone()).collect();
    assert_eq!(rung, ["tom"]);
    assert_eq!(ward.count("SELECT count(*) FROM page_request WHERE NOT formed").await, 0);
    assert_eq!(ward.count("SELECT count(*) FROM page WHERE state NOT IN ('sent', 'given_up')").await, 0);
    let of_ida = ward.lines("SELECT DISTINCT state FROM page JOIN staff USING (staff) WHERE staff.name = 'ida'").await;
    assert_eq!(of_ida, ["given_up"]);
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_wakes_those_who_form_its_pages_and_these_those_who_send_them_and_nobody_else() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let patient = ward.patient(&["hypertension"]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
    let mut signals = replica.parts.signals.subscribe();
    ward.pressure(patient, 231.0, 121.0).await;
    replica.settle().await;
    mail.wait_for(1).await;
    let mut heard = Vec::new();
    while let Ok(signal) = signals.try_recv() {
        if matches!(signal, Signal::Pages | Signal::Requested { .. } | Signal::Formed { .. }) {
            heard.push(signal);
        }
    }
    assert_eq!(heard, [Signal::Requested { high: true }, Signal::Formed { channel: Channel::Email, high: true }]);
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_high_page_waits_neither_for_low_pages_nor_for_a_server_that_swallows_them() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let patient = ward.patient(&[]).await;
    let (mail, pager) = (MailServer::start(), Pager::start().await);
    sqlx::query(
        "INSERT INTO page (page, alerts, organisation, channel, address, priority, subject, body, made_at, state, attempts, next_at)
         SELECT gen_random_uuid(), '{}', $1, 'email', 'black-hole@example.org', 'low', 's', 'b', $2, 'ready', 0, $2
         FROM generate_series(1, 10000)",
    )
    .bind(ward.organisation)
    .bind(jiff_sqlx::ToSqlx::to_sqlx(ward.clock.care_now()))
    .execute(&ward.pool)
    .await
    .expect("ten thousand low pages");
    let replica = ward.replica(&Wires { smtp_url: mail.url(), pager_url: Some(pager.url()), ..Wires::default() }).await;
    open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    // The running loops do it; waiting for everything would take days. Both give up after ten seconds.
    replica.parts.signals.send(Signal::Pages);
    assert_eq!(mail.wait_for(1).await[0].to, "ida@example.org");
    pager.wait_for(1).await;
    replica.stop().await;
    // The low ones, and what was to be told about them.
    for left in ["a page over email is", "a page request was due", "a channel does not work"] {
        ward.expects(left);
    }
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_every_address_is_refused_each_step_is_taken_at_once_and_then_the_clock_runs() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("refused", "08:00-20:00").await;
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
    open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    replica.step("2026-03-02T09:14:00Z").await;
    // The first page, and those of the two steps that its failure hastened.
    assert_eq!(ward.count("SELECT count(*) FROM page WHERE state = 'given_up'").await, 3);
    replica.step("2026-03-02T09:16:00Z").await;
    assert_eq!(ward.count("SELECT count(*) FROM page WHERE state = 'given_up'").await, 4, "it never stops");
    let told: Vec<String> = mail.mails().into_iter().map(|mail| mail.to).collect();
    assert!(told.iter().all(|to| to == "operator@example.org"), "{told:?}");
    replica.stop().await;
    ward.expects("page given up; escalating");
    ward.close().await;
}
