//! Alerts reach people, and go on to others until somebody acts.

use alert_rules::Priority;
use alert_rules::escalation::act::Refused;
use derwent::store::alert::{Act, Acted};

use crate::harness::alerts::{close, does, open_alert};
use crate::harness::mail::{Mail, MailServer};
use crate::harness::pager::Pager;
use crate::harness::replica::Wires;
use crate::harness::ward::Ward;

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
    let replica = ward.replica(&Wires::to(&mail)).await;
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
    let replica = ward.replica(&Wires::to(&mail)).await;
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
    let replica = ward.replica(&Wires::to(&mail)).await;
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
    let replica = ward.replica(&Wires::to(&mail)).await;
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
async fn a_hole_in_the_roster_within_cover_falls_to_somebody_and_to_the_operator() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.staff("kay").await;
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
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
    let replica = ward.replica(&Wires::to(&mail)).await;
    open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    replica.settle().await;
    let told: Vec<String> = mail.wait_for(1).await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(told, ["tom@example.org"]);
    replica.stop().await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_high_page_says_how_many_high_alerts_are_open_and_theirs() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    let ida = ward.on_roster("ida", "08:00-20:00").await;
    let tom = ward.staff("tom").await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
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
async fn an_alert_that_cannot_be_read_keeps_no_other_from_escalating() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    ward.on_roster("ida", "08:00-20:00").await;
    ward.on_roster("tom", "08:00-20:00").await;
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let replica = ward.replica(&Wires::to(&mail)).await;
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
