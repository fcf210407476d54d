//! One trial: a database, the real service on it, phones behind a link, and the history of what they saw.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use derwent::clock::Clock;
use derwent::phone::Key;
use derwent::random;
use fastrand::Rng;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use super::checker::{Violation, check};
use super::cluster::Cluster;
use super::history::Shared;
use super::phone::Phone;
use super::{held, items};
use crate::harness::database::Database;
use crate::harness::link::{Link, Place};
use crate::harness::service::{Options, Service, serve};

/// A service that is killed, or whose database is, works again within this.
const RECOVERS_WITHIN: Duration = Duration::from_secs(90);
/// A moment that does not come is not waited for longer.
const MOMENT_WITHIN: Duration = Duration::from_secs(1);

/// Whose database it is, and so what may be done to it.
pub enum Ground {
    /// A database of the server that all tests share: its settings are the production ones, but nobody may kill it.
    Shared(Box<Database>),
    Own(Cluster),
}

pub struct Trial {
    pub ground: Ground,
    pub link: Link,
    pub history: Shared,
    pub phones: Vec<Phone>,
    pub services: Vec<Replica>,
    /// Of the database's owner.
    pub pool: PgPool,
    pub rng: Rng,
    pub key: Key,
    pub organisation: Uuid,
    pub team: Uuid,
    /// How each service is told where its database is, and its flags.
    database: (&'static str, String),
    flags: &'static [&'static str],
    mails: tempfile::TempDir,
}

/// One running `derwent serve`.
pub struct Replica {
    pub service: Service,
    address: SocketAddr,
}

impl Trial {
    /// One service and nobody in its care yet.
    pub async fn on(ground: Ground, seed: u64) -> Self {
        println!("seed {seed}");
        let (options, url) = match &ground {
            Ground::Shared(database) => (database.options.clone(), database.url.clone()),
            Ground::Own(cluster) => (cluster.options(), cluster.url()),
        };
        Self::with(ground, options, ("DERWENT_DATABASE_URL", url), &[], seed).await
    }

    pub async fn shared(seed: u64) -> Self {
        Self::on(Ground::Shared(Box::new(Database::fresh().await)), seed).await
    }

    pub async fn own(seed: u64) -> Self {
        Self::on(Ground::Own(Cluster::start().await), seed).await
    }

    /// `options`: how the trial itself connects. `database`: how its services are told where theirs is; `flags`: what else.
    pub async fn with(
        ground: Ground,
        options: PgConnectOptions,
        database: (&'static str, String),
        flags: &'static [&'static str],
        seed: u64,
    ) -> Self {
        let _ = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut rng = Rng::with_seed(seed);
        let link = Link::open(rng.u64(..)).await;
        let pool = PgPoolOptions::new().max_connections(3).connect_lazy_with(options);
        let mut trial = Self {
            ground,
            link,
            history: Shared::default(),
            phones: Vec::new(),
            services: Vec::new(),
            pool,
            rng,
            key: Key::generate().unwrap(),
            organisation: random::new_id(),
            team: random::new_id(),
            database,
            flags,
            mails: tempfile::tempdir().unwrap(),
        };
        trial.start_service().await;
        trial.make_team().await;
        trial
    }

