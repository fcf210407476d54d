//! Alerts reach people, and go on to others until somebody acts.

use alert_rules::escalation;
use alert_rules::escalation::act::{By, Refused};
use alert_rules::finding::Firing;
use alert_rules::{Evaluation, Finding, Kind, Priority};
use derwent::notify::channel::Channels;
use derwent::random;
use derwent::signal::Signal;
use derwent::store::alert::{self, Act, Acted};
use derwent::store::alert_row::{self, Belongs, Change};
use derwent::store::page::{self, Channel};
use jiff::SignedDuration;
use serde_json::Value;
use uuid::Uuid;

use crate::harness::mail::{Mail, MailServer};
use crate::harness::pager::Pager;
use crate::harness::replica::Wires;
use crate::harness::ward::Ward;

/// An alert as the monitor opens it for a finding.
pub async fn open_alert(ward: &Ward, patient: Uuid, problem: &str, priority: Priority) -> Uuid {
    open_alerts(ward, patient, &[problem.to_owned()], priority).await.remove(0)
}

/// One for each of these problems.
pub async fn open_alerts(ward: &Ward, patient: Uuid, problems: &[String], priority: Priority) -> Vec<Uuid> {
    let now = ward.clock.care_now();
    let findings = problems.iter().map(|problem| finding(problem, priority, now)).collect();
    let evaluation = Evaluation { findings, folded_from: now, folded_through: now, ..Evaluation::default() };
    let mut tx = ward.pool.begin().await.expect("a transaction");
    let duty = derwent::store::roster::duty(&mut tx, Some(ward.team)).await.expect("duty");
    let owner = Belongs { organisation: Some(ward.organisation), team: Some(ward.team), patient: Some(patient) };
    let decisions = escalation::judge(&evaluation, &[], &duty, now).into_iter();
    let changes: Vec<Change> =
        decisions.map(|decision| Change { alert: random::new_id(), new: true, owner, decision }).collect();
    alert_row::write(&mut tx, &changes, now).await.expect("written");
    tx.commit().await.expect("committed");
    changes.iter().map(|change| change.alert).collect()
}

fn finding(problem: &str, priority: Priority, now: jiff::Timestamp) -> Finding {
    let rule = "hypertension/severe".to_owned();
    let firing = Firing {
        rule: rule.clone(),
        since: now,
        until: None,
        priority,
        at_once: None,
        pending: false,
        unwatched: false,
    };
    Finding {
        problem: problem.to_owned(),
        start: now,
        end: None,
        kind: Kind::Clinical,
        priority,
        rule,
        sentence: "Dorothy Canary has 186/101 mmHg".to_owned(),
        team: None,
        worst: Vec::new(),
        reasons: Vec::new(),
        unconfirmed: false,
        late_minutes: 0,
        pending: false,
        closes_itself: false,
        firings: vec![firing],
    }
}

/// Somebody who has read all there is in it.
pub async fn does(ward: &Ward, alert: Uuid, staff: Uuid, act: Act) -> Acted {
    let mut tx = ward.pool.begin().await.expect("a transaction");
    let saw = alert_row::lock(&mut tx, alert).await.expect("read").expect("an alert").state.told;
    let by = By { staff, saw, at: ward.clock.care_now() };
    let done = alert::act(&mut tx, alert, by, &act).await.expect("done");
    tx.commit().await.expect("committed");
    done
}

pub fn close() -> Act {
    Act::Close { outcome: "treatment_changed".to_owned(), note: String::new() }
}

