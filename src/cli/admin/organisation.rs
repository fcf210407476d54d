//! `derwent admin organisation`

use anyhow::Context;
use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Desk, Done, lines, parse};
use crate::random;
use crate::store::audit::Act;
use crate::store::organisation::{self, Organisation};
use crate::store::provider;

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
    /// Let an organisation's staff sign in at its own OpenID provider; a client secret goes into DERWENT_PROVIDER_SECRETS
    Provider {
        #[arg(long)]
        organisation: Uuid,
        /// As the provider calls itself
        #[arg(long)]
        issuer: String,
        /// What it calls us; it must send people back to ORIGIN/staff/provider
        #[arg(long)]
        client_id: String,
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
            Self::Provider { organisation, issuer, client_id } => {
                let mut db = desk.store.owner.begin().await?;
                let known = organisation::get(&mut db, organisation).await?.with_context(|| {
                    format!("there is no organisation {organisation}; `derwent admin organisation list` shows them")
                })?;
                provider::set(&mut db, organisation, &issuer, &client_id).await?;
                let detail = json!({ "issuer": issuer, "client_id": client_id });
                desk.record(&mut db, organisation, None, Act::OrganisationChanged, detail).await?;
                db.commit().await?;
                Ok(Done { text: line(&known), json: value(&known) })
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
