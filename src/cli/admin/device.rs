//! `derwent admin device`

use anyhow::Context;
use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

use super::{Desk, Done, lines, patient};
use crate::signal::Signal;
use crate::store::audit::Act;
use crate::store::{self, arrival, device};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// List the devices that may submit for a patient
    List {
        #[arg(long)]
        patient: Uuid,
    },
    /// Revoke a device: its connection is closed and it is let in no more
    Revoke {
        #[arg(long)]
        device: Uuid,
        /// The reason, for the record: lost, stolen, broken
        #[arg(long)]
        why: String,
    },
}

impl Command {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        match self {
            Self::List { patient } => {
                let mut db = desk.store.owner.begin().await?;
                let known = patient::known(&mut db, patient).await?;
                let all = store::patient::devices(&mut db, patient).await?;
                desk.record(&mut db, known.organisation, Some(patient), Act::DevicesListed, json!({})).await?;
                db.commit().await?;
                let text = all.iter().map(|device| {
                    let state = if device.revoked_at.is_some() { "revoked" } else { "in use" };
                    format!("device {}  {} ({}), {state}", device.device, device.name, device.platform)
                });
                let json: Vec<_> = all
                    .iter()
                    .map(|device| {
                        json!({
                            "device": device.device, "name": device.name, "platform": device.platform,
                            "enrolled_at": device.enrolled_at, "revoked_at": device.revoked_at,
                        })
                    })
                    .collect();
                Ok(Done { text: lines(text, "No device yet."), json: json!({ "devices": json }) })
            }
            Self::Revoke { device, why } => {
                let mut db = desk.store.owner.begin().await?;
                let organisation = device::organisation(&mut db, device).await?;
                let organisation = organisation.with_context(|| {
                    format!("there is no device {device}; `derwent admin device list --patient …` shows them")
                })?;
                if device::revoke(&mut db, device, &why, desk.clock.machine_now()).await? {
                    let people = device::patients(&mut db, device).await?;
                    arrival::phone_gone(&mut db, &people, desk.clock.care_now()).await?;
                }
                desk.record(&mut db, organisation, None, Act::DeviceRevoked, json!({ "device": device, "why": why }))
                    .await?;
                db.commit().await?;
                desk.signals.send(Signal::Revoked { device });
                desk.signals.send(Signal::Arrived);
                Ok(Done {
                    text: format!("device {device} is revoked"),
                    json: json!({ "device": device, "revoked": true }),
                })
            }
        }
    }
}
