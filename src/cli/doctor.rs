//! `derwent doctor`: what is wrong, and what to do. Takes the same configuration as `serve`, and may run beside it.

mod reconcile;
mod sample;

use std::fmt::Write;

use alert_rules::check;
use anyhow::bail;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use sqlx::PgConnection;

use crate::clock::Clock;
use crate::config::Config;
use crate::heartbeat::Outside;
use crate::mail::Mailer;
use crate::notify::pager::Pager;
use crate::notify::sms::Sms;
use crate::roster;
use crate::store::{self, Store, arrival, audit_chain, checkup};
use crate::{rule_files, web};
use reconcile::{Reconcile, Reconciled};

/// Nothing of ours takes longer when all is well.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

#[derive(Args, Debug)]
pub struct Doctor {
    #[command(flatten)]
    config: Box<Config>,

    #[command(flatten)]
    reconcile: Reconcile,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Good,
    /// Works, and could be better.
    Advice,
    Wrong,
}

#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    state: State,
    /// What is, and unless it is good, what to do.
    sentence: String,
}

#[derive(Debug, Default)]
struct Report(Vec<Finding>);

impl Report {
    fn add(&mut self, what: &'static str, state: State, sentence: impl Into<String>) {
        self.0.push(Finding { what, state, sentence: sentence.into() });
    }

    fn good(&mut self, what: &'static str, sentence: impl Into<String>) {
        self.add(what, State::Good, sentence);
    }

    fn wrong(&mut self, what: &'static str, sentence: impl Into<String>) {
        self.add(what, State::Wrong, sentence);
    }

    /// Good unless there are some.
    fn none_of(&mut self, what: &'static str, count: i64, good: &str, wrong: &str) {
        match count {
            0 => self.good(what, good),
            count => self.wrong(what, format!("{count} {wrong}")),
        }
    }
}

pub async fn run(doctor: Doctor) -> anyhow::Result<()> {
    let clock = Clock::ordinary();
    let mut report = Report::default();
    configuration(&doctor.config, &mut report);
    mail(&doctor.config, &mut report).await;
    pager(&doctor.config, &mut report);
    others(&doctor.config, &mut report);
    outside(&doctor.config, &mut report);
    let reconciled = database(&doctor, &clock, &mut report).await;
    let wrong = report.0.iter().filter(|finding| finding.state == State::Wrong).count();
    if doctor.json {
        println!(
            "{}",
            serde_json::to_string_pretty(
                &serde_json::json!({ "wrong": wrong, "findings": report.0, "reconciled": reconciled })
            )?
        );
    } else {
        print!("{}{}", in_words(&report), reconciled.as_ref().map_or_else(String::new, reconcile::in_words));
    }
    match wrong {
        0 => Ok(()),
        1 => bail!("one thing is wrong"),
        wrong => bail!("{wrong} things are wrong"),
    }
}

fn in_words(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.0 {
        let mark = match finding.state {
            State::Good => "✓",
            State::Advice => "·",
            State::Wrong => "✗",
        };
        // A string takes everything.
        let _ = writeln!(text, "{mark} {:<14} {}", finding.what, finding.sentence);
    }
    text
}

fn configuration(config: &Config, report: &mut Report) {
    match config.check() {
        Ok(()) => report.good("configuration", format!("the service is {}", config.origin())),
        Err(error) => report.wrong("configuration", format!("{error:#}")),
    }
    if let Some(folder) = &config.rules {
        match rule_files::read(folder).map(|files| check::check(&files)) {
            Ok(problems) if problems.is_empty() => report.good("rules", format!("{} hold together", folder.display())),
            Ok(problems) => report.wrong(
                "rules",
                format!(
                    "{} has {} problems; `derwent rules check {}` shows them",
                    folder.display(),
                    problems.len(),
                    folder.display()
                ),
            ),
            Err(error) => report.wrong("rules", format!("{error:#}")),
        }
    }
    if web::has_pages() {
        report.good("front end", "the pages are built into this binary");
    } else {
        report.wrong("front end", "the pages are not built into this binary; run `make web` and build again");
    }
}

