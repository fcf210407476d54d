//! What sockets look up, each kind of question asked for many of them at once.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use sqlx::PgPool;
use uuid::Uuid;

use super::together::Together;
use crate::parts::Parts;
use crate::store::device::{self, Connected, Connecting, Device, Standing};
use crate::store::next::{self, Open};
use crate::store::plan::{self, Done, InForce, Stretch};
use crate::store::push::{self, Waiting};
use crate::store::rulebook;
use crate::store::seen::{self, Taken};

#[derive(Debug)]
pub struct Lookups {
    pub device: Together<Uuid, Option<Device>>,
    /// None: it was revoked meanwhile.
    pub connect: Together<Connecting, Option<Connected>>,
    pub standing: Together<Uuid, Option<Standing>>,
    /// By patient.
    pub taken: Together<Uuid, Option<Taken>>,
    /// By patient: what nobody has acknowledged.
    pub open: Together<Uuid, Vec<Open>>,
    /// By patient; none before the first plan.
    pub in_force: Together<Uuid, Option<InForce>>,
    pub done: Together<Stretch, Vec<Done>>,
    /// Which rulebook is in force.
    pub rulebook: Together<(), [u8; 32]>,
    /// By device.
    pub pushes: Together<Uuid, Vec<Waiting>>,
}

impl Lookups {
    pub fn start(parts: &Parts) -> Self {
        let (lifecycle, pool) = (&parts.lifecycle, &parts.store.lookups);
        Self {
            device: Together::start(lifecycle, "looking devices up", pool, |pool, devices| async move {
                Ok(in_order(&devices, &device::find(&pool, &devices).await?))
            }),
            connect: Together::start(lifecycle, "connecting phones", pool, connect_all),
            standing: Together::start(lifecycle, "looking up how phones stand", pool, |pool, devices| async move {
                Ok(in_order(&devices, &device::standing(&pool, &devices).await?))
            }),
            taken: Together::start(lifecycle, "looking up what was seen", pool, |pool, patients| async move {
                Ok(in_order(&patients, &seen::newest(&pool, &patients).await?))
            }),
            open: Together::start(lifecycle, "looking up what happens next", pool, |pool, patients| async move {
                let open = in_order(&patients, &next::open(&pool, &patients).await?);
                Ok(open.into_iter().map(Option::unwrap_or_default).collect())
            }),
            in_force: Together::start(lifecycle, "looking plans up", pool, |pool, patients| async move {
                Ok(in_order(&patients, &plan::in_force(&pool, &patients).await?))
            }),
            // Readings lie in chunks: what is planned anew leaves out those of other years.
            done: Together::start(
                lifecycle,
                "looking up what was done",
                &parts.store.ingest,
                |pool, stretches: Vec<Stretch>| async move { plan::done(&pool, &stretches).await },
            ),
            rulebook: Together::start(
                lifecycle,
                "looking the rulebook up",
                pool,
                |pool, questions: Vec<()>| async move {
                    let in_force = rulebook::in_force(&mut *pool.acquire().await?).await?;
                    // The service published one before it listened.
                    let hash = in_force.ok_or(sqlx::Error::RowNotFound)?;
                    Ok(vec![hash; questions.len()])
                },
            ),
            pushes: Together::start(lifecycle, "looking messages up", pool, |pool, devices| async move {
                let waiting = in_order(&devices, &push::waiting(&pool, &devices).await?);
                Ok(waiting.into_iter().map(Option::unwrap_or_default).collect())
            }),
        }
    }
}

/// Two sockets of one device are numbered one after the other.
async fn connect_all(pool: PgPool, connecting: Vec<Connecting>) -> sqlx::Result<Vec<Option<Connected>>> {
    let mut answers = Vec::with_capacity(connecting.len());
    let mut left = connecting.as_slice();
    while !left.is_empty() {
        let mut devices = HashSet::new();
        let once = left.iter().take_while(|each| devices.insert(each.device)).count();
        let (now, later) = left.split_at(once);
        let mut connected = device::connect(&pool, now).await?;
        answers.extend(now.iter().map(|each| connected.remove(&each.device)));
        left = later;
    }
    Ok(answers)
}

/// An answer to each question; the same may be asked twice.
fn in_order<Question: Eq + Hash, Answer: Clone>(
    questions: &[Question],
    answers: &HashMap<Question, Answer>,
) -> Vec<Option<Answer>> {
    questions.iter().map(|question| answers.get(question).cloned()).collect()
}
