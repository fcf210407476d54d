//! Opening a record that one's teams do not look after.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::Person;

/// `POST /api/break-glass/find`: the whole family name and the day of birth, of a patient of one's own organisation.
#[derive(Clone, Serialize, Deserialize, TS, JsonSchema)]
pub struct FindPerson {
    pub family_name: String,
    pub date_of_birth: Date,
}

impl std::fmt::Debug for FindPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FindPerson").finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct FoundPeople {
    pub people: Vec<FoundPerson>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct FoundPerson {
    pub patient: Uuid,
    pub given_name: String,
    pub family_name: String,
    pub date_of_birth: Date,
    /// The team that looks after this person.
    pub team: String,
}

/// `POST /api/patients/{id}/break-glass`. The patient can read the reason.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct BreakGlass {
    #[schemars(length(min = 10, max = 500))]
    pub reason: String,
}

/// On the patient's page: somebody opened the record although their teams do not look after the person.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct BrokenGlass {
    pub by: Person,
    pub reason: String,
    /// Machine time.
    pub at: Timestamp,
    pub until: Timestamp,
    /// It has not ended.
    pub open: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct GlassBroken {
    /// The record is open to whoever opened it until then.
    pub until: Timestamp,
}
