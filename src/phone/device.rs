//! A phone that has enrolled: who it is, and how it proves that.

use anyhow::{Context, bail};
use jiff::civil::Date;
use mobile_api::http::{DeviceDescription, EnrolRequest, Enrolled, EnrolledPerson, HttpRefused};
use uuid::Uuid;

use super::key::Key;
use super::socket::Route;

/// An enrolled phone. Clone it, and two phones with one identity quarrel over the connection, as they would outside.
#[derive(Debug, Clone)]
pub struct Device {
    /// `http://localhost:8080`: what the service calls itself, and what each proof is meant for.
    pub origin: String,
    pub id: Uuid,
    pub people: Vec<EnrolledPerson>,
    pub key: Key,
    pub route: Option<Route>,
}

impl Device {
    /// Makes a key and exchanges an enrolment code for an identity.
    pub async fn enrol(
        http: &reqwest::Client,
        origin: &str,
        code: &str,
        born: Date,
        name: &str,
    ) -> anyhow::Result<Self> {
        let key = Key::generate()?;
        let request = EnrolRequest {
            code: code.to_owned(),
            date_of_birth: born,
            device: DeviceDescription {
                name: name.to_owned(),
                platform: "derwent".into(),
                app_version: env!("CARGO_PKG_VERSION").into(),
            },
            public_key: key.public().clone(),
        };
        let answer = http
            .post(format!("{origin}/mobile/v1/enrol"))
            .json(&request)
            .send()
            .await
            .with_context(|| format!("could not reach {origin} to enrol"))?;
        let status = answer.status();
        if !status.is_success() {
            match answer.json::<HttpRefused>().await {
                Ok(HttpRefused { refusal }) => bail!("enrolment refused ({}): {}", refusal.reason, refusal.detail),
                Err(_) => bail!("enrolment failed: the service answered {status}"),
            }
        }
        let enrolled: Enrolled = answer.json().await.context("the answer to the enrolment cannot be read")?;
        Ok(Self { origin: origin.to_owned(), id: enrolled.device_id, people: enrolled.people, key, route: None })
    }
}
