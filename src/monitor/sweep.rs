//! Takes patients with work to do and sees each of them judged, or looked at by a person.
//!
//! Patients are judged in batches. An error that is about the data, not the machine, makes the batch fall apart into
//! single patients, so that only the culprit fails. A patient that failed twice, or whose judging killed a process
//! twice, is judged alone; at the fifth attempt it is given to people: its range is recorded as failed, with a task.

use jiff::SignedDuration;
use uuid::Uuid;

use crate::monitor::case::{self, Batch};
use crate::monitor::evaluate;
use crate::monitor::judgement::Judged;
use crate::monitor::memory::Memory;
use crate::monitor::rulebook::Rulebooks;
use crate::parts::Parts;
use crate::random;
use crate::store::alert;
use crate::store::judged::{self, Taken};

/// Patients judged in one transaction.
const BATCH_PATIENTS: usize = 256;
/// From this attempt on, a patient is judged alone.
const ALONE_FROM: i16 = 3;
/// At this attempt nothing is tried any more.
const GIVE_UP_AT: i16 = 5;
/// Before the machine itself is asked again.
const PAUSE: SignedDuration = SignedDuration::from_secs(1);

/// What one sweep found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swept {
    Nobody,
    /// Everybody there was.
    All,
    /// As many as one batch takes; there may be more.
    Full,
}

/// Whom a sweep looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Patients of whom something came in.
    Arrivals,
    /// And those of whom nothing came, when it is time to look.
    Everybody,
}

/// Judges whoever is due now, one batch.
pub async fn sweep(parts: &Parts, rulebooks: &Rulebooks, memory: &Memory, wanted: Wanted) -> anyhow::Result<Swept> {
    let lease = random::new_id();
    let timers_until = (wanted == Wanted::Everybody).then(|| parts.clock.care_now());
    let taken = judged::take(&parts.store.monitor, timers_until, lease, BATCH_PATIENTS).await?;
    let sweep = Sweep { parts, rulebooks, memory, lease };
    let done = sweep.judge_all(&taken).await;
    if done.is_err() {
        // Whoever was not reached is no nearer to being given up. Should this fail too, the leases run out by themselves.
        let patients: Vec<Uuid> = taken.iter().map(|taken| taken.patient).collect();
        judged::release(&parts.store.monitor, lease, &patients, PAUSE, false).await?;
    }
    done?;
    Ok(match taken.len() {
        0 => Swept::Nobody,
        some if some < BATCH_PATIENTS => Swept::All,
        _ => Swept::Full,
    })
}

struct Sweep<'a> {
    parts: &'a Parts,
    rulebooks: &'a Rulebooks,
    memory: &'a Memory,
    lease: Uuid,
}

