//! Plays the recordings: real phones, real sockets, the real service, in the order of care time.
//!
//! For each window: care time goes to its end, doing whatever falls due on the way; the phones send what was measured and
//! wait until it is stored; a step without time passing judges all of it; asks are shown; the co-ordinator works by her
//! routine. Nothing is judged or told but in steps, so two runs come to the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::actor::{Actor, Seen};
use super::coordinator::{Coordinator, WaysIn};
use super::inbox::Inbox;
use super::service::{Options, Service};
use super::setup::{self, World};
use super::timeline::{Timeline, Window};
use crate::clock::Clock;
use crate::config::DatabaseConfig;
use crate::demo::cast::Cast;
use crate::phone::{Device, Phone};
use crate::store::{Store, tally};
use crate::web::totp;

/// While an ask is open, a high alert may open at any minute, and the co-ordinator must get to answer it before the next
/// person is paged.
const FINE_STEP: SignedDuration = SignedDuration::from_mins(10);
const FINE_AFTER_AN_ASK: SignedDuration = SignedDuration::from_mins(25);
/// How often the database is asked whether something it must soon hold is there.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
const LOOKS: usize = 6_000;

/// What is set up, and what goes on.
#[derive(Debug)]
pub struct Player {
    pub store: Store,
    pub world: World,
    pub inbox: Inbox,
    pub coordinator: Coordinator,
    pub service: Service,
    options: Options,
    /// Where the service's care time stands, and the phones' clocks with it.
    pub clock: Clock,
    /// Dates the mails: it is moved before the service's, the phones' after.
    inbox_clock: Clock,
    actors: Vec<Actor>,
    /// The device of each actor, to recognise whom an ask is for.
    devices: BTreeMap<Uuid, usize>,
    fine_until: Timestamp,
    /// High page requests that the co-ordinator knows of.
    calls_known: i64,
}

/// How a play is prepared.
#[derive(Debug, Clone)]
pub struct Preparation {
    pub data_dir: PathBuf,
    pub postgres_dir: Option<PathBuf>,
    pub stage_origin: Option<String>,
}

impl Player {
    /// Database, organisation, service and phones, all connected; care time stands at the first day's midnight.
    pub async fn prepare(how: &Preparation, cast: &Cast, timeline: &Timeline) -> anyhow::Result<Self> {
        let begin = *timeline.begins.iter().min().context("there are recordings")?;
        let clock = Clock::standing(begin);
        let database = DatabaseConfig {
            database_url: None,
            data_dir: how.data_dir.clone(),
            postgres_dir: how.postgres_dir.clone(),
        };
        let store = Store::open(&database).await?;
        store.migrate().await?;
        store.claim(true, clock.machine_now()).await?;
        let world = setup::set_up(&store, cast, &timeline.begins, clock.machine_now()).await?;
        let inbox_clock = Clock::standing(begin);
        let inbox = Inbox::open(inbox_clock.clone()).await?;
        let mut options = Options {
            data_dir: how.data_dir.clone(),
            smtp_url: inbox.smtp_url.clone(),
            pager_url: inbox.pager_url.clone(),
            listen: "127.0.0.1:0".parse().expect("an address"),
            stage_origin: how.stage_origin.clone(),
        };
        let service = Service::start(&options, Some(begin)).await?;
        // After a kill it must be found where the phones know it to be.
        let port =
            service.origin.rsplit(':').next().and_then(|port| port.parse().ok()).context("the service's port")?;
        options.listen.set_port(port);
        let http = reqwest::Client::new();
        let coordinator = Coordinator::sign_in(
            http.clone(),
            &service.origin,
            &WaysIn {
                email: &world.coordinator_email,
                password: &world.coordinator_password,
                code: totp::code(&world.coordinator_totp, clock.machine_now()).context("a one-time code")?,
            },
            world.zone.clone(),
            begin,
        )
        .await?;
        let mut actors = Vec::new();
        let mut devices = BTreeMap::new();
        for (index, person) in world.people.iter().enumerate() {
            let device = Device::enrol(&http, &service.origin, &person.code, person.born, "demo phone").await?;
            devices.insert(device.id, index);
            actors.push(Actor::new(Phone::switch_on(device, clock.clone())));
        }
        for actor in &mut actors {
            actor.connected().await?;
        }
        Ok(Self {
            store,
            world,
            inbox,
            coordinator,
            service,
            options,
            clock,
            inbox_clock,
            actors,
            devices,
            fine_until: begin,
            calls_known: 0,
        })
    }

    /// One window, to its end. With `kill`, the service is killed while the phones are sending.
    pub async fn play(&mut self, window: &Window, kill: bool) -> anyhow::Result<()> {
        let played = self.play_window(window, kill).await;
        played.map_err(|error| self.service.explain(error.context(format!("at {}", window.at))))
    }

