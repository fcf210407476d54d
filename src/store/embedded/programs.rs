//! Where PostgreSQL's programs with TimescaleDB are: those named in the configuration, else the system's,
//! else what `scripts/timescaledb` unpacked (which looks in the same places, in the same order).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tokio::process::Command;

#[derive(Clone, Debug)]
pub struct Programs {
    bin: PathBuf,
    pub major: u32,
}

impl Programs {
    pub async fn find(configured: Option<&Path>) -> anyhow::Result<Self> {
        let bin = match configured {
            Some(folder) => {
                [folder.join("bin"), folder.to_owned()].into_iter().find(|bin| complete(bin)).with_context(|| {
                    format!("{} holds no PostgreSQL programs; correct DERWENT_POSTGRES_DIR", folder.display())
                })?
            }
            None => installed().or_else(brought).context(
                "there is no TimescaleDB on this machine: run `make timescaledb` (scripts/timescaledb), \
                 or set DERWENT_DATABASE_URL to one that runs elsewhere",
            )?,
        };
        let major = major_of(&bin).await?;
        Ok(Self { bin, major })
    }

    pub fn bin(&self) -> &Path {
        &self.bin
    }

    pub fn path(&self, program: &str) -> PathBuf {
        self.bin.join(program)
    }
}

fn complete(bin: &Path) -> bool {
    bin.join("postgres").is_file() && bin.join("initdb").is_file()
}

/// The system's, newest PostgreSQL first.
fn installed() -> Option<PathBuf> {
    let mut majors: Vec<u32> = names_in(Path::new("/usr/share/postgresql"), |name| name.parse().ok())
        .filter(|major: &u32| {
            Path::new(&format!("/usr/share/postgresql/{major}/extension/timescaledb.control")).exists()
        })
        .collect();
    majors.sort_unstable();
    majors
        .into_iter()
        .rev()
        .map(|major| PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")))
        .find(|bin| complete(bin))
}

/// What the script unpacked, newest TimescaleDB first.
fn brought() -> Option<PathBuf> {
    let home = if rustix::process::geteuid().is_root() {
        PathBuf::from("/var/cache/derwent")
    } else {
        std::env::var_os("XDG_CACHE_HOME")
            .filter(|cache| !cache.is_empty())
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))?
            .join("derwent")
    };
    let mut versions: Vec<Vec<u32>> =
        names_in(&home, |name| name.strip_prefix("timescaledb-")?.split('.').map(|part| part.parse().ok()).collect())
            .collect();
    versions.sort_unstable();
    versions
        .into_iter()
        .rev()
        .map(|version| {
            let version: Vec<String> = version.iter().map(u32::to_string).collect();
            home.join(format!("timescaledb-{}", version.join("."))).join("bin")
        })
        .find(|bin| complete(bin))
}

fn names_in<T>(folder: &Path, read: impl Fn(&str) -> Option<T>) -> impl Iterator<Item = T> {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(move |entry| entry.file_name().to_str().and_then(&read))
}

async fn major_of(bin: &Path) -> anyhow::Result<u32> {
    let program = bin.join("postgres");
    let said = Command::new(&program)
        .arg(OsStr::new("--version"))
        .output()
        .await
        .with_context(|| format!("{} cannot be started; is it PostgreSQL for this machine?", program.display()))?;
    let said = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    // "postgres (PostgreSQL) 17.11 (Debian …)"
    let major = said.split(' ').nth(2).and_then(|version| version.split(['.', 'b', 'r']).next()?.parse().ok());
    match major {
        Some(major) => Ok(major),
        None => bail!(
            "{} says {said:?}, which is no version of PostgreSQL; correct DERWENT_POSTGRES_DIR",
            program.display()
        ),
    }
}
