//! `derwent admin first-run`: the first organisation and its first administrator, by whoever can reach the database. No page of
//! the service makes an administrator of whoever comes first.

use clap::Args;
use serde_json::json;

use super::staff::{self, Door};
use super::{Desk, Done, parse};
use crate::random;
use crate::store::audit::Act;
use crate::store::organisation::{self, Organisation};
use crate::store::staff::Staff;
use crate::web::invite::{self, By};

#[derive(Args, Debug)]
pub struct FirstRun {
    /// The organisation's name
    #[arg(long)]
    organisation: String,
    /// IANA name; rosters, cover and staff pages follow it
    #[arg(long, value_parser = parse::time_zone)]
    time_zone: String,
    /// The administrator's name
    #[arg(long)]
    name: String,
    /// The administrator's e-mail address
    #[arg(long)]
    email: String,
    #[command(flatten)]
    door: Door,
}

impl FirstRun {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        let new = Organisation { organisation: random::new_id(), name: self.organisation, time_zone: self.time_zone };
        let administrator = Staff {
            staff: random::new_id(),
            organisation: new.organisation,
            name: self.name,
            email: self.email,
            role: "administrator".into(),
            profession: "administrator".into(),
        };
        let mut db = desk.store.owner.begin().await?;
        organisation::insert(&mut db, &new).await?;
        let now = desk.clock.machine_now();
        let administrator = staff::insert(&mut db, administrator, now).await?;
        let token = invite::make(&mut db, administrator.staff, now, By::Hand).await?;
        let detail = json!({ "staff": administrator.staff });
        desk.record(&mut db, new.organisation, None, Act::OrganisationMade, detail).await?;
        db.commit().await?;
        Ok(staff::told(&administrator, Some(&self.door.link(&token))))
    }
}
