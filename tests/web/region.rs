//! Two organisations with three teams, a patient with a high alert in each, and staff of every role.

use derwent::phone::Device;
use serde_json::{Value, json};

use super::world::{Browser, World, id};
use crate::harness::service::Service;

/// Of everybody but Dorothy.
pub const BORN: &str = "1950-01-02";

/// A patient of a team, the alert they have, and somebody who works there.
#[derive(Clone, Debug)]
pub struct Someone {
    pub team: String,
    pub patient: String,
    pub alert: String,
    pub reference: String,
    pub staff: String,
    /// Of that member of staff.
    pub session: String,
    pub device: String,
    pub carer: String,
    pub instrument_user: String,
    /// That told somebody of the alert.
    pub page: String,
}

/// Named by nobody.
pub fn nobody() -> Someone {
    let id = "019ab000-0000-7000-8000-000000000000".to_owned();
    Someone {
        team: id.clone(),
        patient: id.clone(),
        alert: id.clone(),
        reference: "A999999".to_owned(),
        staff: id.clone(),
        session: id.clone(),
        device: id.clone(),
        carer: id.clone(),
        instrument_user: id.clone(),
        page: id,
    }
}

pub struct Region {
    pub world: World,
    pub service: Service,
    /// Of the Belper team.
    pub own: Someone,
    /// Of the Alfreton team, which is of the same organisation.
    pub other_team: Someone,
    /// Of the Derby team, which is of another.
    pub other_organisation: Someone,
}

/// The members of the Belper team: one for each role, by e-mail address.
pub const BELPER: [(&str, &str); 4] = [
    ("co-ordinator", "ida@example.org"),
    ("clinician", "cleo@example.org"),
    ("administrator", "ada@example.org"),
    ("auditor", "max@example.org"),
];

impl Region {
    pub async fn new() -> Self {
        let world = World::new().await;
        world.staff_as("Cleo Park", "cleo@example.org", "clinician", Some(&world.team));
        world.staff_as("Ada Hall", "ada@example.org", "administrator", Some(&world.team));
        world.staff_as("Max Webb", "max@example.org", "auditor", Some(&world.team));
        let alfreton = team(&world, &world.organisation, "Alfreton team");
        world.staff("Nell Wood", "nell@example.org", &world.organisation, Some(&alfreton));
        let made = world.admin(&["organisation", "add", "--name", "Derby", "--time-zone", "Europe/London"]);
        let derby = id(&made, "organisation");
        let derby_team = team(&world, &derby, "Derby team");
        world.staff("Eve Stone", "eve@example.org", &derby, Some(&derby_team));
        let amir = patient(&world, &alfreton, "Amir", "Khan");
        let joan = patient(&world, &derby_team, "Joan", "Bell");
        for (patient, staff) in [(&world.dorothy, "ida"), (&amir, "nell"), (&joan, "eve")] {
            let staff = format!("{staff}@example.org");
            let told = ["reading", "--patient", patient, "--staff", &staff, "--vital", "blood_pressure"];
            world.admin(&[&told[..], &["--systolic", "230", "--diastolic", "120"]].concat());
        }
        let mut service = world.serve();
        service.step("2026-03-01T08:00:00Z");
        let own = someone(&world, &service, "tom@example.org", &world.team).await;
        let other_team = someone(&world, &service, "nell@example.org", &alfreton).await;
        let other_organisation = someone(&world, &service, "eve@example.org", &derby_team).await;
        Self { world, service, own, other_team, other_organisation }
    }

    pub async fn browser(&self, email: &str) -> Browser {
        Browser::signed_in(&self.service, email).await
    }
}

pub fn team(world: &World, organisation: &str, name: &str) -> String {
    let add = ["team", "add", "--organisation", organisation, "--name", name, "--phone", "01773 1"];
    id(&world.admin(&[&add[..], &["--cover", "all-day"]].concat()), "team")
}

/// With a hypertension plan.
pub fn patient(world: &World, team: &str, given_name: &str, family_name: &str) -> String {
    let add = ["patient", "add", "--team", team, "--given-name", given_name, "--family-name", family_name];
    let plan = ["--born", BORN, "--pack", "hypertension", "--tag", "pregnant=no", "--slot", "blood_pressure@08:00"];
    id(&world.admin(&[&add[..], &plan[..]].concat()), "patient")
}

/// The one person on this member of staff's worklist, with a phone, a carer and a number on an instrument.
async fn someone(world: &World, service: &Service, email: &str, team: &str) -> Someone {
    let browser = Browser::signed_in(service, email).await;
    let row: Value = browser.read("/api/worklist").await["rows"][0].clone();
    let patient = id(&row["patient"], "patient");
    let born = browser.read(&format!("/api/patients/{patient}")).await["date_of_birth"].as_str().unwrap().to_owned();
    let code = id(&world.admin(&["code", "new", "--patient", &patient]), "code");
    let client = reqwest::Client::new();
    let device = Device::enrol(&client, &service.origin, &code, born.parse().unwrap(), "a phone").await.unwrap();
    let of_patient = format!("/api/patients/{patient}");
    let carer = json!({ "name": "Joan Bell", "date_of_birth": "1961-04-30", "how": "in person", "sees_record": false });
    let (status, phones) = browser.post(&format!("{of_patient}/carers"), carer).await;
    assert!(status.is_success(), "{phones}");
    let number = json!({ "serial": patient, "user": 1 });
    let (status, phones) = browser.post(&format!("{of_patient}/instruments"), number).await;
    assert!(status.is_success(), "{phones}");
    let alert = id(&row["alert"], "alert");
    let pages = browser.read(&format!("/api/alerts/{alert}/pages")).await;
    Someone {
        team: team.to_owned(),
        page: id(&pages["pages"][0], "page"),
        alert,
        reference: id(&row["alert"], "reference"),
        staff: id(&browser.read("/api/me").await, "staff"),
        session: id(&browser.read("/api/me/sessions").await["sessions"][0], "session"),
        device: device.id.to_string(),
        carer: id(&phones["carers"][0]["carer"], "carer"),
        instrument_user: id(&phones["instruments"][0], "instrument_user"),
        patient,
    }
}
