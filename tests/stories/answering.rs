//! Alerts taken by answering their pages: by mail, as a mail server hands it to `derwent reply`, and by text message, as GOV.UK Notify
//! tells of it. What counts, what does not, and what whoever answers is told.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use alert_rules::Priority;
use derwent::clock::Clock;
use derwent::store::alert::Act;
use derwent::store::page::Channel;
use derwent::store::roster_change;
use reqwest::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::harness::alerts::{close, does, open_alert};
use crate::harness::exim::Exim;
use crate::harness::mail::{Mail, MailServer};
use crate::harness::notify::{self, Notify};
use crate::harness::replica::{Replica, Wires};
use crate::harness::service::{Options, Service, derwent, serve};
use crate::harness::ward::Ward;
use crate::wire::gauges;

/// A mail from Ida that answers this page.
fn answer(page: &Mail, id: &str, subject: &str, text: &str) -> String {
    format!(
        "From: Ida Shaw <Ida@example.org>\r\nTo: reply@example.org\r\nSubject: {subject}\r\nMessage-ID: <{id}@example.org>\r\n\
         In-Reply-To: {}\r\n\r\n{text}\r\n\r\n> {}\r\n",
        page.message_id,
        page.body.trim().replace('\n', "\n> ")
    )
}

/// Gives a mail to the real binary; returns its exit code.
async fn reply(database_url: &str, mail: &str) -> i32 {
    let mut command = derwent();
    command.arg("reply").env("DERWENT_DATABASE_URL", database_url);
    let mail = mail.to_owned();
    let ended = tokio::task::spawn_blocking(move || {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary");
        child.stdin.take().expect("piped").write_all(mail.as_bytes()).expect("read");
        child.wait_with_output().expect("it ends")
    });
    let output = ended.await.expect("it ran");
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(!said.contains("@example.org") && !said.contains("Shaw"), "a log that names somebody: {said}");
    output.status.code().expect("a code")
}

async fn owner(ward: &Ward, alert: Uuid) -> Option<Uuid> {
    sqlx::query_scalar("SELECT owner FROM alert WHERE alert = $1")
        .bind(alert)
        .fetch_one(&ward.pool)
        .await
        .expect("an alert")
}

async fn sql(ward: &Ward, statement: &'static str) {
    sqlx::raw_sql(statement).execute(&ward.pool).await.expect(statement);
}

/// A ward whose pages go by mail alone, with an alert that Ida was paged about.
struct Paged {
    ward: Ward,
    mail: MailServer,
    replica: Replica,
    ida: Uuid,
    alert: Uuid,
    reference: String,
    page: Mail,
}

impl Paged {
    async fn new() -> Self {
        let ward = Ward::open("2026-03-02T09:00:00Z").await;
        let ida = ward.on_roster("ida", "08:00-20:00").await;
        let patient = ward.patient(&[]).await;
        let mail = MailServer::start();
        let replica = ward.replica(&Wires { smtp_url: mail.url(), answers: true, ..Wires::default() }).await;
        let alert = open_alert(&ward, patient, "blood pressure high", Priority::High).await;
        replica.settle().await;
        let page = mail.wait_for(1).await.remove(0);
        let reference = ward.lines("SELECT 'A' || reference FROM alert WHERE patient IS NOT NULL").await.remove(0);
        Self { ward, mail, replica, ida, alert, reference, page }
    }

    async fn reply(&self, mail: &str) {
        assert_eq!(reply(&self.ward.database.url, mail).await, 0);
        self.replica.settle().await;
    }

    /// What she is told, once she has answered so.
    async fn told(&self, mail: &str) -> String {
        let before = self.mail.mails().len();
        self.reply(mail).await;
        self.mail.wait_for(before + 1).await.remove(before).body
    }

