//! What can go wrong with machines, caused for real.

use std::fmt;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::trial::{Ground, Trial};
use crate::harness::link::{Cut, Way};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// SIGKILL.
    KillServer,
    /// SIGTERM, as at each deployment.
    EndServer,
    /// A pause of the whole process, as of a machine that is moved.
    FreezeServer,
    /// `pg_terminate_backend` of all the service's connections.
    CutConnections,
    /// SIGKILL of one process that serves the writer: the postmaster then restarts all.
    KillBackend,
    KillPostmaster,
    /// `pg_ctl stop -m immediate`.
    StopImmediately,
    /// SIGKILL of all services and of every process of the database at once.
    PowerCut,
    FreezeDatabase,
    /// Every phone's connection at once.
    CutLines,
    /// For a while each connection of a phone is cut somewhere.
    RoughLines,
}

impl Fault {
    pub const ALL: [Self; 11] = [
        Self::KillServer,
        Self::EndServer,
        Self::FreezeServer,
        Self::CutConnections,
        Self::KillBackend,
        Self::KillPostmaster,
        Self::StopImmediately,
        Self::PowerCut,
        Self::FreezeDatabase,
        Self::CutLines,
        Self::RoughLines,
    ];

    /// Whether a process ends by it that had work in hand.
    pub fn kills(self) -> bool {
        matches!(
            self,
            Self::KillServer | Self::KillBackend | Self::KillPostmaster | Self::StopImmediately | Self::PowerCut
        )
    }

    /// Finds whom it will meet, so that nothing remains to be looked up when the moment has come.
    pub fn aim(self, trial: &mut Trial) -> Aimed {
        let victims = match self {
            Self::KillBackend => {
                let backends = own(trial).backends();
                trial.rng.choice(backends).into_iter().collect()
            }
            Self::FreezeDatabase | Self::PowerCut => own(trial).processes(),
            _ => Vec::new(),
        };
        Aimed { fault: self, victims }
    }

    pub async fn strike(self, trial: &mut Trial) -> usize {
        self.aim(trial).strike(trial).await
    }
}

/// A fault that is about to strike.
pub struct Aimed {
    fault: Fault,
    victims: Vec<Pid>,
}

impl Aimed {
    /// Returns how many submissions were in flight when it struck, once what it broke is being mended.
    pub async fn strike(self, trial: &mut Trial) -> usize {
        let in_flight = trial.history.lock().in_flight();
        let victims = self.victims;
        match self.fault {
            Fault::KillServer => {
                drop(trial.take_service());
                pause(trial, 300).await;
                trial.start_service().await;
            }
            Fault::EndServer => {
                let service = trial.take_service();
                let ended = tokio::task::spawn_blocking(move || service.end()).await.unwrap();
                if !ended {
                    trial.history.lock().surprises.push("a service did not end well when asked to".to_owned());
                }
                trial.start_service().await;
            }
            Fault::FreezeServer => {
                let at = trial.rng.usize(..trial.services.len());
                let pid = trial.services[at].service.pid();
                signal(pid, Signal::STOP);
                pause(trial, 1_500).await;
                signal(pid, Signal::CONT);
            }
            Fault::CutConnections => {
                let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                           WHERE application_name LIKE 'derwent_%' AND datname = current_database()";
                // A database that is down has no connections to cut.
                let _ = sqlx::query(cut).execute(&trial.pool).await;
            }
            Fault::KillBackend => victims.iter().for_each(|pid| signal(*pid, Signal::KILL)),
            Fault::KillPostmaster => own(trial).signal_postmaster(Signal::KILL),
            Fault::StopImmediately => own(trial).signal_postmaster(Signal::QUIT),
            Fault::PowerCut => {
                let services = std::mem::take(&mut trial.services);
                let pids = services.iter().map(|replica| replica.service.pid());
                pids.chain(victims).for_each(|pid| signal(pid, Signal::KILL));
                for _ in services {
                    trial.start_service().await;
                }
            }
            Fault::FreezeDatabase => {
                victims.iter().for_each(|pid| signal(*pid, Signal::STOP));
                pause(trial, 1_000).await;
                victims.iter().for_each(|pid| signal(*pid, Signal::CONT));
            }
            Fault::CutLines => trial.link.cut_all(),
            Fault::RoughLines => {
                trial.link.weather(|rng| {
                    let way = if rng.bool() { Way::There } else { Way::Back };
                    Some(Cut::AfterBytes(way, rng.usize(..4_000)))
                });
                trial.link.cut_all();
                pause(trial, 1_500).await;
                trial.link.clear();
            }
        }
        in_flight
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KillServer => "server killed",
            Self::EndServer => "server ended and started",
            Self::FreezeServer => "server frozen",
            Self::CutConnections => "database connections terminated",
            Self::KillBackend => "database process killed",
            Self::KillPostmaster => "postmaster killed",
            Self::StopImmediately => "database stopped, immediate",
            Self::PowerCut => "power cut",
            Self::FreezeDatabase => "database frozen",
            Self::CutLines => "all lines cut",
            Self::RoughLines => "rough lines for a while",
        })
    }
}

fn own(trial: &Trial) -> &super::cluster::Cluster {
    match &trial.ground {
        Ground::Own(cluster) => cluster,
        Ground::Shared(_) => panic!("the shared server may not be touched"),
    }
}

fn signal(pid: Pid, signal: Signal) {
    // It may have ended by itself.
    let _ = kill_process(pid, signal);
}

async fn pause(trial: &mut Trial, most_ms: u64) {
    let pause = Duration::from_millis(trial.rng.u64(..=most_ms));
    tokio::time::sleep(pause).await;
}
