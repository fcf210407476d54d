//! `derwent admin code`

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Desk, Done, patient};
use crate::store::audit::Act;
use crate::store::enrolment_code::{self, Made, NewCode, Whose};
use crate::store::{carer, device};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make an enrolment code: for a patient's own phone, or for a carer's with the people they submit for
    New(New),
}

#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("whose").required(true))]
pub struct New {
    /// The patient whose own phone it will be
    #[arg(long, group = "whose")]
    patient: Option<Uuid>,
    /// The carer whose phone it will be
    #[arg(long, group = "whose", requires = "people")]
    carer: Option<Uuid>,
    /// A person the device may submit for; may be given several times
    #[arg(long = "for", id = "people")]
    people: Vec<Uuid>,
    /// The device that is revoked when this code is used (a new phone in place of the old)
    #[arg(long)]
    replaces: Option<Uuid>,
}

impl Command {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        let Self::New(new) = self;
        let mut db = desk.store.owner.begin().await?;
        let (organisation, whose) = match (new.patient, new.carer) {
            (Some(id), _) => (patient::known(&mut db, id).await?.organisation, Whose::Patient(id)),
            (None, Some(id)) => {
                let carer = carer::get(&mut db, id).await?;
                (
                    carer
                        .with_context(|| format!("there is no carer {id}; make one with `derwent admin carer add`"))?
                        .organisation,
                    Whose::Carer(id),
                )
            }
            (None, None) => bail!("say whose phone it is, with --patient or --carer"),
        };
        for person in &new.people {
            if patient::known(&mut db, *person).await?.organisation != organisation {
                bail!("{person} belongs to another organisation; a device submits for people of one only");
            }
        }
        if let Some(old) = new.replaces {
            let of_ours = device::organisation(&mut db, old).await? == Some(organisation);
            if !of_ours {
                bail!(
                    "there is no device {old} in this organisation; `derwent admin device list --patient …` shows them"
                );
            }
        }
        let code = NewCode { organisation, whose, people: &new.people, replaces: new.replaces, made_by: &desk.made_by };
        let made = make(desk, &mut db, &code).await?;
        db.commit().await?;
        Ok(Done {
            text: text(&made),
            json: json!({ "code": made.code, "ends_at": made.ends_at, "patient": new.patient, "carer": new.carer, "for": new.people }),
        })
    }
}

/// Also for `patient add --code`.
pub async fn make(desk: &Desk, db: &mut PgConnection, new: &NewCode<'_>) -> anyhow::Result<Made> {
    let made = enrolment_code::make(db, new, desk.clock.machine_now()).await?;
    let patient = match new.whose {
        Whose::Patient(patient) => Some(patient),
        Whose::Carer(_) => None,
    };
    desk.record(db, new.organisation, patient, Act::CodeMade, json!({ "replaces": new.replaces })).await?;
    Ok(made)
}

pub fn text(made: &Made) -> String {
    format!(
        "code {}  (for one phone, until {}; shown this once)",
        made.code,
        made.ends_at.strftime("%-d %B %Y %H:%M UTC")
    )
}
