//! R29: a full disk, no descriptors left, a row that cannot be stored in the middle of a full batch. No false receipt, and it
//! recovers by itself.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::net::TcpStream;

use super::cluster::Cluster;
use super::items;
use super::nemesis::Fault;
use super::trial::{Ground, Trial};

/// A small file system of the test's own; taken away with it.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where we may not mount one.
    fn mount(megabytes: u32) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("derwent-disk-").tempdir().unwrap().keep();
        let options = format!("size={megabytes}m,mode=755");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(&folder).output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self(folder));
        }
        std::fs::remove_dir(&folder).unwrap();
        eprintln!(
            "a_full_disk…: no file system can be mounted here; a database whose files may not grow stands for it"
        );
        None
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Until not a byte is left.
    fn fill(&self) {
        use std::io::Write;
        let mut ballast = std::fs::File::options().create(true).append(true).open(self.ballast()).unwrap();
        for block in [vec![0; 1 << 20], vec![0; 4096]] {
            while ballast.write_all(&block).is_ok() {}
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the last process on it may be about to end.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_gives_no_false_receipt_and_is_forgotten_when_there_is_room_again() {
    let disk = SmallDisk::mount(256);
    let mut cluster = Cluster::at_rest_in(disk.as_ref().map_or(&std::env::temp_dir(), |disk| &disk.0)).await;
    cluster.keep().await;
    let mut trial = Trial::on(Ground::Own(cluster), 30).await;
    trial.add_phones(12).await;
    trial.burst(10, 20);
    trial.answered().await;
    let mut full = false;
    for _ in 0..30 {
        match &disk {
            Some(disk) => disk.fill(),
            None => no_more_bytes(&trial),
        }
        let before = trial.history.lock().tally();
        trial.burst(10, 20);
        tokio::time::sleep(Duration::from_millis(700)).await;
        // Nothing but silence: no receipt, right or false.
        full = trial.history.lock().tally() == before && trial.history.lock().in_flight() > 0;
        if full {
            break;
        }
    }
    println!("in flight on the full disk: {}", trial.history.lock().in_flight());
    assert!(full, "the disk was never full");
    // For as long as it lasts.
    let before = trial.history.lock().tally();
    tokio::time::sleep(Duration::from_millis(700)).await;
    if disk.is_some() {
        assert_eq!(trial.history.lock().tally(), before);
    }
    if let Some(disk) = &disk {
        std::fs::remove_file(disk.ballast()).unwrap();
    }
    trial.must_be_sound().await;
}

/// Where we may not mount: no file of the running database may grow, which it meets as *file too large* instead of *no space*.
/// The next server that is started may write again.
fn no_more_bytes(trial: &Trial) {
    let Ground::Own(cluster) = &trial.ground else { unreachable!("made above") };
    for pid in cluster.processes() {
        // It may be gone, or another user's.
        let _ = prlimit(Some(pid), Resource::Fsize, Rlimit { current: Some(8192), maximum: None });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_descriptors_who_is_connected_is_served_and_the_others_come_in_later() {
    let mut trial = Trial::shared(31).await;
    trial.add_phones(8).await;
    trial.burst(3, 5);
    trial.answered().await;
    let pid = trial.services[0].service.pid();
    let open = std::fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero())).unwrap().count();
    limit_descriptors(pid, open + 6);
    let address = trial.link.origin.trim_start_matches("http://localhost:").to_owned();
    let mut held = Vec::new();
    for _ in 0..40 {
        held.push(TcpStream::connect(format!("127.0.0.1:{address}")).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    trial.burst(5, 10);
    trial.answered().await;

    // New phones do not get in, and the writer's own connection is lost to those who wait at the door.
    trial.add_phones(4).await;
    trial.burst(5, 10);
    Fault::CutConnections.strike(&mut trial).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let left_out: usize = trial.phones[8..].iter().map(|phone| phone.waiting()).sum();
    assert!(left_out > 0, "there were descriptors enough");
    drop(held);
    trial.must_be_sound().await;
}

fn limit_descriptors(pid: Pid, count: usize) {
    let limit = Rlimit { current: Some(count as u64), maximum: Some(count as u64) };
    prlimit(Some(pid), Resource::Nofile, limit).expect("our own child");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_row_that_cannot_be_stored_in_a_full_batch_stops_itself_alone() {
    let mut trial = Trial::shared(32).await;
    sqlx::raw_sql(
        "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'cannot hold this' USING ERRCODE = 'numeric_value_out_of_range'; END $$;
         CREATE TRIGGER poison BEFORE INSERT ON submission FOR EACH ROW WHEN (NEW.note = 'poison') EXECUTE FUNCTION poison()",
    )
    .execute(&trial.pool)
    .await
    .unwrap();
    // All come with a full outbox at once, and wait for one lock: the next commit is full.
    trial.link.lead_to(Vec::new());
    trial.add_phones(10).await;
    for phone in &mut trial.phones {
        for _ in 0..100 {
            phone.submit(items::pulse(phone.now(), 70.0));
        }
    }
    let mut poison = items::pulse(trial.phones[4].now(), 71.0);
    poison.note = Some("poison".into());
    trial.phones[4].submit(poison);
    let mut lock = trial.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM patient_head FOR UPDATE").execute(&mut *lock).await.unwrap();
    trial.lead_link();
    trial.until_a_moment_with(1_001..1_002).await;
    assert_eq!(trial.history.lock().in_flight(), 1_001);
    lock.rollback().await.unwrap();
    trial.answered().await;
    let tally = trial.history.lock().tally();
    assert_eq!((tally.stored, tally.refused), (1_000, 1), "{tally:?}");
    trial.must_be_sound().await;
}
