//! The private database's folder: what lies in it, how it is made, and which settings it runs with.
//!
//! ```text
//! owner.lock    locked by the process that runs the server
//! password      the owner's, readable by us alone
//! postgres/     PostgreSQL's data, made in postgres.new/ and renamed when complete
//! server.log    what the server says (never values: see SETTINGS)
//! run/          the socket, unless the path would be too long for one
//! ```

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use sqlx::postgres::PgConnectOptions;
use tokio::process::Command;

use super::programs::Programs;
use super::user::ServerUser;
use crate::random;

/// The database's owner, who runs the migrations.
const OWNER: &str = "derwent";
/// A Unix socket's whole path, with the end PostgreSQL gives it.
const SOCKET_PATH_BYTES: usize = 107;
const SOCKET_NAME: &str = ".s.PGSQL.5432";
const LOG_BYTES_KEPT: u64 = 16 << 20;

/// Durable, reachable by nobody but this machine, and silent about what it stores.
const SETTINGS: &str = "\
# Written anew at each start by derwent.
listen_addresses = ''
shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = off
# Jobs exist for policies, which Debian's edition lacks; their workers would block making a database from a template.
timescaledb.max_background_workers = 0
fsync = on
synchronous_commit = on
full_page_writes = on
max_connections = 200
max_locks_per_transaction = 1024
max_wal_size = '2GB'
wal_compression = lz4
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
# A statement or a detail line may hold a patient's values.
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_checkpoints = off
log_line_prefix = '%m [%p] %d '
";

#[derive(Clone, Debug)]
pub struct Cluster {
    folder: PathBuf,
    pub programs: Programs,
    pub user: Option<ServerUser>,
    socket_folder: PathBuf,
    /// It is removed with the server, so it need not survive a crash of the machine while it is made.
    pub throwaway: bool,
}

impl Cluster {
    /// Makes the folders that are missing; not yet the database.
    pub fn at(folder: &Path, programs: Programs, throwaway: bool) -> anyhow::Result<Self> {
        let user = ServerUser::needed()?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(if user.is_some() { 0o755 } else { 0o700 })
            .create(folder)
            .with_context(|| format!("{} cannot be made; choose another DERWENT_DATA_DIR", folder.display()))?;
        let folder = folder.canonicalize().with_context(|| format!("{} cannot be read", folder.display()))?;
        if let Some(user) = &user {
            if throwaway {
                user.give(&folder)?;
            }
            user.can_reach(&folder, "choose a DERWENT_DATA_DIR that everybody may enter, such as /var/lib/derwent")?;
            user.can_reach(programs.bin(), "run `make timescaledb`, or name another DERWENT_POSTGRES_DIR")?;
        }
        let socket_folder = socket_folder(&folder);
        make_private_folder(&socket_folder, user.as_ref())?;
        Ok(Self { folder, programs, user, socket_folder, throwaway })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn data(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    pub fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    pub fn lock(&self) -> PathBuf {
        self.folder.join("owner.lock")
    }

    /// Where a running server leaves its process number: with its data, and with its socket.
    pub fn marks(&self) -> [PathBuf; 2] {
        [self.data().join("postmaster.pid"), self.socket_folder.join(format!("{SOCKET_NAME}.lock"))]
    }

    /// How its owner connects to `database`; fails while the password is not written yet.
    pub fn options(&self, database: &str) -> anyhow::Result<PgConnectOptions> {
        Ok(PgConnectOptions::new_without_pgpass()
            .socket(&self.socket_folder)
            .port(5432)
            .username(OWNER)
            .password(&self.password()?)
            .database(database))
    }

    pub fn url(&self, database: &str) -> anyhow::Result<String> {
        let password = self.password()?;
        Ok(format!("postgres://{OWNER}:{password}@localhost/{database}?host={}", self.socket_folder.display()))
    }

    fn password(&self) -> anyhow::Result<String> {
        let path = self.folder.join("password");
        let password = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        Ok(password.trim().to_owned())
    }

    /// Makes the database on first use, refuses one of another PostgreSQL, and writes the settings.
    pub async fn prepare(&self) -> anyhow::Result<()> {
        if !self.data().join("PG_VERSION").exists() {
            self.make().await?;
        }
        let version =
            fs::read_to_string(self.data().join("PG_VERSION")).context("the database's PG_VERSION cannot be read")?;
        let (made_by, found) = (version.trim(), self.programs.major);
        if made_by != found.to_string() {
            bail!(
                "the database in {} was made by PostgreSQL {made_by}, but the programs in {} are PostgreSQL {found}; \
                 name the old ones with DERWENT_POSTGRES_DIR, or move the data with pg_dump {made_by} and pg_restore {found} \
                 into a new DERWENT_DATA_DIR",
                self.folder.display(),
                self.programs.bin().display()
            );
        }
        let settings = format!(
            "{SETTINGS}shared_buffers = '{}MB'\nunix_socket_directories = '{}'\n",
            shared_buffers_mb(),
            self.socket_folder.display()
        );
        self.write_for_server(&self.data().join("postgresql.conf"), &settings)?;
        let log = self.log();
        if log.metadata().is_ok_and(|metadata| metadata.len() > LOG_BYTES_KEPT) {
            fs::rename(&log, self.folder.join("server.log.old")).context("the server's log cannot be renamed")?;
        }
        if !log.exists() {
            self.write_for_server(&log, "")?;
        }
        Ok(())
    }

    async fn make(&self) -> anyhow::Result<()> {
        tracing::info!(folder = %self.folder.display(), "making the database, once");
        let password = random::token();
        let for_us = self.folder.join("password");
        write_private(&for_us, &password)?;
        let for_initdb = self.folder.join("password.initdb");
        write_private(&for_initdb, &password)?;
        let unfinished = self.folder.join("postgres.new");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).with_context(|| format!("{} cannot be removed", unfinished.display()))?;
        }
        make_private_folder(&unfinished, self.user.as_ref())?;
        let mut initdb = Command::new(self.programs.path("initdb"));
        initdb
            .arg("--pgdata")
            .arg(&unfinished)
            .arg("--pwfile")
            .arg(&for_initdb)
            .args([
                "--username",
                OWNER,
                "--auth",
                "scram-sha-256",
                "--encoding",
                "UTF8",
                "--locale",
                "C",
                "--data-checksums",
            ])
            .current_dir("/")
            .env("LC_ALL", "C");
        if self.throwaway {
            initdb.arg("--no-sync");
        }
        if let Some(user) = &self.user {
            user.give(&for_initdb)?;
            user.run(&mut initdb);
        }
        let made = initdb.output().await.context("initdb cannot be started")?;
        fs::remove_file(&for_initdb).context("the copy of the password for initdb cannot be removed")?;
        if !made.status.success() {
            let said = String::from_utf8_lossy(&made.stderr);
            let reason = said.lines().find(|line| line.contains("error")).unwrap_or(said.trim());
            bail!("the database cannot be made in {}: {reason}", self.folder.display());
        }
        fs::rename(&unfinished, self.data()).context("the finished database cannot be put in its place")
    }

