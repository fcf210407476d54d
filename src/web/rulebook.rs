//! The rulebook in force, read once and then only when a newer one was published.

use std::sync::{Arc, Mutex, PoisonError};

use alert_rules::Rulebook;

use super::failure::{Answer, Failure};
use crate::store::{self, Store};

#[derive(Debug, Default)]
pub struct Cache(Mutex<Option<([u8; 32], Arc<Rulebook>)>>);

impl Cache {
    /// Before the first was published, the built-in one.
    pub async fn in_force(&self, store: &Store) -> Answer<Arc<Rulebook>> {
        let mut db = store.web.acquire().await?;
        let Some(hash) = store::rulebook::in_force(&mut db).await? else { return Ok(Arc::new(Rulebook::built_in())) };
        if let Some((held, rulebook)) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner)
            && *held == hash
        {
            return Ok(Arc::clone(rulebook));
        }
        let files = store::rulebook::files(&store.web, hash).await?;
        let rulebook = Rulebook::from_files(files).map_err(|problems| {
            tracing::error!(
                problems = problems.len(),
                "the rulebook in force cannot be read by this version of the service"
            );
            Failure::internal()
        })?;
        let rulebook = Arc::new(rulebook.knowing(&store::rulebook::questionnaires(&mut db).await?));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((hash, Arc::clone(&rulebook)));
        Ok(rulebook)
    }
}