async fn mail(config: &Config, report: &mut Report) {
    if config.smtp_url.is_none() {
        // `configuration` has said so.
        return;
    }
    let answers = async { Mailer::open(config, &config.origin())?.answers().await };
    match answers.await {
        Ok(()) => report.good("mail", "the mail server answers"),
        Err(error) => report.wrong("mail", format!("{error:#}; start it, or correct DERWENT_SMTP_URL")),
    }
}

/// What cannot be tried without ringing somebody is at least read.
fn others(config: &Config, report: &mut Report) {
    match Sms::open(config) {
        Ok(None) => {}
        Ok(Some(_)) => report.good("text messages", "go through GOV.UK Notify"),
        Err(error) => report.wrong("text messages", format!("{error:#}")),
    }
    if config.pager_url.is_some() && config.operator_pager_key.is_none() {
        report.add(
            "operator",
            State::Advice,
            "is told by mail alone, so that nobody would hear that mail does not work; set DERWENT_OPERATOR_PAGER_KEY",
        );
    }
    if !config.webhook_networks.is_empty() {
        report.good("webhooks", "are allowed; where they go their owners prove");
    }
    if !config.push_networks.is_empty() {
        report.good("browser notifications", "are allowed; which browsers their owners prove");
    }
}

fn pager(config: &Config, report: &mut Report) {
    match &config.pager_url {
        None => report.add(
            "pager",
            State::Advice,
            "none is set, so a mail that is not read delays a high alert; set DERWENT_PAGER_URL",
        ),
        Some(url) => match Pager::open(url, &config.origin()) {
            Ok(_) => report.good("pager", "is set"),
            Err(error) => report.wrong("pager", format!("{error:#}")),
        },
    }
}

fn outside(config: &Config, report: &mut Report) {
    match (&config.heartbeat_email, &config.heartbeat_url) {
        (None, _) => report.add(
            "outside watch",
            State::Advice,
            "none is set, so nobody is called when the service stops; set DERWENT_HEARTBEAT_EMAIL and DERWENT_HEARTBEAT_URL",
        ),
        (Some(_), None) => report.add(
            "outside watch",
            State::Advice,
            "test pages go by mail alone; whoever gets them must miss them when they stop, or set DERWENT_HEARTBEAT_URL",
        ),
        (Some(_), Some(url)) => match Outside::open(url) {
            Ok(_) => report.good("outside watch", "is set; stop the service once, and see that somebody is called"),
            Err(error) => report.wrong("outside watch", format!("{error:#}")),
        },
    }
}

async fn database(doctor: &Doctor, clock: &Clock, report: &mut Report) -> Option<Reconciled> {
    let place = &doctor.config.database;
    if place.database_url.is_none() && !place.data_dir.exists() {
        let folder = place.data_dir.display();
        report.wrong(
            "database",
            format!(
                "there is none in {folder} yet; start `derwent serve`, which makes it, or correct DERWENT_DATA_DIR"
            ),
        );
        return None;
    }
    let store = match Store::open(place).await {
        Ok(store) => store,
        Err(error) => {
            report.wrong("database", format!("{error:#}"));
            return None;
        }
    };
    let (postgres, timescaledb) = store.versions();
    report.good("database", format!("answers: PostgreSQL {postgres}, TimescaleDB {timescaledb}"));
    let inside = inside(doctor, &store, clock, report).await;
    store.close().await;
    inside.unwrap_or_else(|error| {
        report.wrong(
            "database",
            format!("did not answer a question of the doctor ({error}); run it again, and look at the server's log"),
        );
        None
    })
}