    fn write_for_server(&self, path: &Path, text: &str) -> anyhow::Result<()> {
        write_private(path, text)?;
        self.user.as_ref().map_or(Ok(()), |user| user.give(path))
    }
}

/// An eighth of the machine's memory, within bounds: the machine is not the database's alone.
fn shared_buffers_mb() -> u64 {
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let total_kb: Option<u64> = total.and_then(|total| total.trim().trim_end_matches(" kB").parse().ok());
    total_kb.map_or(256, |kb| kb / 1024 / 8).clamp(128, 2048)
}

/// Beside the data if a socket's path may be that long, else in /tmp under a name that follows from it.
fn socket_folder(folder: &Path) -> PathBuf {
    let beside = folder.join("run");
    if beside.join(SOCKET_NAME).as_os_str().len() <= SOCKET_PATH_BYTES {
        return beside;
    }
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, folder.as_os_str().as_encoded_bytes());
    let name: String = digest.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    PathBuf::from(format!("/tmp/derwent-{name}"))
}

fn make_private_folder(path: &Path, user: Option<&ServerUser>) -> anyhow::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => user.map_or(Ok(()), |user| user.give(path)),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let metadata = fs::symlink_metadata(path).with_context(|| format!("{} cannot be read", path.display()))?;
            let ours = user.map_or(rustix::process::geteuid().as_raw(), ServerUser::uid);
            if !metadata.is_dir() || metadata.uid() != ours || metadata.mode() & 0o022 != 0 {
                bail!("{} belongs to somebody else or may be written by others; remove it", path.display());
            }
            Ok(())
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be made", path.display())),
    }
}

/// Complete or not at all, and readable by its owner alone.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sockets_path_is_never_too_long() {
        for depth in [1, 4, 8, 20, 60] {
            let folder = PathBuf::from(format!("/{}", "folder/".repeat(depth)));
            assert!(socket_folder(&folder).join(SOCKET_NAME).as_os_str().len() <= SOCKET_PATH_BYTES);
        }
        assert_eq!(socket_folder(Path::new("/var/lib/derwent")), Path::new("/var/lib/derwent/run"));
    }
}
