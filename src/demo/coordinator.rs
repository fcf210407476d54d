//! The demo's care co-ordinator. She works through the staff API like anybody, by a routine so plain that two runs do the
//! same:
//!
//! - four minutes after a high page, at any hour, she acknowledges every open high alert, and half an hour later closes it;
//! - at 09:00 and 16:30 she acknowledges and closes everything that is open.
//!
//! High alerts are closed as *treatment changed*, silence as *expected*, everything else as *no action*.

use anyhow::{Context, bail};
use jiff::civil::{Time, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::web::api::{
    Alert, AlertHead, Close, Kind, Outcome, PatientPage, Priority, Saw, SecondFactorCode, SignIn, Worklist,
};

const AFTER_A_PAGE: SignedDuration = SignedDuration::from_mins(4);
/// From acknowledging a high alert to closing it.
const DEALING: SignedDuration = SignedDuration::from_mins(30);
const ROUNDS: [Time; 2] = [time(9, 0, 0, 0), time(16, 30, 0, 0)];

#[derive(Debug)]
pub struct Coordinator {
    http: Client,
    origin: String,
    /// `name=value`, as the service gave it.
    cookie: String,
    /// The whole `Set-Cookie` headers, for the browser of whoever watches.
    pub set_cookie: Vec<String>,
    zone: TimeZone,
    /// When she looks because of a page, or to close what she dealt with.
    called: Option<Timestamp>,
    next_round: Timestamp,
}

/// What she signs in with.
#[derive(Debug)]
pub struct WaysIn<'a> {
    pub email: &'a str,
    pub password: &'a str,
    pub code: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    High,
    All,
}

impl Coordinator {
    pub async fn sign_in(
        http: Client,
        origin: &str,
        ways_in: &WaysIn<'_>,
        zone: TimeZone,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let next_round = next_round(now, &zone)?;
        let mut her = Self {
            http,
            origin: origin.to_owned(),
            cookie: String::new(),
            set_cookie: Vec::new(),
            zone,
            called: None,
            next_round,
        };
        let (email, password) = (ways_in.email.to_owned(), ways_in.password.to_owned());
        her.give("/api/sign-in", &SignIn { email, password, shared_computer: false }).await?;
        her.give("/api/sign-in/code", &SecondFactorCode { code: ways_in.code.clone() }).await?;
        Ok(her)
    }

    /// One step of signing in; the cookies of the last are those of the session.
    async fn give(&mut self, path: &str, body: &impl Serialize) -> anyhow::Result<()> {
        let request = self.http.post(format!("{}{path}", self.origin)).header(ORIGIN, &self.origin).json(body);
        let answer = request.header(COOKIE, &self.cookie).send().await;
        let answer = answer.context("the co-ordinator could not reach the service")?;
        if !answer.status().is_success() {
            bail!("{path} answered {} to the co-ordinator", answer.status());
        }
        let given = answer.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        self.set_cookie = given.map(str::to_owned).collect();
        let pairs: Vec<&str> = self.set_cookie.iter().filter_map(|cookie| cookie.split(';').next()).collect();
        self.cookie = pairs.join("; ");
        Ok(())
    }

    /// A high page went out: she looks a little later, unless she is about to look anyway.
    pub fn called(&mut self, now: Timestamp) {
        self.look_again(now, AFTER_A_PAGE);
    }

    fn look_again(&mut self, now: Timestamp, after: SignedDuration) {
        let at = now + after;
        self.called = Some(self.called.map_or(at, |called| called.min(at)));
    }

    /// When she acts next.
    pub fn next_look(&self) -> Timestamp {
        self.called.map_or(self.next_round, |called| called.min(self.next_round))
    }

    /// Does what is due by now.
    pub async fn look(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let scope = if self.next_round <= now { Scope::All } else { Scope::High };
        self.called = self.called.filter(|called| *called > now);
        if scope == Scope::All {
            self.next_round = next_round(now, &self.zone)?;
        }
        let worklist: Worklist = self.get("/api/worklist").await?;
        for row in worklist.rows {
            if scope == Scope::High && row.alert.priority != Priority::High {
                continue;
            }
            let alerts: Vec<AlertHead> = if row.more == 0 {
                vec![row.alert]
            } else {
                let page: PatientPage = self.get(&format!("/api/patients/{}", row.patient.patient)).await?;
                let open = page.alerts.into_iter().filter(|alert| alert.closed_at.is_none());
                open.map(|alert| alert.head).collect()
            };
            for alert in alerts.iter().filter(|alert| scope == Scope::All || alert.priority == Priority::High) {
                self.act(alert, scope, now).await?;
            }
        }
        Ok(())
    }

    async fn act(&mut self, alert: &AlertHead, scope: Scope, now: Timestamp) -> anyhow::Result<()> {
        if alert.acknowledged_at.is_none() {
            let saw = Saw { saw: alert.told };
            let _: Alert = self.post(&format!("/api/alerts/{}/acknowledge", alert.alert), &saw).await?;
            if scope == Scope::High {
                self.look_again(now, DEALING);
                return Ok(());
            }
        }
        let outcome = match (alert.priority, alert.kind) {
            (Priority::High, _) => Outcome::TreatmentChanged,
            (_, Kind::Absence) => Outcome::Expected,
            _ => Outcome::NoAction,
        };
        let close = Close { saw: alert.told, outcome, note: String::new() };
        let _: Alert = self.post(&format!("/api/alerts/{}/close", alert.alert), &close).await?;
        Ok(())
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let request = self.http.request(Method::GET, format!("{}{path}", self.origin)).header(COOKIE, &self.cookie);
        read(request.send().await, path).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> anyhow::Result<T> {
        let request = self.http.request(Method::POST, format!("{}{path}", self.origin));
        let request = request.header(COOKIE, &self.cookie).header(ORIGIN, &self.origin).json(body);
        read(request.send().await, path).await
    }
}

async fn read<T: DeserializeOwned>(answer: reqwest::Result<Response>, path: &str) -> anyhow::Result<T> {
    let answer = answer.with_context(|| format!("the co-ordinator could not reach {path}"))?;
    let status = answer.status();
    let text = answer.text().await.with_context(|| format!("the answer of {path} broke off"))?;
    if status != StatusCode::OK {
        bail!("{path} answered {status} to the co-ordinator: {text}");
    }
    serde_json::from_str(&text).with_context(|| format!("the answer of {path} cannot be read"))
}

/// The first round after `now`, by the clock on her wall.
fn next_round(now: Timestamp, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    let local = now.to_zoned(zone.clone());
    for day in [local.date(), local.date().tomorrow()?] {
        for round in ROUNDS {
            let at = day.to_datetime(round).to_zoned(zone.clone())?.timestamp();
            if at > now {
                return Ok(at);
            }
        }
    }
    bail!("no round within two days of {now}")
}
