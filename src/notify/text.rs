//! The words of pages. They hold reference, kind, priority, how long the alert waits and until when, and a link:
//! never a patient's name, value or condition, because mail and pagers are read over shoulders and kept by others.

use alert_rules::escalation::{Policies, Whom};
use alert_rules::{Kind, Priority};
use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::notify::office::Office;
use crate::store::page::Channel;
use crate::store::page_request::Waiting;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub subject: String,
    pub body: String,
}

/// Where and for whom a text is written.
#[derive(Debug)]
pub struct Setting<'a> {
    /// The service's origin: links begin with it.
    pub origin: &'a str,
    pub team: &'a str,
    /// What to ring when one cannot sign in.
    pub phone: &'a str,
    pub policies: &'a Policies,
    pub zone: &'a TimeZone,
    /// Over what an answer takes an alert.
    pub answers: &'a [Channel],
    pub now: Timestamp,
}

struct Line {
    reference: String,
    priority: String,
    kind: String,
    why: &'static str,
    since: String,
    waited: String,
    act_by: String,
    /// As in `2 of 3`.
    step: String,
    link: String,
}

#[derive(Template)]
#[template(path = "alone.txt")]
struct Alone<'a> {
    line: &'a Line,
    priority: &'static str,
    asked: &'static str,
    then: &'static str,
    open: &'a str,
    answers: bool,
    team: &'a str,
    phone: &'a str,
    zone: &'a str,
}

/// More than that nobody reads in a message.
const MOST_LINES: usize = 50;

#[derive(Template)]
#[template(path = "bundle.txt")]
struct Bundle<'a> {
    heading: &'a str,
    lines: &'a [Line],
    answers: bool,
    /// On the worklist, and not among the lines.
    more: usize,
    origin: &'a str,
    team: &'a str,
    phone: &'a str,
    zone: &'a str,
}

#[derive(Template)]
#[template(path = "operator.txt")]
struct Operator<'a> {
    reference: String,
    priority: &'a str,
    sentence: &'a str,
    since: String,
}

