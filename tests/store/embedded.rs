//! The private server's life: it belongs to one process, others attach, and it is gone when its owner is gone, however that went.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use derwent::store::embedded::Embedded;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use sqlx::{ConnectOptions, Connection};

const FOLDER: &str = "DERWENT_TEST_FOLDER";

/// A folder under /tmp that whoever runs the server may enter.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::Builder::new().prefix("derwent-").tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn postmaster(&self) -> Option<Pid> {
        let text = std::fs::read_to_string(self.path().join("postgres/postmaster.pid")).ok()?;
        Pid::from_raw(text.lines().next()?.parse().ok()?)
    }
}

/// A process that owns a private server until it is killed: this test binary, run again for `owner_process`.
struct Owner {
    child: Child,
    said: String,
}

impl Owner {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::embedded::owner_process", "--ignored", "--nocapture"])
            .env(FOLDER, folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("owns ").map(|(_, said)| said.to_owned()))
            .expect("the owner starts its server");
        Self { child, said }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
#[ignore = "not a test: the other tests here run it as a process to kill"]
fn owner_process() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let embedded = match folder.as_str() {
            "throwaway" => Embedded::throwaway(None).await,
            folder => Embedded::open(Path::new(folder), None).await,
        };
        let embedded = embedded.unwrap();
        println!("owns {}", embedded.url("postgres").unwrap());
        std::future::pending::<()>().await;
    });
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..1500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("in half a minute it never came true that {what}");
}

async fn is_gone(pid: Pid) {
    eventually("the server is gone", async || test_kill_process(pid).is_err()).await;
}

async fn run(embedded: &Embedded, sql: &'static str) -> sqlx::Result<()> {
    let mut connection = embedded.options().unwrap().connect().await?;
    sqlx::raw_sql(sql).execute(&mut connection).await?;
    connection.close().await
}

#[tokio::test]
async fn the_server_ends_with_its_killed_owner_and_keeps_what_was_committed() {
    let folder = Folder::new();
    let owner = Owner::start(folder.path());
    let postmaster = folder.postmaster().unwrap();
    {
        let attached = Embedded::open(folder.path(), None).await.unwrap();
        run(&attached, "CREATE TABLE kept (n int)").await.unwrap();
        attached.stop().await;
    }
    owner.kill();
    is_gone(postmaster).await;
    let again = Embedded::open(folder.path(), None).await.unwrap();
    run(&again, "SELECT n FROM kept").await.unwrap();
    again.stop().await;
    assert_eq!(folder.postmaster(), None, "a stopped server leaves no pid file");
}

#[tokio::test]
async fn who_attached_takes_over_when_the_owner_is_killed() {
    let folder = Folder::new();
    let owner = Owner::start(folder.path());
    let attached = Embedded::open(folder.path(), None).await.unwrap();
    run(&attached, "CREATE TABLE kept (n int)").await.unwrap();
    let first = folder.postmaster().unwrap();
    owner.kill();
    eventually("another server answers", async || {
        folder.postmaster().is_some_and(|now| now != first) && run(&attached, "SELECT n FROM kept").await.is_ok()
    })
    .await;
    attached.stop().await;
}

#[tokio::test]
async fn after_a_power_cut_it_recovers_and_a_stale_lock_holds_nobody() {
    let folder = Folder::new();
    let owner = Owner::start(folder.path());
    let postmaster = folder.postmaster().unwrap();
    // Everything at once, supervisor included: nobody tidies up.
    kill_process(parent_of(postmaster), Signal::KILL).unwrap();
    kill_process(postmaster, Signal::KILL).unwrap();
    owner.kill();
    assert!(folder.path().join("owner.lock").exists() && folder.postmaster().is_some());
    let again = Embedded::open(folder.path(), None).await.unwrap();
    run(&again, "SELECT 1").await.unwrap();
    again.stop().await;
}

#[tokio::test]
async fn an_orphan_whose_supervisor_was_killed_is_ended_by_the_next_owner() {
    let folder = Folder::new();
    let owner = Owner::start(folder.path());
    let orphan = folder.postmaster().unwrap();
    kill_process(parent_of(orphan), Signal::STOP).unwrap();
    let supervisor = parent_of(orphan);
    owner.kill();
    kill_process(supervisor, Signal::KILL).unwrap();
    let again = Embedded::open(folder.path(), None).await.unwrap();
    assert_ne!(folder.postmaster(), Some(orphan));
    run(&again, "SELECT 1").await.unwrap();
    again.stop().await;
    is_gone(orphan).await;
}

#[tokio::test]
async fn a_server_that_dies_is_started_again() {
    let folder = Folder::new();
    let embedded = Embedded::open(folder.path(), None).await.unwrap();
    let first = folder.postmaster().unwrap();
    kill_process(first, Signal::KILL).unwrap();
    eventually("another server answers", async || {
        folder.postmaster().is_some_and(|now| now != first) && run(&embedded, "SELECT 1").await.is_ok()
    })
    .await;
    embedded.stop().await;
}

#[tokio::test]
async fn a_throwaway_leaves_nothing_behind() {
    let owner = Owner::start(Path::new("throwaway"));
    let folder = PathBuf::from(owner.said.split_once("host=").unwrap().1).parent().unwrap().to_owned();
    assert!(folder.join("postgres/PG_VERSION").exists());
    owner.kill();
    eventually("its folder is gone", async || !folder.exists()).await;
}

#[tokio::test]
async fn data_of_another_postgresql_are_refused_in_a_sentence() {
    let folder = Folder::new();
    let embedded = Embedded::open(folder.path(), None).await.unwrap();
    embedded.stop().await;
    std::fs::write(folder.path().join("postgres/PG_VERSION"), "13\n").unwrap();
    let error = Embedded::open(folder.path(), None).await.unwrap_err().to_string();
    assert!(error.contains("made by PostgreSQL 13") && error.contains("pg_dump"), "{error}");
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_is_no_obstacle() {
    let folder = Folder::new();
    let long = folder.path().join("a-long-name-of-a-folder/".repeat(6));
    let embedded = Embedded::open(&long, None).await.unwrap();
    run(&embedded, "SELECT 1").await.unwrap();
    let url = embedded.url("postgres").unwrap();
    embedded.stop().await;
    std::fs::remove_dir(url.split_once("host=").unwrap().1).unwrap();
}

fn parent_of(pid: Pid) -> Pid {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap();
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap();
    Pid::from_raw(parent.trim().parse().unwrap()).unwrap()
}
