//! A ward whose people do things, the real service that tells them, and everything that was sent to them, beside what should have been.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use alert_rules::Priority;
use derwent::store::alert::{Act, Acted};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::model::{Event, Model, Paged};
use crate::harness::alerts::{close, does, open_alert};
use crate::harness::mail::{Mail, MailServer};
use crate::harness::pager::Pager;
use crate::harness::service::{Options, Service, serve};
use crate::harness::ward::{Ward, at};

pub struct Scene {
    pub ward: Ward,
    pub mail: MailServer,
    pub pager: Pager,
    pub model: Model,
    smtp_url: String,
    /// None: it is down.
    service: Option<Service>,
    /// A step was begun, and may not have ended.
    stepping: bool,
    began: Timestamp,
    staff: BTreeMap<String, Uuid>,
    alerts: BTreeMap<String, Uuid>,
    sent: BTreeSet<Paged>,
    mails: usize,
    events: usize,
}

impl Scene {
    /// Cover and shifts as in `08:00-20:00`, daily, London time. Everybody has a mail address and a pager.
    pub async fn open(now: &str, cover: &str, shifts: &[(&str, &str)]) -> Self {
        let mail = MailServer::start();
        let url = mail.url();
        Self::open_with(now, cover, shifts, mail, &url).await
    }

    /// Over this mail server, by this URL.
    pub async fn open_with(now: &str, cover: &str, shifts: &[(&str, &str)], mail: MailServer, url: &str) -> Self {
        let ward = Ward::open(now).await;
        ward.cover(cover).await;
        let mut staff = BTreeMap::new();
        for (name, hours) in shifts {
            staff.insert((*name).to_owned(), ward.on_roster(name, hours).await);
        }
        let pager = Pager::start().await;
        let model = Model::new(cover, shifts);
        let (alerts, sent) = (BTreeMap::new(), BTreeSet::new());
        let smtp_url = url.to_owned();
        let (service, stepping, began) = (None, false, at(now));
        let mut scene = Self {
            ward,
            mail,
            pager,
            model,
            smtp_url,
            service,
            stepping,
            began,
            staff,
            alerts,
            sent,
            mails: 0,
            events: 0,
        };
        scene.comes_up();
        scene
    }

    /// The service, as an operator starts it.
    fn comes_up(&mut self) {
        let mut command = serve(&Options {
            database_url: self.ward.database.url.clone(),
            care_time: Some(self.ward.clock.care_now().to_string()),
            smtp_url: self.smtp_url.clone(),
            pager_url: Some(self.pager.url()),
        });
        command.env("DERWENT_OPERATOR_EMAIL", "operator@example.org");
        let started = tokio::task::block_in_place(|| Service::try_start(command));
        self.service = Some(started.unwrap_or_else(|problem| panic!("{problem}")));
    }

    /// In the team, and on no roster.
    pub async fn colleague(&mut self, name: &str) {
        self.staff.insert(name.to_owned(), self.ward.staff(name).await);
        self.model.others.push(name.to_owned());
    }

    fn happens(&mut self, event: Event) {
        self.model.events.entry(self.ward.clock.care_now()).or_default().push(event);
    }

    /// An alert about a patient of its own, now, and everybody is told who is to be.
    pub async fn opens(&mut self, priority: Priority) -> String {
        let name = self.comes(priority).await;
        self.settle().await;
        name
    }

    /// The same; the service is not waited for.
    pub async fn comes(&mut self, priority: Priority) -> String {
        let patient = self.ward.patient(&[]).await;
        let alert = open_alert(&self.ward, patient, "blood pressure high", priority).await;
        let name: String = sqlx::query_scalar("SELECT 'A' || reference FROM alert WHERE alert = $1")
            .bind(alert)
            .fetch_one(&self.ward.pool)
            .await
            .expect("its reference");
        self.is_known(&name, alert, priority);
        self.begin_step();
        name
    }

    fn is_known(&mut self, name: &str, alert: Uuid, priority: Priority) {
        self.alerts.insert(name.to_owned(), alert);
        let high = priority == Priority::High;
        self.happens(if high { Event::High(name.to_owned()) } else { Event::Medium(name.to_owned()) });
    }

