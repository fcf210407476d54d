//! Which sockets want to hear what. One task hears all signals and hands each to the few sockets it concerns, so that ten
//! thousand idle sockets are not woken for every reading judged.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use super::mailbox::Mailbox;
use crate::gauges;
use crate::parts::Parts;
use crate::progress;
use crate::signal::Signal;

/// What concerns one socket. But for how far somebody is judged, each is a hint: the socket looks in the database itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Judged {
        patient: Uuid,
        through: i64,
    },
    Work {
        patient: Uuid,
    },
    Plan {
        patient: Uuid,
    },
    Pushes,
    /// The device was revoked or connected elsewhere, or news were lost: look at everything.
    Standing,
}

impl News {
    /// Takes in other news if one is enough for both. Says whether it did.
    pub fn takes_in(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::Judged { patient: one, through }, Self::Judged { patient: other, through: further })
                if one == other =>
            {
                *through = (*through).max(*further);
                true
            }
            (one, other) => one == other,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Registry(Arc<Mutex<Sockets>>);

#[derive(Debug, Default)]
struct Sockets {
    by_device: HashMap<Uuid, Vec<Ear>>,
    /// Devices that submit for a patient, each once for every socket it has open.
    by_patient: HashMap<Uuid, Vec<Uuid>>,
}

#[derive(Debug)]
struct Ear {
    connection: i64,
    news: Arc<Mailbox>,
}

/// A socket's place in the registry; dropping it leaves.
#[derive(Debug)]
pub struct Place {
    registry: Registry,
    device: Uuid,
    connection: i64,
    patients: Vec<Uuid>,
    news: Arc<Mailbox>,
}

impl Registry {
    pub fn start(parts: &Parts) -> Self {
        let registry = Self::default();
        let dispatching = registry.clone();
        let mut signals = parts.signals.subscribe();
        let stopping = parts.lifecycle.stopping.clone();
        let turns = parts.lifecycle.progress.begins("carrying news to phones", progress::LIMIT);
        parts.lifecycle.spawn(async move {
            loop {
                let heard = tokio::select! {
                    heard = turns.until(signals.recv()) => heard,
                    () = stopping.cancelled() => return,
                };
                match heard {
                    Ok(signal) => dispatching.dispatch(&signal),
                    Err(RecvError::Lagged(_)) => dispatching.tell_all(News::Standing),
                    Err(RecvError::Closed) => return,
                }
            }
        });
        registry
    }

    pub fn join(&self, device: Uuid, connection: i64, patients: Vec<Uuid>) -> Place {
        let news = Arc::new(Mailbox::default());
        let mut sockets = self.sockets();
        let ears = sockets.by_device.entry(device).or_default();
        ears.reserve_exact(1);
        ears.push(Ear { connection, news: Arc::clone(&news) });
        sockets.follow(device, &patients);
        drop(sockets);
        gauges::phone_came();
        Place { registry: self.clone(), device, connection, patients, news }
    }

    /// Devices that have a socket open here.
    pub fn devices(&self) -> Vec<Uuid> {
        self.sockets().by_device.keys().copied().collect()
    }

    fn dispatch(&self, signal: &Signal) {
        let sockets = self.sockets();
        let to_patient = |patient: &Uuid, news: News| {
            for device in sockets.by_patient.get(patient).into_iter().flatten() {
                sockets.tell(device, news);
            }
        };
        match signal {
            Signal::Judged { patient, through } => {
                to_patient(patient, News::Judged { patient: *patient, through: *through })
            }
            Signal::Work { patient } => to_patient(patient, News::Work { patient: *patient }),
            Signal::Plan { patient } => to_patient(patient, News::Plan { patient: *patient }),
            Signal::Pushed { device } => sockets.tell(device, News::Pushes),
            Signal::Revoked { device } => sockets.tell(device, News::Standing),
            Signal::Connected { device, connection } => {
                for older in sockets.ears(device).filter(|ear| ear.connection < *connection) {
                    older.news.put(News::Standing);
                }
            }
            Signal::Arrived
            | Signal::Alerts { .. }
            | Signal::Pages
            | Signal::Requested { .. }
            | Signal::Formed { .. } => {}
        }
    }

    fn tell_all(&self, news: News) {
        let sockets = self.sockets();
        for device in sockets.by_device.keys() {
            sockets.tell(device, news);
        }
    }

    fn sockets(&self) -> MutexGuard<'_, Sockets> {
        // Every change below is whole, so a panic elsewhere does not spoil the maps.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sockets {
    fn follow(&mut self, device: Uuid, patients: &[Uuid]) {
        for patient in patients {
            let devices = self.by_patient.entry(*patient).or_default();
            devices.reserve_exact(1);
            devices.push(device);
        }
    }

    fn leave(&mut self, device: Uuid, patients: &[Uuid]) {
        for patient in patients {
            let Some(devices) = self.by_patient.get_mut(patient) else { continue };
            if let Some(place) = devices.iter().position(|known| *known == device) {
                devices.swap_remove(place);
            }
            if devices.is_empty() {
                self.by_patient.remove(patient);
            }
        }
    }

    fn tell(&self, device: &Uuid, news: News) {
        self.ears(device).for_each(|ear| ear.news.put(news));
    }

    fn ears(&self, device: &Uuid) -> impl Iterator<Item = &Ear> {
        self.by_device.get(device).into_iter().flatten()
    }
}

impl Place {
    /// What is new for this socket, when there is anything. May be dropped while it waits: nothing is lost.
    pub async fn hear(&self) -> News {
        self.news.take().await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        gauges::phone_left();
        let mut sockets = self.registry.sockets();
        // By connection: a late goodbye must not unregister a newcomer.
        if let Some(ears) = sockets.by_device.get_mut(&self.device) {
            ears.retain(|ear| ear.connection != self.connection);
            if ears.is_empty() {
                sockets.by_device.remove(&self.device);
            }
        }
        sockets.leave(self.device, &self.patients);
    }
}
