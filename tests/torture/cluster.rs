//! A private TimescaleDB of a trial's own, as `derwent serve` makes it, that may be killed: this process keeps it, starts it again
//! when it dies, and takes it away at the end.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use derwent::config::DatabaseConfig;
use derwent::store::Store;
use derwent::store::embedded::Embedded;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::PgConnectOptions;
use tokio::sync::OnceCell;

pub struct Cluster {
    folder: tempfile::TempDir,
    /// None: the service under test runs it, as it does by default.
    keeper: Option<Embedded>,
}

impl Cluster {
    /// Migrated, running, kept by this process.
    pub async fn start() -> Self {
        let mut cluster = Self::at_rest().await;
        cluster.keep().await;
        cluster
    }

    /// Migrated; whoever opens its folder starts it.
    pub async fn at_rest() -> Self {
        let cluster = Self { folder: folder(), keeper: None };
        copy(&template().await, cluster.folder.path());
        cluster
    }

    /// The same on a file system of the test's choice.
    pub async fn at_rest_in(folder: &Path) -> Self {
        let cluster =
            Self { folder: tempfile::Builder::new().prefix("derwent-").tempdir_in(folder).unwrap(), keeper: None };
        open_to_all(cluster.folder.path());
        copy(&template().await, cluster.folder.path());
        cluster
    }

    pub async fn keep(&mut self) {
        let keeper = Embedded::open(self.folder.path(), postgres().as_deref()).await.expect("a private TimescaleDB");
        self.keeper = Some(keeper);
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(self.socket())
            .port(5432)
            .username("derwent")
            .password(&self.password())
            .database("derwent")
    }

    pub fn url(&self) -> String {
        self.url_by(&self.socket())
    }

    /// The same through a socket that is carried to it.
    pub fn url_by(&self, socket: &Path) -> String {
        format!("postgres://derwent:{}@localhost/derwent?host={}", self.password(), socket.display())
    }

    /// The folder of its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// None while it is down.
    pub fn postmaster(&self) -> Option<Pid> {
        let text = std::fs::read_to_string(self.folder.path().join("postgres/postmaster.pid")).ok()?;
        Pid::from_raw(text.lines().next()?.parse().ok()?)
    }

    /// KILL takes the postmaster alone; QUIT is what `pg_ctl stop -m immediate` sends.
    pub fn signal_postmaster(&self, signal: Signal) {
        if let Some(postmaster) = self.postmaster() {
            // It may have ended since.
            let _ = kill_process(postmaster, signal);
        }
    }

    /// All processes that work on the data.
    pub fn processes(&self) -> Vec<Pid> {
        let data = self.folder.path().canonicalize().unwrap().join("postgres");
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        processes
            .filter(|process| std::fs::read_link(process.path().join("cwd")).is_ok_and(|folder| folder == data))
            .filter_map(|process| Pid::from_raw(process.file_name().to_str()?.parse().ok()?))
            .collect()
    }

    /// Those of them that serve a connection of the service.
    pub fn backends(&self) -> Vec<Pid> {
        let serves = |pid: &Pid| {
            let title = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
            String::from_utf8_lossy(&title).contains("derwent derwent [local]")
        };
        self.processes().into_iter().filter(serves).collect()
    }

    pub async fn stop(self) {
        if let Some(keeper) = &self.keeper {
            keeper.stop().await;
        }
    }

    fn password(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("password")).expect("its password").trim().to_owned()
    }
}

/// Where PostgreSQL is: the one setting of the machine's own that counts.
pub fn postgres() -> Option<PathBuf> {
    std::env::var_os("DERWENT_POSTGRES_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// A migrated cluster at rest, made by whoever needs it first. A shell that outlives us removes it.
async fn template() -> PathBuf {
    static TEMPLATE: OnceCell<(PathBuf, Child)> = OnceCell::const_new();
    let make = async || {
        let folder = folder().keep();
        let leash = Command::new("/bin/sh")
            .args(["-c", "read -r _; rm -rf \"$0\""])
            .arg(&folder)
            .stdin(Stdio::piped())
            .spawn()
            .expect("/bin/sh");
        let config = DatabaseConfig { database_url: None, data_dir: folder.clone(), postgres_dir: postgres() };
        let store = Store::open(&config).await.expect("a private TimescaleDB; `make timescaledb` fetches it");
        store.migrate().await.expect("migrated");
        store.close().await;
        (folder, leash)
    };
    TEMPLATE.get_or_init(make).await.0.clone()
}

/// Whoever runs the server may enter it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("derwent-").tempdir().expect("a folder");
    open_to_all(folder.path());
    folder
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("permissions");
}

/// With owners and permissions.
fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").args(["-a", "--reflink=auto"]).arg(from.join(".")).arg(to).status().expect("cp");
    assert!(done.success(), "{} cannot be copied to {}", from.display(), to.display());
}