    /// The patient's open alert, once the service has opened it.
    pub async fn alert_of(&mut self, patient: Uuid) -> Uuid {
        self.step();
        sqlx::query_scalar("SELECT alert FROM alert WHERE patient = $1 AND closed_at IS NULL AND priority = 'high'")
            .bind(patient)
            .fetch_one(&self.ward.pool)
            .await
            .expect("one high alert")
    }

    /// An alert that the service opened now, by itself.
    pub async fn knows(&mut self, name: &str, alert: Uuid, priority: Priority) {
        self.is_known(name, alert, priority);
        self.settle().await;
    }

    /// What came in is worse than anybody knew.
    pub async fn worse(&mut self, name: &str) {
        self.happens(Event::Worse(name.to_owned()));
        self.settle().await;
    }

    pub async fn acknowledges(&mut self, who: &str, name: &str) {
        self.act(who, name, Act::Acknowledge, Event::Acknowledges(name.to_owned(), who.to_owned())).await;
    }

    pub async fn offers(&mut self, who: &str, name: &str, to: &str) {
        let event = Event::Offers(name.to_owned(), to.to_owned());
        self.act(who, name, Act::Offer(self.staff[to]), event).await;
    }

    pub async fn declines(&mut self, who: &str, name: &str) {
        self.act(who, name, Act::Decline, Event::Declines(name.to_owned(), who.to_owned())).await;
    }

    pub async fn closes(&mut self, who: &str, name: &str) {
        self.act(who, name, close(), Event::Closes(name.to_owned())).await;
    }

    async fn act(&mut self, who: &str, name: &str, act: Act, event: Event) {
        assert_eq!(does(&self.ward, self.alerts[name], self.staff[who], act).await, Acted::Done);
        self.happens(event);
        self.settle().await;
    }

    /// The service is not there; time passes all the same.
    pub async fn goes_down_until(&mut self, until: &str) {
        self.goes_down();
        self.model.down.push((self.ward.clock.care_now(), at(until)));
        self.ward.clock.step(at(until));
        self.comes_up();
        self.settle().await;
    }

    /// Minute by minute, each to its end.
    pub async fn until(&mut self, until: &str) {
        let until = at(until);
        while self.ward.clock.care_now() < until {
            self.ward.clock.step(until.min(self.ward.clock.care_now() + SignedDuration::from_mins(1)));
            self.settle().await;
        }
    }

