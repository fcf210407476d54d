//! A database of a [`Site`], the real service over it as a process of its own, and everybody's phone.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::machine::{Meter, Watched};
use super::site::Site;
use crate::clock::Clock;
use crate::demo::inbox::Inbox;
use crate::demo::service::{Options, Service};
use crate::phone::{Device, Key, Route};
use crate::store::seed::{self, Member};
use crate::store::{Store, arrival, reconcile};

/// Phones share these source addresses: 127.0.0.2 and up. Each has some 28,000 ports.
const ADDRESSES: usize = 20;
const LOOK_AGAIN: Duration = Duration::from_millis(200);

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
            // None: what is measured is the way of a mail.
            pager_url: String::new(),
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

    pub fn service(&self) -> anyhow::Result<&Service> {
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
        let pool = &self.store.owner;
        let limit = self.clock.instant() + patience;
        // Counting what waits would take the time of those who judge.
        while arrival::any(pool).await? {
            if self.clock.instant() > limit {
                bail!("{} readings still wait to be judged after {patience:?}", seed::waiting(pool).await?);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// A figure counts only if what the phones saw is what the database holds: of each phone as many readings as it saw
    /// stored, all of them judged, nothing refused, nobody alerted who should not be, and no error in the service's log.
    pub async fn check(&self, stored: &[u64], alerts: usize) -> anyhow::Result<()> {
        // Questions about every row take long, and are meant to.
        self.agrees(stored, alerts).with_subscriber(NoSubscriber::new()).await?;
        let log = std::fs::read_to_string(self.folder.join("service.log")).unwrap_or_default();
        log.lines().find(|line| line.contains("ERROR")).map_or(Ok(()), |line| bail!("the service's log says: {line}"))
    }

    async fn agrees(&self, stored: &[u64], alerts: usize) -> anyhow::Result<()> {
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
        let untiled = reconcile::untiled(&mut *pool.acquire().await?).await?;
        ensure!(untiled.is_empty(), "{} patients have readings outside of every evaluation", untiled.len());
        Ok(())
    }

    /// Stops service and database; both can be started again.
    pub async fn rest(mut self) -> anyhow::Result<Resting> {
        self.stop_service().await?;
        self.store.close().await;
        Ok(Resting { folder: self.folder, how: self.how, inbox: self.inbox, clock: self.clock, phones: self.phones })
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

/// A world in which nothing runs.
#[derive(Debug)]
pub struct Resting {
    pub folder: PathBuf,
    how: Options,
    inbox: Inbox,
    pub clock: Clock,
    pub phones: Phones,
}

impl Resting {
    /// The service, which starts its own database.
    pub async fn start(&self) -> anyhow::Result<Service> {
        Service::start(&self.how, None).await
    }

    /// SIGKILL for the service and the database's first process at once.
    pub async fn crash(&self, mut service: Service) -> anyhow::Result<()> {
        let mark = std::fs::read_to_string(self.folder.join("postgres/postmaster.pid"))?;
        let postmaster = mark.lines().next().and_then(|line| line.trim().parse().ok()).and_then(Pid::from_raw);
        let service_pid = service.pid().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        for pid in [service_pid, postmaster] {
            kill_process(pid.context("it runs")?, Signal::KILL).context("it cannot be killed")?;
        }
        service.kill().await
    }

    pub async fn wake(self, site: &Site) -> anyhow::Result<World> {
        let Self { folder, how, inbox, clock, phones } = self;
        let store = Store::open(&site.database(&folder)).await?;
        let service = Service::start(&how, None).await?;
        Ok(World { folder, store, service: Some(service), how, inbox, clock, phones })
    }
}
