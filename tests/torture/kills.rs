//! R1 and R2: no stored reading is lost, whatever is killed while hundreds are in flight.

use rustix::process::{Pid, Signal, kill_process};

use super::cluster::Cluster;
use super::nemesis::Fault;
use super::trial::{Ground, Trial};

/// Strikes several times, each at a moment of its own, with submissions in flight.
async fn struck_by(mut trial: Trial, fault: Fault, times: usize) {
    trial.add_phones(24).await;
    for _ in 0..times {
        // What was answered may be sent again, changed or not.
        trial.answered().await;
        trial.burst(10, 40);
        let aimed = fault.aim(&mut trial);
        trial.until_a_moment_with(50..400).await;
        let in_flight = aimed.strike(&mut trial).await;
        println!("{fault}: {in_flight} in flight");
    }
    trial.must_be_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing_and_stores_nothing_twice() {
    struck_by(Trial::shared(1).await, Fault::KillServer, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_database_process_loses_nothing() {
    struck_by(Trial::own(2).await, Fault::KillBackend, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_postmaster_loses_nothing() {
    struck_by(Trial::own(3).await, Fault::KillPostmaster, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_stopped_at_once_loses_nothing() {
    struck_by(Trial::own(4).await, Fault::StopImmediately, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminated_database_connections_lose_nothing() {
    struck_by(Trial::shared(5).await, Fault::CutConnections, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_loses_nothing() {
    // The service runs its database itself, as it does by default, and both die in the same instant.
    let cluster = Cluster::at_rest().await;
    let (options, folder) = (cluster.options(), cluster.folder().display().to_string());
    let mut trial = Trial::with(Ground::Own(cluster), options, ("DERWENT_DATA_DIR", folder), &[], 6).await;
    trial.add_phones(24).await;
    for _ in 0..2 {
        trial.answered().await;
        trial.burst(10, 40);
        trial.until_a_moment_with(50..400).await;
        println!("power cut: {} in flight", trial.history.lock().in_flight());
        let service = trial.take_service();
        let Ground::Own(cluster) = &trial.ground else { unreachable!("made above") };
        let postmaster = cluster.postmaster().expect("it runs");
        for pid in [parent_of(postmaster), postmaster, service.pid()].into_iter().chain(cluster.processes()) {
            // A child may have followed its parent already.
            let _ = kill_process(pid, Signal::KILL);
        }
        drop(service);
        trial.start_service().await;
    }
    trial.must_be_sound().await;
}

/// The supervisor: nobody tidies up after a power cut.
fn parent_of(pid: Pid) -> Pid {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap();
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap();
    Pid::from_raw(parent.trim().parse().unwrap()).unwrap()
}