    pub async fn settle(&mut self) {
        self.step();
        let (by_mail, by_pager) = (sent(&self.ward, "email").await, sent(&self.ward, "pager").await);
        // A mail server that said so has it; it may take a moment until it tells the test.
        self.mail.wait_for(by_mail).await;
        while self.pager.events().iter().filter(|event| event["event_action"] == "trigger").count() < by_pager {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.look();
    }

    /// What came since the last look came at this instant of care time. The same page twice is one.
    fn look(&mut self) {
        let now = self.ward.clock.care_now();
        let mails = self.mail.mails();
        let known: BTreeSet<String> = mails[..self.mails].iter().map(|mail| mail.message_id.clone()).collect();
        for mail in mails[self.mails..].iter().filter(|mail| !known.contains(&mail.message_id)) {
            self.sent.insert(of_mail(now, mail));
        }
        let events = self.pager.events();
        for event in events[self.events..].iter().filter(|event| event["event_action"] == "trigger") {
            let who = event["routing_key"].as_str().expect("a key").to_owned();
            let summary = event["payload"]["summary"].as_str().expect("a summary");
            self.sent.insert(Paged { at: now, who, over: "pager", about: vec![reference(summary)] });
        }
        (self.mails, self.events) = (mails.len(), events.len());
    }

    /// Time passes, and the service is not waited for any longer than it has something to send.
    pub fn passes(&mut self, until: &str) {
        self.end_step();
        self.ward.clock.step(at(until));
        self.begin_step();
    }

    /// The service does what is due by now.
    fn step(&mut self) {
        self.end_step();
        self.begin_step();
        self.end_step();
    }

    fn begin_step(&mut self) {
        let now = self.ward.clock.care_now().to_string();
        self.service().begin_step(&now);
        self.stepping = true;
    }

    fn end_step(&mut self) {
        if std::mem::take(&mut self.stepping) {
            tokio::task::block_in_place(|| self.service().end_step());
        }
    }

    fn goes_down(&mut self) {
        self.end_step();
        let service = self.service.take().expect("up");
        assert!(tokio::task::block_in_place(|| service.end()), "the service did not end well");
    }

    /// Within a minute everybody is told who should have been by now, over what works.
    pub async fn reaches(&mut self) {
        let all = async {
            loop {
                self.look();
                let expected = self.model.paged(self.began, self.ward.clock.care_now());
                if expected.is_subset(&self.sent) {
                    return;
                }
                // What failed is tried again in a while.
                if self.service().has_stepped() {
                    self.begin_step();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), all).await.expect("everybody within a minute");
    }

    fn service(&mut self) -> &mut Service {
        self.service.as_mut().expect("up")
    }

    /// Whether exactly those were paged who should have been, when they should have been.
    pub async fn end(mut self) {
        self.goes_down();
        let until = self.ward.clock.care_now();
        let expected = self.model.paged(self.began, until);
        let missing: Vec<_> = expected.difference(&self.sent).collect();
        let unexpected = self.sent.difference(&expected).filter(|paged| paged.about != [DEAD_CHANNEL]);
        let unexpected: Vec<_> = unexpected.collect();
        assert!(
            missing.is_empty() && unexpected.is_empty(),
            "not sent:\n{}\nsent:\n{}",
            lines(&missing),
            lines(&unexpected)
        );
        assert!(!expected.is_empty(), "a story in which nobody is paged");
        self.ward.close().await;
    }
}

/// Pages that the service holds to be sent over this.
async fn sent(ward: &Ward, channel: &str) -> usize {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM page WHERE state = 'sent' AND channel = $1")
        .bind(channel)
        .fetch_one(&ward.pool)
        .await
        .expect("a count");
    usize::try_from(count).expect("no fewer than none")
}

pub fn of_mail(at: Timestamp, mail: &Mail) -> Paged {
    let who = mail.to.split('@').next().unwrap_or_default().to_owned();
    let about = match who.as_str() {
        "operator" => vec![problem(&mail.body).to_owned()],
        _ => about(mail),
    };
    Paged { at, who, over: "email", about }
}

/// `HIGH A1: …`, `medium A4: …`
fn reference(subject: &str) -> String {
    let word = subject.split([' ', ':']).nth(1).unwrap_or_default();
    word.to_owned()
}

/// The references it names, one by one.
fn about(mail: &Mail) -> Vec<String> {
    if mail.subject.ends_with("wait") {
        let mut named: Vec<String> = mail
            .body
            .lines()
            .filter_map(|line| line.split_once("  ").map(|(first, _)| first.to_owned()))
            .filter(|first| first.starts_with('A'))
            .collect();
        named.sort();
        return named;
    }
    vec![reference(&mail.subject)]
}

/// How often a channel has to fail until the operator hears of it is counted in tries, which no story can.
const DEAD_CHANNEL: &str = "a channel that does not work";

/// What the operator's mails are about, as the model calls it.
fn problem(body: &str) -> &'static str {
    let known = [
        ("although its cover is declared for this hour", "hole"),
        ("although its cover is declared:", "hole ahead"),
        ("told about a high alert", "a high alert nobody answers"),
        ("told about a medium alert", "a medium alert nobody answers"),
        ("nobody on its roster", "nobody on a roster"),
        ("do not go out over the", DEAD_CHANNEL),
    ];
    let found = known.iter().find(|(words, _)| body.contains(words));
    found.map(|(_, problem)| *problem).unwrap_or_else(|| panic!("the operator was told: {body}"))
}

fn lines(all: &[&Paged]) -> String {
    let line = |paged: &&Paged| format!("  {} {} over {} about {:?}", paged.at, paged.who, paged.over, paged.about);
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}