impl Sweep<'_> {
    async fn judge_all(&self, taken: &[Taken]) -> anyhow::Result<()> {
        let (together, alone): (Vec<Taken>, Vec<Taken>) =
            taken.iter().cloned().partition(|taken| taken.attempts < ALONE_FROM);
        // One at a time: if the first takes the process down with it, the others were not tried.
        let (first, later) = alone.split_at(alone.len().min(1));
        if !later.is_empty() {
            let later: Vec<Uuid> = later.iter().map(|taken| taken.patient).collect();
            judged::release(&self.parts.store.monitor, self.lease, &later, SignedDuration::ZERO, false).await?;
        }
        if !together.is_empty() && !self.judge(&together).await? {
            for taken in &together {
                self.judge(std::slice::from_ref(taken)).await?;
            }
        }
        if !first.is_empty() {
            self.judge(first).await?;
        }
        Ok(())
    }

    /// False: the data of somebody among several cannot be written, and nobody was judged.
    async fn judge(&self, taken: &[Taken]) -> anyhow::Result<bool> {
        match self.try_to_judge(taken).await {
            Ok(()) => Ok(true),
            Err(error) if is_about_data(&error) => {
                if let [taken] = taken {
                    self.failed(taken, &without_values(&error)).await?;
                    return Ok(true);
                }
                tracing::warn!(
                    "a batch of {} patients could not be judged together: {}",
                    taken.len(),
                    without_values(&error)
                );
                Ok(false)
            }
            // The machine's fault, not theirs.
            Err(error) => Err(error),
        }
    }

    async fn try_to_judge(&self, taken: &[Taken]) -> anyhow::Result<()> {
        let pool = &self.parts.store.monitor;
        let now = self.parts.clock.care_now();
        let Batch { rulebook, mut cases } = case::load(pool, self.rulebooks, self.memory, taken, now).await?;
        let hopeless =
            |patient: Uuid| taken.iter().any(|taken| taken.patient == patient && taken.attempts >= GIVE_UP_AT);
        for case in cases.iter_mut().filter(|case| hopeless(case.person.patient)) {
            case.problem.get_or_insert_with(|| "its judging never came to an end".to_owned());
        }
        if cases.iter().any(|case| case.clock_was_ahead) {
            let sentence = "The clock of this server, or of another one of the service, was ahead by more than two minutes. \
                            Everything is judged by the time it is now; see that the servers keep the right time.";
            let mut tx = pool.begin().await?;
            alert::open_operator(&mut tx, "a clock that was ahead", sentence, now).await?;
            tx.commit().await?;
        }
        let judged = evaluate::judge(rulebook.clone(), cases).await?;
        // Failed for good is written down like a judgement; failed for now is tried again.
        let (judged, failed): (Vec<Judged>, Vec<Judged>) =
            judged.into_iter().partition(|judged| judged.outcome.is_ok() || hopeless(judged.case.person.patient));
        let finished = evaluate::finish(pool, self.lease, &rulebook, &judged, now).await?;
        if !finished.start_over.is_empty() {
            judged::release(pool, self.lease, &finished.start_over, SignedDuration::ZERO, false).await?;
        }
        for signal in finished.signals {
            self.parts.signals.send(signal);
        }
        for Judged { case, outcome } in judged {
            if outcome.is_ok() {
                case.remember(self.memory);
            }
        }
        for Judged { case, outcome } in failed {
            if let (Some(taken), Err(why)) = (taken.iter().find(|taken| taken.patient == case.person.patient), outcome)
            {
                self.failed(taken, &why).await?;
            }
        }
        Ok(())
    }

    /// An attempt that counts: the patient is tried again after a pause that grows.
    async fn failed(&self, taken: &Taken, why: &str) -> anyhow::Result<()> {
        let pool = &self.parts.store.monitor;
        let pause = SignedDuration::from_secs(1 << taken.attempts.clamp(0, GIVE_UP_AT));
        tracing::error!(patient = %taken.patient, attempt = taken.attempts, "a patient could not be judged: {why}");
        judged::release(pool, self.lease, &[taken.patient], pause, true).await?;
        if taken.attempts > GIVE_UP_AT {
            // Not even giving up could be written down.
            let sentence =
                "Readings of a patient can be neither judged nor given to people; the log names the patient.";
            let now = self.parts.clock.care_now();
            let mut tx = pool.begin().await?;
            alert::open_operator(&mut tx, "a patient that cannot be judged", sentence, now).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// The database's and the decoder's own words may quote a value: its code, or what failed, must do.
fn without_values(error: &anyhow::Error) -> String {
    match error.downcast_ref::<sqlx::Error>() {
        Some(sqlx::Error::Database(error)) => {
            format!("the database answered {}", error.code().unwrap_or_else(|| "without a code".into()))
        }
        Some(sqlx::Error::ColumnDecode { index, .. }) => format!("what is stored in {index} cannot be read"),
        Some(sqlx::Error::Decode(_)) => "what is stored cannot be read".to_owned(),
        _ => format!("{error:#}"),
    }
}

/// Errors that come back however often the same data are tried.
fn is_about_data(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<sqlx::Error>() {
        // Class 22: data exceptions. Class 23: violated constraints.
        Some(sqlx::Error::Database(error)) => {
            error.code().is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
        }
        Some(sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Encode(_)) => true,
        _ => false,
    }
}