async fn inside(
    doctor: &Doctor,
    store: &Store,
    clock: &Clock,
    report: &mut Report,
) -> Result<Option<Reconciled>, sqlx::Error> {
    let missing = store.migrations_missing().await?;
    if missing > 0 {
        report.wrong(
            "tables",
            format!(
                "{missing} migrations are missing; run `derwent migrate`, or start the service, which does the same"
            ),
        );
        return Ok(None);
    }
    report.good("tables", "are up to date");
    let mut db = store.owner.acquire().await?;
    let off = checkup::settings_off(&mut db).await?;
    if off.is_empty() {
        report.good("durability", "fsync, synchronous_commit and full_page_writes are on");
    } else {
        report.wrong(
            "durability",
            format!("{} must be on, or no reading is ever called stored; set it in postgresql.conf", off.join(" and ")),
        );
    }
    let telling = checkup::settings_that_tell(&mut db).await?;
    if telling.is_empty() {
        report.good("database log", "quotes nothing of what is stored");
    } else {
        report.wrong(
            "database log",
            format!(
                "can hold names and values of patients because of {}; in postgresql.conf set log_error_verbosity to terse, and \
                 log_parameter_max_length and log_parameter_max_length_on_error to 0",
                telling.join(" and ")
            ),
        );
    }
    let without = checkup::teams_without_roster(&mut db).await?;
    let holes = holes(&mut db, clock.care_now()).await?;
    if !without.is_empty() {
        report.wrong("rosters", format!("nobody is paged for {}; run `derwent admin roster set`", without.join(", ")));
    } else if !holes.is_empty() {
        let sentence = format!(
            "nobody is on duty within declared cover: {}; run `derwent admin roster override`",
            holes.join(", ")
        );
        report.wrong("rosters", sentence);
    } else {
        report.good("rosters", "every team has somebody to page");
    }
    let reconciled = doctor.reconcile.run(store, clock.care_now(), report).await?;
    if reconciled.is_none() {
        let untiled = store::reconcile::untiled(&mut db).await?;
        report.none_of(
            "judgement",
            i64::try_from(untiled.len()).unwrap_or(i64::MAX),
            "every judged reading lies in exactly one evaluation",
            "patients have readings outside of every evaluation; `derwent doctor --reconcile` names them and says what to do",
        );
    }
    if checkup::is_demo(&mut db).await? == Some(true) {
        report.add(
            "time",
            State::Advice,
            "this is a demo's database: its time was made up, so nothing is said about delays",
        );
        return Ok(reconciled);
    }
    delays(&mut db, clock.care_now(), report).await?;
    sealing(&mut db, clock.machine_now(), report).await?;
    Ok(reconciled)
}

async fn delays(db: &mut PgConnection, care_now: Timestamp, report: &mut Report) -> Result<(), sqlx::Error> {
    let oldest = arrival::oldest_at(db).await?.map(|at| care_now.duration_since(at)).filter(|age| *age > PATIENCE);
    match oldest {
        None => report.good("queue", "nothing waits for judgement longer than it should"),
        Some(age) => report.wrong(
            "queue",
            format!(
                "a reading has waited {} minutes to be judged; is `derwent serve` running? Its log says more",
                age.as_mins()
            ),
        ),
    }
    let stuck = checkup::stuck(db, care_now, PATIENCE).await?;
    report.none_of(
        "alerts",
        stuck.alerts_without_page,
        "none without a page",
        "open alerts have no page to come; open the worklist now, and report it as a fault of Derwent",
    );
    report.none_of(
        "pages sent",
        stuck.requests_unformed + stuck.pages_waiting,
        "none is late",
        "pages are late; is `derwent serve` running, and does the mail server take mail?",
    );
    report.none_of(
        "given up",
        stuck.pages_given_up,
        "no page was given up whose alert waits",
        "pages were given up and their alerts wait; open the worklist, and correct the addresses of the staff",
    );
    Ok(())
}

async fn sealing(db: &mut PgConnection, machine_now: Timestamp, report: &mut Report) -> Result<(), sqlx::Error> {
    let (waiting, oldest) = audit_chain::waiting(db).await?;
    match oldest.map(|at| machine_now.duration_since(at)).filter(|age| *age > PATIENCE) {
        None => report.good("audit", "is sealed up to now; `derwent audit verify` says whether anybody tampered with it"),
        Some(age) => report.wrong(
            "audit",
            format!(
                "{waiting} entries are not sealed, the oldest of them for {} minutes; is `derwent serve` running? Its log says more",
                age.as_mins()
            ),
        ),
    }
    Ok(())
}

/// The next hole of each team that has one within the days that are looked ahead.
async fn holes(db: &mut PgConnection, care_now: Timestamp) -> Result<Vec<String>, sqlx::Error> {
    let teams = store::roster::teams(db).await?;
    let rosters = store::roster::load(db, &teams, care_now).await?;
    let next = |of: &roster::Roster| {
        let hole = of.holes_ahead(care_now).into_iter().next()?;
        Some(format!("{} ({})", of.team_name, hole.words(of.zone())))
    };
    Ok(rosters.iter().filter_map(next).collect())
}
