//! `derwent admin carer`

use anyhow::Context;
use clap::Subcommand;
use jiff::civil::Date;
use serde_json::json;
use uuid::Uuid;

use super::{Desk, Done};
use crate::random;
use crate::store::audit::Act;
use crate::store::carer::{self, Carer};
use crate::store::organisation;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Add somebody who submits for others
    Add {
        #[arg(long)]
        organisation: Uuid,
        #[arg(long)]
        name: String,
        /// Date of birth, asked for when the phone is enrolled: 1961-04-30
        #[arg(long)]
        born: Date,
    },
}

impl Command {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        let Self::Add { organisation, name, born } = self;
        let mut db = desk.store.owner.begin().await?;
        organisation::get(&mut db, organisation).await?.with_context(|| {
            format!("there is no organisation {organisation}; `derwent admin organisation list` shows them")
        })?;
        let new = Carer { carer: random::new_id(), organisation, name, date_of_birth: born };
        carer::insert(&mut db, &new).await?;
        desk.record(&mut db, organisation, None, Act::CarerAdded, json!({ "carer": new.carer })).await?;
        db.commit().await?;
        Ok(Done {
            text: format!("carer {}  {}", new.carer, new.name),
            json: json!({ "carer": new.carer, "organisation": organisation, "name": new.name }),
        })
    }
}
