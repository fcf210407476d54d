//! The rulebook in force, read once and then only when a newer one was published.

use std::sync::{Arc, Mutex, PoisonError};

use alert_rules::Rulebook;
use sqlx::PgConnection;

use super::failure::{Answer, Failure};
use crate::store;

#[derive(Debug, Default)]
pub struct Cache(Mutex<Option<(i64, Arc<Rulebook>)>>);

impl Cache {
    pub async fn in_force(&self, db: &mut PgConnection) -> Answer<Arc<Rulebook>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let known = held.as_ref().map_or(0, |(number, _)| *number);
        let Some((number, files)) = store::rulebook_in_force::newer_than(db, known).await? else {
            return Ok(held.map_or_else(|| Arc::new(Rulebook::built_in()), |(_, rulebook)| rulebook));
        };
        let rulebook = Rulebook::from_files(files).map_err(|problems| {
            tracing::error!(
                problems = problems.len(),
                "the rulebook in force cannot be read by this version of the service"
            );
            Failure::internal()
        })?;
        let rulebook = Arc::new(rulebook);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((number, Arc::clone(&rulebook)));
        Ok(rulebook)
    }
}