    async fn play_window(&mut self, window: &Window, kill: bool) -> anyhow::Result<()> {
        self.go_to(window.at).await?;
        let mut senders = BTreeSet::new();
        for sending in &window.sendings {
            self.actors[sending.person].send(sending);
            senders.insert(sending.person);
        }
        if kill {
            self.kill_and_restart().await?;
        }
        for sender in &senders {
            self.actors[*sender].settled().await?;
        }
        self.step(window.at).await?;
        for sender in &senders {
            self.actors[*sender].checked().await?;
        }
        self.take_note().await
    }

    /// Care time goes to `to`; the co-ordinator acts on the way when her routine says so.
    pub async fn go_to(&mut self, to: Timestamp) -> anyhow::Result<()> {
        loop {
            let now = self.clock.care_now();
            let mut stop = to.min(self.coordinator.next_look());
            if now < self.fine_until {
                stop = stop.min(now.checked_add(FINE_STEP)?);
            }
            if stop > now {
                self.step(stop).await?;
                self.take_note().await?;
            }
            if self.coordinator.next_look() <= stop {
                self.coordinator.look(stop).await?;
            }
            if stop >= to {
                return Ok(());
            }
        }
    }

    /// Care time goes to `to`, and nothing is due, queued or unsent after.
    async fn step(&mut self, to: Timestamp) -> anyhow::Result<()> {
        self.inbox_clock.step(to);
        self.service.step(to).await?;
        self.clock.step(to);
        Ok(())
    }

    /// What the last judgements mean for people: the co-ordinator is called, and asks are shown.
    async fn take_note(&mut self) -> anyhow::Result<()> {
        let news = tally::news(&self.store.owner).await?;
        if news.high_requests > self.calls_known {
            self.calls_known = news.high_requests;
            self.coordinator.called(self.clock.care_now());
        }
        if news.asks_waiting.is_empty() {
            return Ok(());
        }
        let mut shown = Vec::new();
        for device in news.asks_waiting {
            if let Some(index) = self.devices.get(&device) {
                shown.push(self.actors[*index].shown().await?);
            }
        }
        for _ in 0..LOOKS {
            if tally::asks_shown(&self.store.owner, &shown).await? {
                self.fine_until = self.clock.care_now().checked_add(FINE_AFTER_AN_ASK)?;
                return Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        anyhow::bail!("the service took no note that an ask was shown")
    }

    /// SIGKILL, and a new service at the instant where the old one stood.
    pub async fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        let at = self.clock.care_now();
        for actor in &mut self.actors {
            actor.forget_connection()?;
        }
        self.service.kill().await?;
        self.service = Service::start(&self.options, Some(at)).await?;
        for actor in &mut self.actors {
            actor.bring_to_front();
            actor.connected().await?;
        }
        Ok(())
    }

    /// Lets care time run on at real pace, here and there.
    pub async fn run(&mut self) -> anyhow::Result<()> {
        self.service.run().await?;
        self.clock.run();
        self.inbox_clock.run();
        Ok(())
    }

    /// While care time runs: this much of it passes at once, and everything that falls due in it is done.
    pub async fn pass(&mut self, time: SignedDuration) -> anyhow::Result<()> {
        let at = self.service.stand().await?.checked_add(time)?;
        self.clock.stand();
        self.inbox_clock.stand();
        self.inbox_clock.step(at);
        self.service.step(at).await?;
        self.clock.step(at);
        self.run().await
    }

    /// After the last window: on to `until`, so that whatever still has to come comes.
    pub async fn until_quiet(&mut self, until: Timestamp) -> anyhow::Result<()> {
        self.go_to(until).await?;
        let (stored, judged) = tally::progress(&self.store.owner).await?;
        ensure!(stored == judged, "{stored} submissions are stored but only {judged} are judged");
        Ok(())
    }

    /// What the phones saw, person by person.
    pub fn seen(&self) -> impl Iterator<Item = &Seen> {
        self.actors.iter().map(|actor| &actor.seen)
    }

    /// The played phones are switched off: from now on, whoever is at the stage holds the only one.
    pub fn switch_phones_off(&mut self) -> Vec<Uuid> {
        let stored = self.actors.iter().flat_map(|actor| actor.seen.stored.keys().copied()).collect();
        self.actors.clear();
        self.devices.clear();
        stored
    }

    /// Ends the service as an operator would, then the database.
    pub async fn end(self) -> anyhow::Result<()> {
        let Self { service, store, .. } = self;
        service.end().await?;
        store.close().await;
        Ok(())
    }
}
