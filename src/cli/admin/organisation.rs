//! `derwent admin organisation`

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Desk, Done, lines, parse};
use crate::random;
use crate::store::audit::Act;
use crate::store::organisation::{self, Organisation};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make an organisation
    Add {
        #[arg(long)]
        name: String,
        /// IANA name; rosters, cover and staff pages follow it
        #[arg(long, value_parser = parse::time_zone)]
        time_zone: String,
    },
    /// List the organisations
    List,
}

impl Command {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        match self {
            Self::Add { name, time_zone } => {
                let new = Organisation { organisation: random::new_id(), name, time_zone };
                let mut db = desk.store.owner.begin().await?;
                organisation::insert(&mut db, &new).await?;
                desk.record(&mut db, new.organisation, None, Act::OrganisationMade, json!({})).await?;
                db.commit().await?;
                Ok(Done { text: line(&new), json: value(&new) })
            }
            Self::List => {
                let all = organisation::list(&mut *desk.store.owner.acquire().await?).await?;
                Ok(Done {
                    text: lines(all.iter().map(line), "There is no organisation yet."),
                    json: json!({ "organisations": all.iter().map(value).collect::<Vec<_>>() }),
                })
            }
        }
    }
}

fn line(of: &Organisation) -> String {
    format!("organisation {}  {} ({})", of.organisation, of.name, of.time_zone)
}

fn value(of: &Organisation) -> Value {
    json!({ "organisation": of.organisation, "name": of.name, "time_zone": of.time_zone })
}