    /// Another replica; tried again until its database lets it start.
    pub async fn start_service(&mut self) {
        let begun = instant();
        loop {
            let address = own_address();
            let command = self.command(address);
            let started = tokio::task::spawn_blocking(move || Service::try_start(command)).await.unwrap();
            match started {
                Ok(mut service) => {
                    service.is_harassed();
                    self.services.push(Replica { service, address });
                    return self.lead_link();
                }
                Err(problem) => assert!(begun.elapsed() < RECOVERS_WITHIN, "no service can be started: {problem}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn command(&self, address: SocketAddr) -> Command {
        let smtp_url = format!("file:{}", self.mails.path().display());
        let mut command = serve(&Options { database_url: String::new(), care_time: None, smtp_url, pager_url: None });
        command
            .args(self.flags)
            .env("DERWENT_LISTEN", address.to_string())
            .env("DERWENT_ORIGIN", &self.link.origin)
            .env(self.database.0, &self.database.1);
        if let Some(postgres) = super::cluster::postgres() {
            command.env("DERWENT_POSTGRES_DIR", postgres);
        }
        command
    }

    /// Takes one of the services, by chance, off the link; it still runs.
    pub fn take_service(&mut self) -> Service {
        let at = self.rng.usize(..self.services.len());
        let replica = self.services.swap_remove(at);
        note_panics(&replica.service, &self.history);
        self.lead_link();
        replica.service
    }

    /// To all services that run.
    pub fn lead_link(&self) {
        self.link.lead_to(self.services.iter().map(|replica| Place::Tcp(replica.address)).collect());
    }

    /// Gives each phone between `least` and `most` items, as `items::any` says.
    pub fn burst(&mut self, least: usize, most: usize) {
        for phone in &mut self.phones {
            for _ in 0..self.rng.usize(least..=most) {
                let item = items::any(&mut self.rng, phone.now(), &phone.given);
                phone.submit(item);
            }
        }
    }

    /// Waits until some number in this range are in flight, if ever there are so many, and then for a moment: every other time
    /// just when a phone sees *stored*, else by chance, somewhere between a batch that is being sent and its receipt.
    pub async fn until_a_moment_with(&mut self, in_flight: Range<usize>) {
        let (enough, begun) = (self.rng.usize(in_flight), instant());
        while self.history.lock().in_flight() < enough && begun.elapsed() < MOMENT_WITHIN {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if self.rng.bool() {
            let _ = tokio::time::timeout(MOMENT_WITHIN, self.history.next_stored()).await;
        } else {
            tokio::time::sleep(Duration::from_micros(self.rng.u64(..40_000))).await;
        }
    }

    /// Returns when every phone has an answer to everything; panics if that takes too long.
    pub async fn answered(&mut self) {
        assert!(self.all_answered().await, "{:?}", self.history.lock().surprises);
    }

    /// The same; false, and a surprise in the history, if it takes too long.
    pub async fn all_answered(&mut self) -> bool {
        let all = async {
            for phone in &mut self.phones {
                phone.answered().await;
            }
        };
        let in_time = tokio::time::timeout(RECOVERS_WITHIN, all).await.is_ok();
        if !in_time {
            let waiting: usize = self.phones.iter().map(Phone::waiting).sum();
            let what = format!("{waiting} submissions have no answer after {RECOVERS_WITHIN:?}");
            self.history.lock().surprises.push(what);
        }
        in_time
    }

    /// Returns when everything stored is judged, or after a while.
    async fn judged(&self) {
        let begun = instant();
        let unjudged =
            "SELECT count(*) FROM patient_head JOIN patient_judged USING (patient) WHERE judged_through <> last_seq";
        for tries in 1.. {
            if sqlx::query_scalar::<_, i64>(unjudged).fetch_one(&self.pool).await.is_ok_and(|left| left == 0)
                || begun.elapsed() > RECOVERS_WITHIN
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            if tries % 20 == 0 {
                // A minute passes, and the leases of the dead with it.
                let passed = "UPDATE patient_judged SET lease_until = now() WHERE lease_until > now()";
                let _ = sqlx::query(passed).execute(&self.pool).await;
            }
        }
    }

    /// Clear weather, every answer, every judgement; then what is wrong.
    pub async fn violations(&mut self) -> Vec<Violation> {
        self.link.clear();
        self.all_answered().await;
        self.judged().await;
        let held = held::read(&self.pool, true).await.unwrap();
        for replica in &mut self.services {
            if let Some(what) = replica.service.ended() {
                self.history.lock().surprises.push(what);
            }
            note_panics(&replica.service, &self.history);
        }
        check(&self.history.lock(), &held)
    }

    /// Fails unless everything promised is true of it.
    pub async fn must_be_sound(mut self) {
        let violations = self.violations().await;
        println!("{:?}", self.history.lock().tally());
        assert!(violations.is_empty(), "{}", told(&violations));
        self.end().await;
    }

    pub async fn end(self) {
        drop(self.services);
        self.pool.close().await;
        if let Ground::Own(cluster) = self.ground {
            cluster.stop().await;
        }
    }
}

fn note_panics(service: &Service, history: &Shared) {
    let log = std::fs::read_to_string(&service.log).unwrap_or_default();
    let panics = log.lines().filter(|line| line.contains("panicked at"));
    history.lock().surprises.extend(panics.map(str::to_owned));
}

/// The first of them in words, and how many there are.
pub fn told(violations: &[Violation]) -> String {
    let first: Vec<String> = violations.iter().take(20).map(ToString::to_string).collect();
    format!("{} violations, the first of them:\n{}", violations.len(), first.join("\n"))
}

pub fn instant() -> Instant {
    Clock::ordinary().instant()
}

/// Nobody else's: a service's port must be known before it starts, since its origin is the link's.
fn own_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let [high, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let process = std::process::id();
    let network = u8::try_from(process % 250 + 2).expect("below 252");
    let port = u16::try_from(process / 250 % 10_000).expect("below 10,000") + 10_000;
    (Ipv4Addr::new(127, network, high, low.saturating_add(1)), port).into()
}