pub fn mail_only(mail: &MailServer) -> Wires {
    Wires { smtp_url: mail.url(), ..Wires::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_high_alert_reaches_the_person_on_duty_by_mail_and_pager_and_names_no_patient() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let patient = ward.patient(&[]).await;
    let (mail, pager) = (MailServer::start(), Pager::start().await);
    let replica = ward.replica(&Wires { smtp_url: mail.url(), pager_url: Some(pager.url()), ..Wires::default() }).await;
    open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    replica.settle().await;

    let mails = mail.wait_for(1).await;
    let events = pager.wait_for(1).await;
    assert_eq!((mails.len(), events.len()), (1, 1));
    assert_eq!(mails[0].to, "ida@example.org");
    assert_eq!(mails[0].subject, "HIGH A1: acknowledge by 09:15");
    assert!(mails[0].body.contains("https://derwent.example/staff/alerts/A1"), "{}", mails[0].body);
    assert_eq!(events[0]["routing_key"], "ida");
    assert_eq!(events[0]["event_action"], "trigger");
    assert_eq!(events[0]["payload"]["severity"], "critical");
    for text in [&mails[0].subject, &mails[0].body, &events[0].to_string()] {
        for secret in ["Dorothy", "Canary", "186/101", "mmHg", "blood pressure", &patient.to_string()] {
            assert!(!text.contains(secret), "{secret} leaks: {text}");
        }
    }
    // The page's id is the Message-ID's left side.
    let page = ward.lines("SELECT page::text FROM page WHERE channel = 'email'").await.remove(0);
    assert_eq!(mails[0].message_id, format!("<{page}@derwent.example>"));
    assert_eq!(ward.count("SELECT count(*) FROM page WHERE state <> 'sent'").await, 0);
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_acknowledges_so_the_next_person_is_told_and_round_again_and_the_operator_too() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    ward.on_roster("tom", "08:00-20:00").await;
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&mail_only(&mail)).await;
    open_alert(&ward, patient, "blood pressure high", Priority::High).await;

    replica.step("2026-03-02T09:14:00Z").await;
    assert_eq!(mail.wait_for(1).await.len(), 1);
    replica.step("2026-03-02T09:15:00Z").await;
    let mails = mail.wait_for(2).await;
    assert_eq!((mails.len(), mails[1].to.as_str()), (2, "tom@example.org"));
    replica.step("2026-03-02T09:30:00Z").await;
    let told = |mails: &[Mail], who: &str| mails.iter().filter(|mail| mail.to == format!("{who}@example.org")).count();
    let mails = mail.wait_for(4).await;
    assert_eq!((told(&mails, "ida"), told(&mails, "tom"), told(&mails, "operator")), (2, 2, 0), "everyone");
    replica.step("2026-03-02T09:45:00Z").await;
    let mails = mail.wait_for(7).await;
    assert_eq!((told(&mails, "ida"), told(&mails, "tom"), told(&mails, "operator")), (3, 3, 1), "and the operator");
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_acknowledges_is_left_in_peace_for_two_hours_and_a_colleague_is_told_who_has_it() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    let ida = ward.on_roster("ida", "08:00-20:00").await;
    let tom = ward.on_roster("tom", "08:00-20:00").await;
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&mail_only(&mail)).await;
    let alert = open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    replica.step("2026-03-02T09:05:00Z").await;
    assert_eq!(does(&ward, alert, ida, Act::Acknowledge).await, Acted::Done);
    assert_eq!(does(&ward, alert, ida, Act::Acknowledge).await, Acted::Done, "a double click");
    assert_eq!(does(&ward, alert, tom, Act::Acknowledge).await, Acted::Theirs("ida".into()));

    replica.step("2026-03-02T11:04:00Z").await;
    assert_eq!(mail.wait_for(1).await.len(), 1, "nothing while she has it");
    replica.step("2026-03-02T11:05:00Z").await;
    let mails = mail.wait_for(2).await;
    assert!(mails[1].body.contains("it was not closed in time"), "{}", mails[1].body);

    assert_eq!(does(&ward, alert, tom, close()).await, Acted::Done);
    assert_eq!(does(&ward, alert, tom, close()).await, Acted::Refused(Refused::Closed));
    replica.step("2026-03-03T12:00:00Z").await;
    assert_eq!(mail.mails().len(), 2, "closed is closed");
    let history = ward.lines("SELECT what FROM alert_event WHERE what <> 'annotated' ORDER BY n").await;
    assert_eq!(history, ["opened", "paged", "sent", "acknowledged", "came_back", "paged", "sent", "closed"]);
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_welfare_step_is_told_at_once_though_cover_is_over() {
    let ward = Ward::open("2026-03-02T19:50:00Z").await;
    let ida = ward.on_roster("ida", "08:00-20:00").await;
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&mail_only(&mail)).await;
    let alert = open_alert(&ward, patient, "blood pressure high", Priority::Medium).await;
    replica.settle().await;
    assert_eq!(mail.wait_for(1).await.len(), 1);
    for rung in ["2026-03-02T19:58:00Z", "2026-03-02T20:03:00Z", "2026-03-02T20:08:00Z"] {
        replica.step(rung).await;
        assert_eq!(does(&ward, alert, ida, Act::RangNoAnswer).await, Acted::Done);
    }
    replica.step("2026-03-02T20:08:01Z").await;
    let mails = mail.wait_for(2).await;
    assert!(mails[1].body.contains("take the welfare step"), "{}", mails[1].body);
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn medium_alerts_of_the_night_wait_for_cover_and_come_in_one_mail() {
    let ward = Ward::open("2026-03-02T22:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let mail = MailServer::start();
    let replica = ward.replica(&mail_only(&mail)).await;
    for _ in 0..3 {
        let patient = ward.patient(&[]).await;
        open_alert(&ward, patient, "blood pressure high", Priority::Medium).await;
    }
    replica.step("2026-03-03T07:59:00Z").await;
    assert!(mail.mails().is_empty(), "{:?}", mail.mails());
    replica.step("2026-03-03T08:00:00Z").await;
    let mails = mail.wait_for(1).await;
    assert_eq!(mails[0].subject, "3 medium alerts wait");
    for reference in ["A1", "A2", "A3"] {
        assert!(mails[0].body.contains(reference), "{}", mails[0].body);
    }
    // Another soon after waits until the next bundle is due.
    replica.step("2026-03-03T08:02:00Z").await;
    let patient = ward.patient(&[]).await;
    open_alert(&ward, patient, "blood pressure high", Priority::Medium).await;
    replica.step("2026-03-03T08:09:00Z").await;
    assert_eq!(mail.mails().len(), 1);
    replica.step("2026-03-03T08:10:00Z").await;
    assert!(mail.wait_for(2).await[1].subject.starts_with("medium A4: act by"), "{:?}", mail.mails());
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_refused_is_given_up_at_once_and_the_next_person_is_told() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("refused", "08:00-20:00").await;
    ward.on_roster("tom", "08:00-20:00").await;
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&mail_only(&mail)).await;
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
    let replica = ward.replica(&mail_only(&mail)).await;
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
    let replica = ward.replica(&mail_only(&mail)).await;
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
async fn a_hole_in_the_roster_within_cover_falls_to_somebody_and_to_the_operator() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.staff("kay").await;
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&mail_only(&mail)).await;
    open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    replica.settle().await;
    // One of what is, and one of what is coming.
    let mails = mail.wait_for(3).await;
    let mut told: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, ["kay@example.org", "operator@example.org", "operator@example.org"]);
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_deactivated_is_not_paged_and_the_next_in_turn_is() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    let ida = ward.on_roster("ida", "08:00-20:00").await;
    ward.on_roster("tom", "00:00-00:00").await;
    sqlx::query("UPDATE staff SET deactivated_at = '2026-03-01T00:00:00Z' WHERE staff = $1")
        .bind(ida)
        .execute(&ward.pool)
        .await
        .expect("deactivated");
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&mail_only(&mail)).await;
    open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    replica.settle().await;
    let told: Vec<String> = mail.wait_for(1).await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(told, ["tom@example.org"]);
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
async fn a_high_page_says_how_many_high_alerts_are_open_and_theirs() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    let ida = ward.on_roster("ida", "08:00-20:00").await;
    let tom = ward.staff("tom").await;
    let mail = MailServer::start();
    let replica = ward.replica(&mail_only(&mail)).await;
    let opens = async || {
        let alert = open_alert(&ward, ward.patient(&[]).await, "blood pressure high", Priority::High).await;
        replica.settle().await;
        alert
    };
    let first = opens().await;
    does(&ward, first, ida, Act::Acknowledge).await;
    let second = opens().await;
    does(&ward, second, tom, Act::Acknowledge).await;
    opens().await;
    opens().await;
    does(&ward, first, ida, close()).await;
    opens().await;
    let said: Vec<String> = mail.wait_for(5).await.into_iter().map(|mail| mail.body).collect();
    let open = ["one high alert", "2 high alerts", "2 high alerts", "3 high alerts", "3 high alerts"];
    for (said, open) in said.iter().zip(open) {
        assert!(said.contains(&format!("You have {open} open.")), "not {open}: {said}");
    }
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_wakes_those_who_form_its_pages_and_these_those_who_send_them_and_nobody_else() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    let patient = ward.patient(&["hypertension"]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&mail_only(&mail)).await;
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
    let replica = ward.replica(&mail_only(&mail)).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_cannot_be_read_keeps_no_other_from_escalating() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    ward.on_roster("tom", "08:00-20:00").await;
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&mail_only(&mail)).await;
    let unreadable = open_alert(&ward, patient, "of another version", Priority::High).await;
    replica.settle().await;
    sqlx::query("UPDATE alert SET worst = '{\"firings\": \"of the year 2040\"}', next_step_at = next_step_at - interval '1 min' WHERE alert = $1")
        .bind(unreadable)
        .execute(&ward.pool)
        .await
        .expect("written");
    open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    replica.step("2026-03-02T09:15:00Z").await;
    let told: Vec<String> = mail.wait_for(4).await.into_iter().map(|mail| mail.to).collect();
    for person in ["tom@example.org", "operator@example.org"] {
        assert!(told.iter().any(|to| to == person), "{told:?}");
    }
    replica.stop().await;
    ward.expects("alerts cannot be read by this version");
    ward.close().await;
}
