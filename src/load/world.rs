//! Workload W: made once as a database that rests in a folder; each figure begins with a copy of it, served by the real
//! service as a process of its own. So no figure depends on those before it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use jiff::SignedDuration;
use tokio::process::Command;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::machine::{Meter, Watched};
use super::people;
use super::progress;
use crate::clock::Clock;
use crate::config::DatabaseConfig;
use crate::demo::inbox::Inbox;
use crate::demo::service::{Options, Service};
use crate::phone::{Device, Key, Route};
use crate::random;
use crate::store::seed::history::History;
use crate::store::seed::{self, Crowd, Member};
use crate::store::{Store, checkup};

/// 90 days at four a day.
pub const HISTORY_READINGS: i32 = 360;
const HOURS_APART: i32 = 6;
/// Readings of everybody in one transaction.
const AT_ONCE: i32 = 4;
/// A history that ended longer ago is not W any more.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Phones share these source addresses: 127.0.0.2 and up. Each has some 28,000 ports.
const ADDRESSES: usize = 20;
const QUIET_WITHIN: Duration = Duration::from_secs(300);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Where databases lie, and with which programs they run.
#[derive(Debug, Clone)]
pub struct Site {
    /// Removed at the end.
    pub folder: PathBuf,
    /// W at rest; outside of `folder` if it is to be kept.
    pub at_rest: PathBuf,
    pub postgres_dir: Option<PathBuf>,
    pub patients: usize,
}

impl Site {
    pub fn database(&self, folder: &Path) -> DatabaseConfig {
        DatabaseConfig { database_url: None, data_dir: folder.to_owned(), postgres_dir: self.postgres_dir.clone() }
    }

    /// Makes W, unless it rests there already.
    pub async fn prepare(&self) -> anyhow::Result<()> {
        if self.at_rest.exists() {
            return Ok(());
        }
        let unfinished = self.folder.join("unfinished");
        let world = World::serve(self, unfinished.clone(), Key::generate()?).await?;
        // It takes long, and is meant to.
        fill(&world, self.patients).with_subscriber(NoSubscriber::new()).await?;
        world.end().await?;
        std::fs::rename(&unfinished, &self.at_rest).with_context(|| {
            format!("W cannot be put into {}; it must be on the disk of --folder", self.at_rest.display())
        })
    }

    /// A copy of W on disk, served. Nothing is due in it.
    pub async fn world(&self) -> anyhow::Result<World> {
        self.prepare().await?;
        let copy = self.copy().await?;
        let mut world = World::serve(self, copy, Key::generate()?).await?;
        world.introduce().await?;
        ensure!(
            world.phones.len() == self.patients,
            "{} holds {} patients, not {}; remove it, or take other --patients",
            self.at_rest.display(),
            world.phones.len(),
            self.patients
        );
        let since = seed::history::newest(&world.store.owner).await?.context("W has no history")?;
        ensure!(
            world.clock.care_now().duration_since(since) < KEPT_FOR,
            "the history in {} ended more than a day ago; remove it, and it is made anew",
            self.at_rest.display()
        );
        world.quiet(QUIET_WITHIN).await?;
        Ok(world)
    }

    async fn copy(&self) -> anyhow::Result<PathBuf> {
        let copy = self.folder.join("world");
        progress::say("a fresh copy of W");
        run(Command::new("cp").args(["-a", "--reflink=auto"]).arg(&self.at_rest).arg(&copy)).await?;
        // Or the disk would write it while something is measured.
        run(Command::new("sync").arg("-f").arg(&copy)).await?;
        Ok(copy)
    }
}

#[derive(Debug)]
pub struct World {
    pub folder: PathBuf,
    pub store: Store,
    /// Stopped, sometimes.
    service: Option<Service>,
    how: Options,
    pub inbox: Inbox,
    pub clock: Clock,
    pub phones: Phones,
}

/// Everybody has one.
#[derive(Debug)]
pub struct Phones {
    /// As they stood at the beginning.
    pub members: Vec<Member>,
    key: Key,
}

impl Phones {
    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn device(&self, origin: &str, phone: usize) -> anyhow::Result<Device> {
        let member = self.members.get(phone).context("there are fewer phones")?;
        let port = origin.rsplit(':').next().and_then(|port| port.parse().ok()).context("an origin has a port")?;
        let from = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2 + u8::try_from(phone % ADDRESSES)?));
        let route = Route { from, to: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port) };
        Ok(Device {
            origin: origin.to_owned(),
            id: member.device,
            people: Vec::new(),
            key: self.key.clone(),
            route: Some(route),
        })
    }
}

impl World {
    /// The service over the database in a folder, both made as needed. This process owns the database.
    pub async fn serve(site: &Site, folder: PathBuf, key: Key) -> anyhow::Result<Self> {
        let clock = Clock::ordinary();
        let store = Store::open(&site.database(&folder)).await?;
        store.migrate().await?;
        store.claim(false, clock.machine_now()).await?;
        let inbox = Inbox::open(clock.clone()).await?;
        let mut how = Options {
            data_dir: folder.clone(),
            smtp_url: inbox.smtp_url.clone(),
            pager_url: inbox.pager_url.clone(),
            listen: "127.0.0.1:0".parse().expect("an address"),
            stage_origin: None,
        };
        let service = Service::start(&how, None).await?;
        // When it is started again, phones find it where it was.
        how.listen.set_port(service.origin.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(0));
        let phones = Phones { members: Vec::new(), key };
        Ok(Self { folder, store, service: Some(service), how, inbox, clock, phones })
    }

    /// Every phone gets this world's key.
    pub async fn introduce(&mut self) -> anyhow::Result<()> {
        seed::give_keys(&self.store.owner, &serde_json::to_value(self.phones.key.public())?).await?;
        self.phones.members = seed::members(&self.store.owner).await?;
        Ok(())
    }

