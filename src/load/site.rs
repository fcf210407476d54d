//! Workload W: made once as a database that rests in a folder; each figure begins with a copy of it. So no figure depends on
//! those before it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use jiff::SignedDuration;
use tokio::process::Command;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::world::World;
use super::{people, progress};
use crate::config::DatabaseConfig;
use crate::phone::Key;
use crate::random;
use crate::store::seed::history::History;
use crate::store::seed::{self, Crowd};

/// 90 days at four a day.
pub const HISTORY_READINGS: i32 = 360;
const HOURS_APART: i32 = 6;
/// Readings of everybody in one transaction.
const AT_ONCE: i32 = 4;
/// A history that ended longer ago is not W any more.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
const QUIET_WITHIN: Duration = Duration::from_secs(300);

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

/// Ninety days of everybody, judged; and as tidy as after a night.
async fn fill(world: &World, patients: usize) -> anyhow::Result<()> {
    let (store, now) = (&world.store, world.clock.care_now());
    let (organisation, team) = people::staff(store).await?;
    let ids: Vec<_> = (0..patients).map(|_| random::new_id()).collect();
    let devices: Vec<_> = (0..patients).map(|_| random::new_id()).collect();
    // Two hours before the first reading of all: nobody was silent for long before their first blood pressure.
    let crowd = Crowd { organisation, team, patients: &ids, now: now - SignedDuration::from_hours(24 * 90 + 2) };
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
    // As far back as it re-judges: it sets the timers, and must find nothing.
    seed::ask_to_judge(&store.owner, crowd.now, world.clock.care_now()).await?;
    world.quiet(QUIET_WITHIN).await?;
    world.check(&[], 0).await?;
    let findings = seed::findings(&store.owner).await?;
    ensure!(findings == 0, "the service finds {findings} problems in the history of W, which should have none");
    seed::tidy(&store.owner).await?;
    Ok(())
}

async fn run(command: &mut Command) -> anyhow::Result<()> {
    let done = command.kill_on_drop(true).output().await.with_context(|| format!("{command:?} cannot be started"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(
        done.status.success(),
        "{:?} failed: {}",
        command.as_std().get_program(),
        said.lines().next().unwrap_or_default()
    );
    Ok(())
}
