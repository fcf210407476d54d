//! What the machine is and where its time went, as the system tells it in `/proc`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Machine {
    pub processor: String,
    pub processors: usize,
    pub memory_gib: f64,
    /// Of the database's disk.
    pub file_system: String,
    pub kernel: String,
}

impl Machine {
    pub fn look(database: &Path) -> anyhow::Result<Self> {
        let line = |file: &str, name: &str| {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_once(':').map_or("unknown", |(_, value)| value.trim()).to_owned()
        };
        let memory_kib: f64 = line("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0.0);
        Ok(Self {
            processor: line("/proc/cpuinfo", "model name"),
            processors: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gib: (memory_kib / 1024.0 / 102.4).round() / 10.0,
            file_system: file_system(database)?,
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
        })
    }
}

/// # Errors
/// A file system in memory: what is written there is not on disk, and a figure would say nothing.
fn file_system(folder: &Path) -> anyhow::Result<String> {
    let name = match rustix::fs::statfs(folder).context("the disk cannot be asked what it is")?.f_type {
        0x0102_1994 => bail!("{} is in memory, where nothing is ever on disk; name another --folder", folder.display()),
        0xEF53 => "ext4".to_owned(),
        0x5846_5342 => "xfs".to_owned(),
        0x9123_683E => "btrfs".to_owned(),
        0x794C_7630 => "overlay".to_owned(),
        other => format!("{other:#x}"),
    };
    Ok(name)
}

/// # Errors
/// Too few descriptors for so many sockets at each end.
pub fn enough_descriptors(sockets: usize) -> anyhow::Result<()> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let wanted = sockets as u64 + 500;
    if limit.current.is_some_and(|current| current < wanted) {
        bail!(
            "this process may open {} files and needs {wanted} for {sockets} phones; run `ulimit -n {wanted}` first, or take fewer --patients",
            limit.current.unwrap_or_default()
        );
    }
    Ok(())
}

/// W at rest and a copy of it that grows: what one patient takes on disk while P1 is measured.
const BYTES_A_PATIENT: u64 = 1_600_000;
const BYTES_A_SLOT: u64 = 6_000;

/// # Errors
/// A disk that would be full in the middle, for others too.
pub fn enough_room(folder: &Path, patients: usize, slots: usize) -> anyhow::Result<()> {
    let disk = rustix::fs::statvfs(folder).context("the disk cannot be asked how full it is")?;
    let (free, wanted) =
        (disk.f_bavail * disk.f_frsize, patients as u64 * BYTES_A_PATIENT + slots as u64 * BYTES_A_SLOT);
    if free < wanted {
        bail!(
            "{} has room for {} GB and {} GB are needed for so many --patients and --slots; make room, or name another --folder",
            folder.display(),
            free / 1_000_000_000,
            wanted.div_ceil(1_000_000_000)
        );
    }
    Ok(())
}

/// Resident kB of a process, shared pages included.
pub fn resident_kb(pid: u32) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .with_context(|| format!("the memory of process {pid} cannot be read"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:")).context("no Rss in smaps_rollup")?;
    line.trim().trim_end_matches(" kB").trim().parse().context("Rss is a number of kB")
}

/// Whose processor time is told apart.
#[derive(Debug, Clone)]
pub struct Watched {
    pub service: u32,
    /// The working directory of every process of the database.
    pub database: PathBuf,
}

/// Seconds of processor time up to an instant.
#[derive(Debug, Clone, Copy)]
struct Spent {
    at: Instant,
    client: f64,
    service: f64,
    database: f64,
    all: f64,
}

/// Counts from its making to [`Meter::read`].
#[derive(Debug)]
pub struct Meter {
    watched: Watched,
    clock: Clock,
    begin: Spent,
}

/// Where the processors went: cores, on average.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Cores {
    pub seconds: f64,
    pub client: f64,
    pub service: f64,
    pub database: f64,
    /// Other programs, and what the kernel does for nobody in particular.
    pub others: f64,
    pub idle: f64,
    pub service_resident_mb: f64,
}

impl Meter {
    pub fn start(watched: Watched, clock: &Clock) -> anyhow::Result<Self> {
        let begin = spent(&watched, clock)?;
        Ok(Self { watched, clock: clock.clone(), begin })
    }

    pub fn read(&self) -> anyhow::Result<Cores> {
        let (begin, end) = (self.begin, spent(&self.watched, &self.clock)?);
        let seconds = end.at.duration_since(begin.at).as_secs_f64();
        let cores = |one: f64, other: f64| ((other - one) / seconds * 100.0).round() / 100.0;
        let (client, service, database) =
            (cores(begin.client, end.client), cores(begin.service, end.service), cores(begin.database, end.database));
        let all = cores(begin.all, end.all);
        #[expect(clippy::cast_precision_loss, reason = "a few processors")]
        let processors = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        #[expect(clippy::cast_precision_loss, reason = "kilobytes of one process")]
        let resident = resident_kb(self.watched.service)? as f64;
        let rounded = |value: f64| (value * 100.0).round() / 100.0;
        Ok(Cores {
            seconds: rounded(seconds),
            client,
            service,
            database,
            others: rounded((all - client - service - database).max(0.0)),
            idle: rounded((processors - all).max(0.0)),
            service_resident_mb: rounded(resident / 1000.0),
        })
    }
}

fn spent(watched: &Watched, clock: &Clock) -> anyhow::Result<Spent> {
    let database: Vec<u32> = processes_in(&watched.database).collect();
    Ok(Spent {
        at: clock.instant(),
        client: of_process(std::process::id()).context("the client's processor time cannot be read")?,
        service: of_process(watched.service).context("the service's processor time cannot be read")?,
        // One that has ended meanwhile is counted with its parent.
        database: database.into_iter().filter_map(of_process).sum(),
        all: of_machine()?,
    })
}

/// A server and all its children have the data as their working directory.
pub fn processes_in(data: &Path) -> impl Iterator<Item = u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(move |process| std::fs::read_link(process.path().join("cwd")).is_ok_and(|folder| folder == data))
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
}

/// User and system time, of the process and of its children that have ended.
fn of_process(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may hold anything. Fields 14 to 17 of `man 5 proc`.
    let fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(4);
    Some(fields.map_while(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / ticks_per_second())
}

/// Time in which a processor was not idle.
fn of_machine() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/stat").context("the machine's processor time cannot be read")?;
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = line.split_whitespace().skip(1).take(8).map_while(|ticks| ticks.parse().ok()).collect();
    let [user, nice, system, _idle, _waiting, interrupts, soft, stolen] = ticks[..] else {
        bail!("/proc/stat does not say what it should");
    };
    Ok((user + nice + system + interrupts + soft + stolen) / ticks_per_second())
}

#[expect(clippy::cast_precision_loss, reason = "a hundred")]
fn ticks_per_second() -> f64 {
    rustix::param::clock_ticks_per_second() as f64
}
