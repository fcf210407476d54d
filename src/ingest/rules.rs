//! The rules in force as phones need them: their plans, and every questionnaire that was ever put before somebody.
//!
//! Which rulebook is in force is asked of the database (many sockets together); it is read only when another one is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use alert_rules::Rulebook;
use alert_rules::questionnaire::Questionnaire;
use sqlx::PgPool;

use super::accept::Asked;
use super::lookups::Lookups;
use super::plan::Plans;
use super::together::NoAnswer;
use crate::store::rulebook;

/// A rulebook as phones need it.
#[derive(Debug)]
pub struct Known {
    pub hash: [u8; 32],
    pub plans: Plans,
    /// Of this rulebook and all before it, each name with all its versions, the newest rulebook's first. A phone may answer days
    /// after it was shown the questions.
    questionnaires: Vec<Questionnaire>,
}

impl Known {
    pub fn asked(&self, reference: &str) -> Asked<'_> {
        Asked::among(self.questionnaires.iter(), reference)
    }
}

#[derive(Debug)]
pub struct Rules {
    pool: PgPool,
    known: Mutex<Arc<Known>>,
    /// Held by the one who reads another rulebook; the others wait for it.
    reading: tokio::sync::Mutex<()>,
}

impl Rules {
    pub async fn start(pool: &PgPool, in_force: &Rulebook) -> sqlx::Result<Self> {
        let known = Known {
            hash: in_force.hash(),
            plans: Plans::of_rulebook(in_force),
            questionnaires: ever_asked(pool).await?,
        };
        Ok(Self { pool: pool.clone(), known: Mutex::new(Arc::new(known)), reading: tokio::sync::Mutex::default() })
    }

    /// What was read last.
    pub fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is in force now. One that this version cannot read changes no plan: the monitor tells the operator of it.
    pub async fn in_force(&self, lookups: &Lookups) -> Result<Arc<Known>, NoAnswer> {
        let hash = lookups.rulebook.ask(()).await?;
        if self.known().hash == hash {
            return Ok(self.known());
        }
        let _reading = self.reading.lock().await;
        if self.known().hash != hash {
            let fresh = Arc::new(self.read(hash).await?);
            *self.known.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        Ok(self.known())
    }

    async fn read(&self, hash: [u8; 32]) -> sqlx::Result<Known> {
        let files: BTreeMap<String, String> = rulebook::files(&self.pool, hash).await?;
        let questionnaires = ever_asked(&self.pool).await?;
        let plans = match Rulebook::from_files(files) {
            Ok(rulebook) => Plans::of_rulebook(&rulebook),
            Err(problems) => {
                tracing::error!(
                    problems = problems.len(),
                    "phones keep the plans they had: the rulebook in force cannot be read"
                );
                self.known().plans.clone()
            }
        };
        Ok(Known { hash, plans, questionnaires })
    }
}

/// One that only an older version could read is left out: its answers are taken as they are.
async fn ever_asked(pool: &PgPool) -> sqlx::Result<Vec<Questionnaire>> {
    let files = rulebook::questionnaires(&mut *pool.acquire().await?).await?;
    Ok(files.iter().filter_map(|(path, text)| Questionnaire::read(path, text).ok()).collect())
}