impl Setting<'_> {
    /// An alert alone: a high one, or one that is this person's. `highs`: how many high ones they have open, with this one.
    pub fn alone(&self, waiting: &Waiting, highs: usize, channel: Channel) -> Result<Text, askama::Error> {
        let line = self.line(waiting);
        let (asked, then) = match waiting.to {
            Whom::Step(_) => ("Acknowledge", "; then it goes on to the next step"),
            Whom::Staff(_) | Whom::Welfare => ("Act", ""),
        };
        let (priority, begins) = match line.priority.as_str() {
            "high" => ("HIGH", "High"),
            "medium" => ("medium", "Medium"),
            _ => ("low", "Low"),
        };
        let open = match highs {
            0 => "You have no high alert open.".to_owned(),
            1 => "You have one high alert open.".to_owned(),
            highs => format!("You have {highs} high alerts open."),
        };
        // Whom it goes to by name has it already.
        let answers = self.answers.contains(&channel) && matches!(waiting.to, Whom::Step(_));
        let body = match channel {
            Channel::Sms | Channel::WebPush => format!(
                "{priority} {} alert {}, {}. {} Waiting since {}; {} by {}. Step {}. {open} {}{} Cannot sign in? Ring {}.",
                line.kind,
                line.reference,
                self.team,
                line.why,
                line.since,
                asked.to_lowercase(),
                line.act_by,
                line.step,
                line.link,
                if answers { format!(" Or answer: ACK {}.", line.reference) } else { String::new() },
                self.phone
            ),
            Channel::Email | Channel::Pager | Channel::Webhook => Alone {
                line: &line,
                priority: begins,
                asked,
                then,
                open: &open,
                answers,
                team: self.team,
                phone: self.phone,
                zone: &self.zone_name(),
            }
            .render()?,
        };
        Ok(Text {
            subject: format!("{priority} {}: {} by {}", line.reference, asked.to_lowercase(), line.act_by),
            body,
        })
    }

    /// Medium or low alerts, together.
    pub fn bundle(&self, waiting: &[&Waiting], channel: Channel) -> Result<Text, askama::Error> {
        let lines: Vec<Line> = waiting.iter().map(|waiting| self.line(waiting)).collect();
        let priority = waiting.first().map_or("low", |waiting| waiting.priority.as_str());
        let heading = match lines.len() {
            1 => format!("One {priority} alert waits"),
            count => format!("{count} {priority} alerts wait"),
        };
        let subject = match lines.as_slice() {
            [line] => format!("{priority} {}: act by {}", line.reference, line.act_by),
            _ => heading.clone(),
        };
        let answers = self.answers.contains(&channel);
        let body = match channel {
            // As many as fit; the worklist has them all.
            Channel::Sms | Channel::WebPush => {
                let named: Vec<&str> = lines.iter().take(10).map(|line| line.reference.as_str()).collect();
                let answer = if answers { " Or answer ACK and the references you take." } else { "" };
                format!("{heading}, {}: {}. {}/staff/{answer}", self.team, named.join(", "), self.origin)
            }
            Channel::Email | Channel::Pager | Channel::Webhook => {
                let zone = self.zone_name();
                let told = &lines[..lines.len().min(MOST_LINES)];
                let more = lines.len() - told.len();
                let (origin, team, phone) = (self.origin, self.team, self.phone);
                Bundle { heading: &heading, lines: told, more, answers, origin, team, phone, zone: &zone }.render()?
            }
        };
        Ok(Text { subject, body })
    }

    fn line(&self, waiting: &Waiting) -> Line {
        Line {
            reference: reference(waiting),
            priority: waiting.priority.clone(),
            kind: waiting.kind.clone(),
            why: why(&waiting.why),
            since: self.clock(waiting.opened_at),
            waited: waited(waiting.opened_at, self.now),
            act_by: self.clock(waiting.act_by),
            step: self.step(waiting),
            link: format!("{}/staff/alerts/{}", self.origin, reference(waiting)),
        }
    }

    /// Which of the policy's steps it is; the last repeats.
    fn step(&self, waiting: &Waiting) -> String {
        let Whom::Step(step) = waiting.to else { return "by name".to_owned() };
        let priority = Priority::named(&waiting.priority).unwrap_or(Priority::High);
        let kind = Kind::named(&waiting.kind).unwrap_or(Kind::Clinical);
        let last = self.policies.of(priority, kind).last();
        let again = if step > last { ", again" } else { "" };
        format!("{} of {}{again}", step.min(last) + 1, last + 1)
    }

    /// The hour; with the day unless it is today.
    fn clock(&self, at: Timestamp) -> String {
        let at = at.to_zoned(self.zone.clone());
        let today = self.now.to_zoned(self.zone.clone()).date();
        let form = if at.date() == today { "%H:%M" } else { "%H:%M on %a %-d %b" };
        at.strftime(form).to_string()
    }

    fn zone_name(&self) -> String {
        self.zone.iana_name().map_or_else(|| "UTC".to_owned(), |name| format!("{} time", name.replace('_', " ")))
    }
}

/// An operator alert: it belongs to no patient, so its own sentence may be sent.
pub fn operator(waiting: &Waiting) -> Result<Text, askama::Error> {
    let since = waiting.opened_at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    Ok(Text {
        subject: format!("Derwent service {}: a person is needed", reference(waiting)),
        body: Operator {
            reference: reference(waiting),
            priority: &waiting.priority,
            sentence: &waiting.sentence,
            since,
        }
        .render()?,
    })
}

/// A test page: it went the way of any other, and nobody has to do anything.
pub fn test(office: &Office) -> Text {
    Text {
        subject: "Derwent test page".to_owned(),
        body: format!(
            "This is a test of {}: a reading was stored, judged and paged about. Nobody has to do anything.\n\nIt comes \
             again and again. When it stops coming, pages to people may have stopped, too.\n",
            office.origin
        ),
    }
}

fn reference(waiting: &Waiting) -> String {
    format!("A{}", waiting.reference)
}

fn why(code: &str) -> &'static str {
    match code {
        "raised" => "Its priority rose.",
        "worsened" => "It got worse since someone was last told.",
        "escalated" => "Nobody acknowledged it; you are next.",
        "repeated" => "Nobody acknowledged it yet.",
        "renewed" => "Something was found again.",
        "came_back" => "Somebody had it, and it was not closed in time.",
        "offered" => "A colleague hands it to you. They have it until you accept.",
        "declined" => "Whom you handed it to does not take it: you have it still.",
        "released" => "Whoever had it let go of it.",
        "ring_again" => "Nobody answered the phone ten minutes ago: ring again.",
        "ring_emergency_contact" => "Nobody answered twice: ring the emergency contact.",
        "welfare_step" => "Nobody can be reached by phone: take the welfare step.",
        _ => "It is new.",
    }
}