    fn service(&self) -> anyhow::Result<&Service> {
        self.service.as_ref().context("the service is stopped")
    }

    pub async fn stop_service(&mut self) -> anyhow::Result<()> {
        match self.service.take() {
            Some(service) => service.end().await,
            None => Ok(()),
        }
    }

    pub fn device(&self, phone: usize) -> anyhow::Result<Device> {
        self.phones.device(&self.service()?.origin, phone)
    }

    /// SIGKILL.
    pub async fn kill_service(&mut self) -> anyhow::Result<()> {
        match self.service.take() {
            Some(mut service) => service.kill().await,
            None => Ok(()),
        }
    }

    pub async fn start_service(&mut self) -> anyhow::Result<()> {
        self.service = Some(Service::start(&self.how, None).await?);
        Ok(())
    }

    pub fn watched(&self) -> anyhow::Result<Watched> {
        Ok(Watched {
            service: self.service()?.pid().context("the service has ended")?,
            database: self.folder.join("postgres").canonicalize()?,
        })
    }

    pub fn meter(&self) -> anyhow::Result<Meter> {
        Meter::start(self.watched()?, &self.clock)
    }

    /// Returns when nothing waits to be judged.
    pub async fn quiet(&self, patience: Duration) -> anyhow::Result<()> {
        let limit = self.clock.instant() + patience;
        loop {
            let waiting = seed::waiting(&self.store.owner).await?;
            if waiting == 0 {
                return Ok(());
            }
            if self.clock.instant() > limit {
                bail!("{waiting} readings still wait to be judged after {patience:?}");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// A figure counts only if what the phones saw is what the database holds: of each phone as many readings as it saw
    /// stored, all of them judged, nothing refused, nobody alerted who should not be.
    pub async fn check(&self, stored: &[u64], alerts: usize) -> anyhow::Result<()> {
        let pool = &self.store.owner;
        let after = seed::members(pool).await?;
        for (phone, (before, after)) in self.phones.members.iter().zip(&after).enumerate() {
            let seen = stored.get(phone).copied().unwrap_or(0);
            let held = after.last_seq - before.last_seq;
            if u64::try_from(held) != Ok(seen) {
                bail!("a phone saw {seen} readings stored, the database holds {held} of it");
            }
        }
        let found = seed::aftermath(pool).await?;
        let wanted = seed::Aftermath { alerts: i64::try_from(alerts)?, ..seed::Aftermath::default() };
        ensure!(found == wanted, "what is left in the database is not what was meant: {found:?} instead of {wanted:?}");
        let untiled = checkup::untiled(&mut *pool.acquire().await?).await?;
        ensure!(untiled == 0, "{untiled} patients have readings outside of every evaluation");
        Ok(())
    }

    /// Stops the service, then the database, and removes the copy.
    pub async fn dispose(self) -> anyhow::Result<()> {
        let folder = self.folder.clone();
        self.end().await?;
        std::fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be removed", folder.display()))
    }

    pub async fn end(mut self) -> anyhow::Result<()> {
        self.stop_service().await?;
        self.store.close().await;
        Ok(())
    }
}

/// Ninety days of everybody, judged; and as tidy as after a night.
async fn fill(world: &World, patients: usize) -> anyhow::Result<()> {
    let (store, now) = (&world.store, world.clock.care_now());
    let (organisation, team) = people::staff(store).await?;
    let ids: Vec<_> = (0..patients).map(|_| random::new_id()).collect();
    let devices: Vec<_> = (0..patients).map(|_| random::new_id()).collect();
    let crowd = Crowd { organisation, team, patients: &ids, now: now - SignedDuration::from_hours(24 * 92) };
    seed::patients(&store.owner, &crowd).await?;
    seed::facts(&store.owner, &crowd, &serde_json::to_value(people::facts(crowd.now, people::MORNING))?).await?;
    seed::devices(&store.owner, &crowd, &devices).await?;

    let history = History {
        organisation,
        per_patient: HISTORY_READINGS,
        hours_apart: HOURS_APART,
        until: now - SignedDuration::from_mins(10),
    };
    let bar =
        progress::bar(&format!("{patients} patients with 90 days of history"), HISTORY_READINGS.unsigned_abs().into());
    let (mut ledger, mut readings) = (store.owner.acquire().await?, store.owner.acquire().await?);
    let steps = || {
        (1..=HISTORY_READINGS).step_by(AT_ONCE as usize).map(|from| (from, (from + AT_ONCE - 1).min(HISTORY_READINGS)))
    };
    let of_ledger = async {
        for (from, to) in steps() {
            history.ledger(&mut ledger, from, to).await?;
        }
        Ok(())
    };
    let of_readings = async {
        for (from, to) in steps() {
            history.readings(&mut readings, from, to).await?;
            bar.set_position(to.unsigned_abs().into());
        }
        Ok::<_, sqlx::Error>(())
    };
    tokio::try_join!(of_ledger, of_readings)?;
    history.heads(&mut ledger).await?;
    drop((ledger, readings));
    bar.finish_and_clear();

    progress::say("the service judges everybody once, and the tables are tidied");
    seed::ask_to_judge(&store.owner, world.clock.care_now()).await?;
    world.quiet(QUIET_WITHIN).await?;
    world.check(&[], 0).await?;
    seed::tidy(&store.owner).await?;
    Ok(())
}

async fn run(command: &mut Command) -> anyhow::Result<()> {
    let done = command.kill_on_drop(true).output().await.with_context(|| format!("{command:?} cannot be started"))?;
    ensure!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr).trim());
    Ok(())
}
