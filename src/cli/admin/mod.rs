//! `derwent admin`: sets up a service and looks after it, from a shell or a script. It attaches to the database that `serve`
//! owns, so both may run at once. With `--json` every command prints one object with every id and code that it made.

mod carer;
mod code;
mod data_rights;
mod device;
pub(super) mod facts;
mod first_run;
mod organisation;
pub(super) mod parse;
mod patient;
mod plan;
mod policy;
mod reading;
mod retention;
mod roster;
mod shown_roster;
mod staff;
mod team;
mod test_page;

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::DatabaseConfig;
use crate::lifecycle::Lifecycle;
use crate::signal::Signals;
use crate::store::Store;
use crate::store::audit::{self, Act, Actor, Entry};

#[derive(Args, Debug)]
pub struct Admin {
    #[command(flatten)]
    database: DatabaseConfig,

    /// Print one JSON object, with every id and code that was made
    #[arg(long, global = true)]
    json: bool,

    /// Who does this, for the record
    #[arg(long, global = true, env = "USER", default_value = "administrator", hide_env = true)]
    made_by: String,

    /// The care time it is: only for the demo and tests, whose care time is stepped
    #[arg(long, global = true, hide = true)]
    care_time: Option<Timestamp>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Begin: make an organisation, and an invitation for its first administrator
    FirstRun(first_run::FirstRun),
    /// Organisations: each has its own staff and patients, and a time zone
    #[command(subcommand)]
    Organisation(organisation::Command),
    /// Teams: a caseload, a telephone number, declared cover
    #[command(subcommand)]
    Team(team::Command),
    /// Staff: who signs in and who is paged
    #[command(subcommand)]
    Staff(staff::Command),
    /// The roster of a team: who is paged, in which order, in which hours
    #[command(subcommand)]
    Roster(roster::Command),
    /// Escalation policies: who is told when, and in what time people answer
    #[command(subcommand)]
    Policy(policy::Command),
    /// Patients, each with a plan
    #[command(subcommand)]
    Patient(Box<patient::Command>),
    /// What a patient is asked to do, and the packs that watch them
    #[command(subcommand)]
    Plan(plan::Command),
    /// A patient's own limits
    #[command(subcommand)]
    Limit(plan::LimitCommand),
    /// Carers: who submit for several people
    #[command(subcommand)]
    Carer(carer::Command),
    /// Enrolment codes: each turns one phone into a device, once, within 72 hours
    #[command(subcommand)]
    Code(code::Command),
    /// Enrolled devices
    #[command(subcommand)]
    Device(device::Command),
    /// Enter a reading that was told by phone or taken on a home visit
    Reading(reading::Reading),
}

/// What every command is given.
pub(super) struct Desk {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) signals: Signals,
    lifecycle: Lifecycle,
    pub(super) made_by: String,
}

/// What a command says when it is done: to people, and to scripts.
struct Done {
    text: String,
    json: Value,
}

pub async fn run(admin: Admin) -> anyhow::Result<()> {
    let desk = Desk::open(&admin.database, admin.made_by, admin.care_time).await?;
    let done = admin.command.run(&desk).await;
    desk.close().await;
    let done = done?;
    if admin.json {
        println!("{}", serde_json::to_string_pretty(&done.json).context("the answer is plain data")?);
    } else {
        println!("{}", done.text.trim_end());
    }
    Ok(())
}

impl Command {
    async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        match self {
            Self::FirstRun(command) => command.run(desk).await,
            Self::Organisation(command) => command.run(desk).await,
            Self::Team(command) => command.run(desk).await,
            Self::Staff(command) => command.run(desk).await,
            Self::Roster(command) => command.run(desk).await,
            Self::Policy(command) => command.run(desk).await,
            Self::Patient(command) => command.run(desk).await,
            Self::Plan(command) => command.run(desk).await,
            Self::Limit(command) => command.run(desk).await,
            Self::Carer(command) => command.run(desk).await,
            Self::Code(command) => command.run(desk).await,
            Self::Device(command) => command.run(desk).await,
            Self::Reading(command) => command.run(desk).await,
        }
    }
}

/// One line each; says so when there are none.
fn lines(lines: impl Iterator<Item = String>, none: &str) -> String {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() { none.to_owned() } else { lines.join("\n") }
}

impl Desk {
    pub(super) async fn open(
        database: &DatabaseConfig,
        made_by: String,
        care_time: Option<Timestamp>,
    ) -> anyhow::Result<Self> {
        let clock = care_time.map_or_else(Clock::ordinary, Clock::standing);
        let store = Store::open(database).await?;
        store.migrate().await?;
        store.claim(care_time.is_some(), clock.machine_now()).await?;
        let lifecycle = Lifecycle::new();
        let signals = Signals::start(store.monitor.clone(), &lifecycle);
        Ok(Self { store, clock, signals, lifecycle, made_by })
    }

    pub(super) async fn close(self) {
        self.lifecycle.stop().await;
        self.store.close().await;
    }

    /// A row of the audit, in the transaction of what it records.
    async fn record(
        &self,
        db: &mut sqlx::PgConnection,
        organisation: Uuid,
        patient: Option<Uuid>,
        act: Act,
        detail: Value,
    ) -> anyhow::Result<()> {
        let entry = self.did(act).detail(detail);
        let entry = match patient {
            Some(patient) => entry.about(patient, organisation),
            None => entry.at_organisation(organisation),
        };
        audit::write(db, &entry).await?;
        Ok(())
    }

    /// For the audit: that whoever gave the command did it.
    pub(super) fn did(&self, act: Act) -> Entry {
        Entry::new(Actor::Operator(self.made_by.clone()), act, self.clock.machine_now())
    }
}