fn waited(since: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(since).as_mins().max(0);
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    fn waiting(reference: i64, priority: &str) -> Waiting {
        Waiting {
            page_request: Uuid::nil(),
            alert: Uuid::nil(),
            organisation: Some(Uuid::nil()),
            team: Some(Uuid::nil()),
            patient: Some(Uuid::nil()),
            priority: priority.into(),
            to: Whom::Step(0),
            why: "opened".into(),
            reference,
            kind: "clinical".into(),
            sentence: "Dorothy Canary: systolic 186 mmHg".into(),
            opened_at: at("2026-06-30T13:05:00Z"),
            act_by: at("2026-06-30T13:20:00Z"),
            told: 1,
            owner: None,
            offered_to: None,
            closed: false,
        }
    }

    fn shown(text: &Text) -> String {
        format!("Subject: {}\n\n{}", text.subject, text.body)
    }

    #[test]
    fn a_page_says_what_waits_since_when_and_until_when_and_nothing_about_the_patient() {
        let zone = TimeZone::get("Europe/London").expect("a zone");
        let setting = Setting {
            origin: "https://derwent.example",
            team: "Belper team",
            phone: "01773 000000",
            policies: &Policies::standard(),
            zone: &zone,
            answers: &[],
            now: at("2026-06-30T13:08:30Z"),
        };
        let high = shown(&setting.alone(&waiting(1042, "high"), 2, Channel::Email).expect("a text"));
        insta::assert_snapshot!("high", high);
        let bundle =
            shown(&setting.bundle(&[&waiting(7, "medium"), &waiting(8, "medium")], Channel::Email).expect("a text"));
        insta::assert_snapshot!("bundle", bundle);
        let many: Vec<Waiting> = (1..=60).map(|reference| waiting(reference, "low")).collect();
        let many = setting.bundle(&many.iter().collect::<Vec<_>>(), Channel::Email).expect("a text");
        assert!(many.body.contains("A50 ") && !many.body.contains("A51 "), "{}", many.body);
        assert!(many.body.contains("And 10 more: https://derwent.example/staff/"), "{}", many.body);
        let text = setting.alone(&waiting(1042, "high"), 1, Channel::Sms).expect("a text").body;
        insta::assert_snapshot!("high_sms", text);
        let several = setting.bundle(&[&waiting(7, "medium"), &waiting(8, "medium")], Channel::Sms).expect("a text");
        insta::assert_snapshot!("bundle_sms", several.body);
        let operator = Waiting { sentence: "Nobody is on the roster.".into(), ..waiting(9, "medium") };
        insta::assert_snapshot!("operator", shown(&super::operator(&operator).expect("a text")));
        let answered = Setting { answers: &[Channel::Email, Channel::Sms], ..setting };
        for channel in [Channel::Email, Channel::Sms, Channel::Webhook] {
            let alone = answered.alone(&waiting(1042, "high"), 1, channel).expect("a text").body;
            assert_eq!(alone.contains("ACK A1042"), channel != Channel::Webhook, "{alone}");
            let by_name = Waiting { to: Whom::Staff(Uuid::nil()), ..waiting(1042, "high") };
            let by_name = answered.alone(&by_name, 1, channel).expect("a text").body;
            assert!(!by_name.contains("ACK"), "{by_name}");
            let bundle = answered.bundle(&[&waiting(7, "low"), &waiting(8, "low")], channel).expect("a text").body;
            assert_eq!(bundle.contains("ACK"), channel != Channel::Webhook, "{bundle}");
        }
        for text in [high, bundle, text, several.body] {
            assert!(!text.contains("Dorothy") && !text.contains("186"), "{text}");
        }
    }

    #[test]
    fn an_hour_on_another_day_names_the_day() {
        let zone = TimeZone::get("Europe/London").expect("a zone");
        let setting = Setting {
            origin: "http://localhost",
            team: "t",
            phone: "1",
            policies: &Policies::standard(),
            zone: &zone,
            answers: &[],
            now: at("2026-07-02T13:00:00Z"),
        };
        assert_eq!(setting.clock(at("2026-06-30T13:05:00Z")), "14:05 on Tue 30 Jun");
        let step = |step| setting.step(&Waiting { to: Whom::Step(step), ..waiting(1, "high") });
        assert_eq!([step(0), step(2), step(3), step(5)], ["1 of 3", "3 of 3", "3 of 3, again", "3 of 3, again"]);
    }
}