    async fn end(self) {
        self.replica.stop().await;
        self.ward.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_taken_by_answering_its_page_once_and_by_nobody_but_whom_it_went_to() {
    let paged = Paged::new().await;
    let Paged { ward, page, reference, .. } = &paged;
    assert!(page.raw.contains("Reply-To: reply@example.org"), "{}", page.raw);
    assert!(page.body.contains(&format!("ACK {reference}")), "{}", page.body);
    let ack = answer(page, "first", &format!("Re: {}", page.subject), "ACK");

    // What comes from elsewhere, answers no page, or was written by a program is passed over, and nobody is told anything.
    let automatic = "\r\nAuto-Submitted: auto-replied\r\nTo:";
    let away = ack.replace("\r\nTo:", automatic);
    for passed_over in [
        ack.replace("Ida@example.org", "mallory@example.org"),
        ack.replace(&page.message_id, &format!("<{}@derwent.example>", Uuid::nil())),
        away.replace("Ida@example.org", "mallory@example.org"),
        away.clone(),
        away,
        ack.replace("\r\nTo:", "\r\nReturn-Path: <>\r\nTo:"),
        String::new(),
    ] {
        paged.reply(&passed_over).await;
    }
    for (statement, undone) in [
        ("UPDATE contact_point SET verified_at = NULL", "UPDATE contact_point SET verified_at = made_at"),
        ("UPDATE staff SET deactivated_at = '2026-03-01T00:00:00Z'", "UPDATE staff SET deactivated_at = NULL"),
    ] {
        sql(ward, statement).await;
        paged.reply(&ack).await;
        sql(ward, undone).await;
    }
    assert_eq!(paged.mail.mails().len(), 1, "{:?}", paged.mail.mails());
    assert_eq!(owner(ward, paged.alert).await, None);
    // That a program wrote in Ida's name is noted: once however often the mail is brought, and here two marks are one mail's.
    assert_eq!(
        ward.lines("SELECT 'a program wrote for ' || name FROM reply JOIN staff USING (staff)").await,
        ["a program wrote for ida"]
    );

    let told = paged.told(&ack).await;
    assert!(told.starts_with(&format!("{reference} is yours. It comes back if it is not closed by")), "{told}");
    assert_eq!(owner(ward, paged.alert).await, Some(paged.ida));
    let history = "SELECT what || ' ' || by_staff::text FROM alert_event WHERE what = 'acknowledged'";
    assert_eq!(ward.lines(history).await, [format!("acknowledged {}", paged.ida)]);
    let audit = "SELECT what || ' ' || actor || ' ' || (detail ->> 'over') FROM audit WHERE patient IS NOT NULL";
    assert_eq!(ward.lines(audit).await, ["alert.acknowledged staff email"]);
    let said = paged.mail.mails().remove(1);
    for header in [format!("In-Reply-To: {}", page.message_id), "Auto-Submitted: auto-generated".to_owned()] {
        assert!(said.raw.contains(&header), "{header} is not in {}", said.raw);
    }
    assert!(!said.raw.contains("Dorothy") && !said.raw.contains("186/101"), "{}", said.raw);

    // Brought again, it takes nothing.
    does(ward, paged.alert, paged.ida, Act::Release).await;
    paged.replica.settle().await;
    let count = paged.mail.mails().len();
    paged.reply(&ack).await;
    assert_eq!((owner(ward, paged.alert).await, paged.mail.mails().len()), (None, count));
    // And where there is no database, the mail server keeps it.
    let nowhere = "postgres://nobody:nothing@127.0.0.1:9/nothing";
    assert_eq!(reply(nowhere, &ack).await, 75);
    paged.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_answers_what_does_not_count_is_told_why() {
    let paged = Paged::new().await;
    let Paged { ward, page, reference, .. } = &paged;
    let subject = format!("Re: {}", page.subject);
    let mut n = 0;
    let mut says = |text: &str| {
        n += 1;
        answer(page, &format!("m{n}"), &subject, text)
    };
    for (text, why) in [
        ("Thank you, I will look later", "let your first line be ACK"),
        (&format!("Taken ill, cannot do {reference}"), "let your first line be ACK"),
        ("ACK A99999", "Name an alert"),
    ] {
        let told = paged.told(&says(text)).await;
        assert!(told.starts_with("Nothing was done") && told.contains(why), "{text}: {told}");
    }
    // Whoever answers that, answers the page still.
    let said = paged.mail.mails().pop().expect("a mail");
    let references = format!("References: {} {}\r\nIn-Reply-To: {}", page.message_id, said.message_id, said.message_id);
    let again = says("hello").replace(&format!("In-Reply-To: {}", page.message_id), &references);
    assert!(paged.told(&again).await.starts_with("Nothing was done"));

    let bea = ward.staff("bea").await;
    let at_hers = ward.contact(bea, Channel::Email, "ida@example.org").await;
    let told = paged.told(&says("ACK")).await;
    assert!(told.contains("not the only one"), "{told}");
    sqlx::query("DELETE FROM contact_point WHERE contact_point = $1")
        .bind(at_hers)
        .execute(&ward.pool)
        .await
        .expect("gone");

    sql(ward, "UPDATE alert SET told = told + 1 WHERE patient IS NOT NULL").await;
    let told = paged.told(&says("ACK")).await;
    assert!(told.contains("something new came in"), "{told}");
    sql(ward, "UPDATE alert SET told = told - 1 WHERE patient IS NOT NULL").await;
    sql(ward, "UPDATE staff SET role = 'auditor' WHERE name = 'ida'").await;
    let told = paged.told(&says("ACK")).await;
    assert!(told.contains("cannot be done by answering"), "{told}");
    sql(ward, "UPDATE staff SET role = 'co-ordinator' WHERE name = 'ida'").await;
    assert_eq!(owner(ward, paged.alert).await, None);

    does(ward, paged.alert, bea, Act::Acknowledge).await;
    let told = paged.told(&says("ACK")).await;
    assert!(told.contains("bea has it already"), "{told}");
    does(ward, paged.alert, bea, close()).await;
    let told = paged.told(&says("ACK")).await;
    assert!(told.contains("closed already"), "{told}");

    // A program that does not say that it is one is answered ten times in an hour, which one that does say so does not use up.
    paged.reply(&says("I am away.").replace("\r\nTo:", "\r\nAuto-Submitted: auto-replied\r\nTo:")).await;
    paged.told(&says("I am away.")).await;
    let count = paged.mail.mails().len();
    paged.reply(&says("I am away.")).await;
    assert_eq!(paged.mail.mails().len(), count);
    paged.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_alerts_on_one_page_those_are_taken_that_are_named() {
    let ward = Ward::open("2026-03-02T09:00:00Z").await;
    let ida = ward.on_roster("ida", "08:00-20:00").await;
    let patient = ward.patient(&[]).await;
    let mail = MailServer::start();
    let mut alerts = Vec::new();
    for problem in ["weight", "pulse", "cough"] {
        alerts.push(open_alert(&ward, patient, problem, Priority::Medium).await);
    }
    let replica = ward.replica(&Wires { smtp_url: mail.url(), answers: true, ..Wires::default() }).await;
    replica.settle().await;
    let page = mail.wait_for(1).await.remove(0);
    let references =
        ward.lines("SELECT 'A' || reference FROM alert WHERE patient IS NOT NULL ORDER BY reference").await;
    assert!(references.iter().all(|reference| page.body.contains(reference)), "{}", page.body);
    let subject = format!("Re: {}", page.subject);
    for (id, text) in [("one", "ACK".to_owned()), ("two", format!("ack {}, {}", references[0], references[2]))] {
        assert_eq!(reply(&ward.database.url, &answer(&page, id, &subject, &text)).await, 0);
    }
    replica.settle().await;
    let told: Vec<String> = mail.wait_for(3).await[1..].iter().map(|mail| mail.body.clone()).collect();
    assert!(told.iter().any(|text| text.contains("Name an alert")), "{told:?}");
    let both = |text: &String| [0, 2].iter().all(|n: &usize| text.contains(&format!("{} is yours", references[*n])));
    assert!(told.iter().any(both), "{told:?}");
    for (alert, taken) in alerts.iter().zip([Some(ida), None, Some(ida)]) {
        assert_eq!(owner(&ward, *alert).await, taken);
    }
    replica.stop().await;
    ward.close().await;
}

/// Care time is machine time; Ida is always on duty.
async fn ward_of_today() -> (Ward, Uuid, Uuid) {
    let ward = Ward::open(&Clock::ordinary().care_now().to_string()).await;
    let mut db = ward.pool.acquire().await.expect("a connection");
    roster_change::set_cover(&mut db, ward.team, false, &["all-day".parse().expect("hours")]).await.expect("cover");
    drop(db);
    let ida = ward.on_roster("ida", "00:00-00:00").await;
    let patient = ward.patient(&[]).await;
    (ward, ida, patient)
}

async fn started(command: std::process::Command) -> Service {
    let service = tokio::task::spawn_blocking(move || Service::try_start(command)).await.expect("started");
    service.unwrap_or_else(|problem| panic!("{problem}"))
}

/// Stops the service once it has told everybody.
async fn end(service: Service, ward: &Ward) {
    let waiting = "SELECT (SELECT count(*) FROM page WHERE state NOT IN ('sent', 'given_up'))
                          + (SELECT count(*) FROM page_request WHERE NOT formed AND at <= now())";
    while ward.count(waiting).await > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(service.end());
}

/// Through a mail server that nobody here wrote: from the page to the answer's answer, and a program's to the gauge.
#[tokio::test(flavor = "multi_thread")]
async fn exim_pipes_an_answer_into_the_real_binary_and_takes_what_is_said_to_it() {
    let (ward, ida, patient) = ward_of_today().await;
    let url = ward.database.url.clone();
    let exim = tokio::task::spawn_blocking(move || Exim::start_with_derwent(&url)).await.expect("started");
    let alert = open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    let mut command = serve(&Options {
        database_url: ward.database.url.clone(),
        care_time: None,
        smtp_url: exim.url(),
        pager_url: None,
    });
    command.env("SSL_CERT_FILE", exim.certificate()).env("DERWENT_REPLY_TO", "Derwent <reply@example.org>");
    command.args(["--metrics-listen", "127.0.0.1:0"]);
    let service = started(command).await;
    let gauges = gauges::address(&service);
    let automatic = async || gauges::scrape(&gauges).await.1["derwent_automatic_replies"];
    let page = exim.wait_for("ida", 1).await.remove(0);
    let header = |name: &str| page.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
    assert_eq!(header("Reply-To: "), "Derwent <reply@example.org>");
    let mail = format!(
        "From: ida@example.org\nTo: reply@example.org\nSubject: Re: {}\nMessage-ID: <a1@example.org>\nIn-Reply-To: {}\n\nACK\n",
        header("Subject: "),
        header("Message-ID: ")
    );
    let away = mail.replace("<a1@", "<a0@").replace("\nTo:", "\nAuto-Submitted: auto-replied (vacation)\nTo:");
    assert_eq!(automatic().await, 0.0);
    let (said, exim) = tokio::task::spawn_blocking(move || {
        let said = exim.hand_in("ida@example.org", &away) + &exim.hand_in("ida@example.org", &mail);
        (said, exim)
    })
    .await
    .expect("handed in");
    let answered = exim.wait_for("ida", 2).await;
    assert_eq!(owner(&ward, alert).await, Some(ida), "{said}{}", exim.log());
    assert!(answered.iter().any(|mail| mail.contains("is yours. It comes back")), "{answered:?}");
    assert_eq!(automatic().await, 1.0, "{said}{}", exim.log());
    end(service, &ward).await;
    ward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_message_takes_an_alert_from_a_proven_number_with_the_agreed_token_alone() {
    let (ward, ida, patient) = ward_of_today().await;
    ward.contact(ida, Channel::Sms, "+447700900001").await;
    let (mail, notify) = (MailServer::start(), Notify::start().await);
    let alert = open_alert(&ward, patient, "blood pressure high", Priority::High).await;
    let reference = ward.lines("SELECT 'A' || reference FROM alert").await.remove(0);
    let mut command = serve(&Options {
        database_url: ward.database.url.clone(),
        care_time: None,
        smtp_url: mail.url(),
        pager_url: None,
    });
    command
        .env("DERWENT_SMS_URL", notify.url())
        .env("DERWENT_SMS_API_KEY", notify::API_KEY)
        .env("DERWENT_SMS_TEMPLATE", notify::TEMPLATE)
        .env("DERWENT_SMS_REPLY_TOKEN", notify::REPLY_TOKEN);
    let service = started(command).await;
    let texts = async |count: usize| -> Vec<String> {
        for _ in 0..3000 {
            let taken = notify.taken();
            if taken.len() >= count {
                return taken
                    .iter()
                    .map(|text| text["personalisation"]["text"].as_str().expect("text").to_owned())
                    .collect();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("expected {count}, got {:?}", notify.taken());
    };
    let page = texts(1).await.remove(0);
    assert!(page.contains(&format!("Or answer: ACK {reference}.")), "{page}");
    // `sent` is written once Notify has answered.
    while ward.count("SELECT count(*) FROM page WHERE channel = 'sms' AND state = 'sent'").await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let address = format!("{}/notify/text-messages", service.origin);
    let client = reqwest::Client::new();
    let tell = async |token: Option<&str>, body: String| {
        let request = client.post(&address).header("content-type", "application/json").body(body);
        let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
        request.send().await.expect("an answer").status()
    };
    let text = |id: &str, from: &str, text: &str| {
        json!({ "id": id, "source_number": from, "destination_number": "07700900999", "message": text,
                "date_received": "2026-03-02T09:00:00.000000Z", "service_id": notify::SERVICE })
        .to_string()
    };
    let ack = format!("Ack {}", reference.to_lowercase());
    let good = text("1", "447700900001", &ack);
    for token in [None, Some("x"), Some(&notify::REPLY_TOKEN[1..])] {
        assert_eq!(tell(token, good.clone()).await, StatusCode::UNAUTHORIZED);
    }
    let right = Some(notify::REPLY_TOKEN);
    assert_eq!(tell(right, "{}".into()).await, StatusCode::BAD_REQUEST);
    assert_eq!(tell(right, text("2", "447700900002", &ack)).await, StatusCode::NO_CONTENT);
    assert_eq!(tell(right, text("3", "ACME", &ack)).await, StatusCode::NO_CONTENT);
    let bea = ward.staff("bea").await;
    let hers = ward.contact(bea, Channel::Sms, "+447700900001").await;
    assert_eq!(tell(right, text("4", "447700900001", &ack)).await, StatusCode::NO_CONTENT);
    assert!(texts(2).await[1].contains("not the only one"));
    sqlx::query("DELETE FROM contact_point WHERE contact_point = $1")
        .bind(hers)
        .execute(&ward.pool)
        .await
        .expect("gone");
    for (n, wrong) in ["On my way", "ACK", "ACK A99999"].iter().enumerate() {
        assert_eq!(tell(right, text(wrong, "447700900001", wrong)).await, StatusCode::NO_CONTENT);
        let said = texts(n + 3).await.remove(n + 2);
        assert!(said.starts_with("Nothing was done"), "{wrong}: {said}");
    }
    assert_eq!(owner(&ward, alert).await, None);

    assert_eq!(tell(right, good.clone()).await, StatusCode::NO_CONTENT);
    assert_eq!(owner(&ward, alert).await, Some(ida));
    let said = texts(6).await.remove(5);
    assert!(said.starts_with(&format!("{reference} is yours")), "{said}");
    // Told again, it takes nothing.
    does(&ward, alert, ida, Act::Release).await;
    assert_eq!(tell(right, good).await, StatusCode::NO_CONTENT);
    assert_eq!(owner(&ward, alert).await, None);
    assert_eq!(ward.count("SELECT count(*) FROM page WHERE alerts = '{}'").await, 5);
    end(service, &ward).await;
    // What she let go of is told from the first step on.
    assert_eq!(texts(7).await.len(), 7);
    assert!(mail.mails().iter().all(|mail| mail.to == "ida@example.org"), "{:?}", mail.mails());
    ward.close().await;
}
