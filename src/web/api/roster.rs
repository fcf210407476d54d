//! The roster page and one's calendar.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{OnDuty, Person, Priority, Team};

/// `GET /api/teams/{team}/roster`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct RosterPage {
    /// Care time.
    pub now: Timestamp,
    pub team: Team,
    /// The team's: hours are meant in it.
    pub time_zone: String,
    /// One's role may change it, and one works in the team.
    pub may_change: bool,
    /// As in `mon-fri 08:00-18:00`.
    pub cover: Vec<String>,
    /// A bank holiday of England and Wales is a day of its own, with the hours of `bank`.
    pub keeps_bank_holidays: bool,
    /// The last year whose bank holidays are known.
    pub bank_holidays_until: i16,
    pub outside: Vec<OutsideCover>,
    /// Who is on duty now, each with the end of that, in the order in which they are paged.
    pub on_duty: Vec<OnDuty>,
    /// Cover is declared for now.
    pub covered: bool,
    /// When who is on duty changes next, and to whom.
    pub next: Option<RosterStretch>,
    /// Today and the next two weeks.
    pub days: Vec<RosterDay>,
    /// Within cover nobody is on duty, from now through two weeks.
    pub holes: Vec<RosterStretch>,
    /// When somebody went on or off duty last, or cover began or ended.
    pub changed_at: Option<Timestamp>,
    /// In the order in which people are paged.
    pub shifts: Vec<RosterShift>,
    /// Not over yet, newest first.
    pub stand_ins: Vec<StandIn>,
    pub leave: Vec<Leave>,
    /// Who may stand on this roster, by name.
    pub people: Vec<Person>,
    /// Teams of the organisation that may take what comes outside cover.
    pub takers: Vec<Team>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct RosterDay {
    /// On the team's calendar.
    pub day: Date,
    /// And it is a day of its own for this team.
    pub bank_holiday: bool,
    /// Without a gap.
    pub stretches: Vec<RosterStretch>,
}

/// What happens to alerts of this priority outside cover.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct OutsideCover {
    pub priority: Priority,
    /// null: they wait until cover opens.
    pub taken_by: Option<Team>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct RosterStretch {
    pub from: Timestamp,
    pub until: Timestamp,
    /// Cover is declared. With nobody on duty it is a hole.
    pub covered: bool,
    /// In the order in which they are paged.
    pub people: Vec<Person>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct RosterShift {
    pub staff: Uuid,
    pub name: String,
    /// As in `mon-fri 08:00-16:00`.
    pub hours: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct StandIn {
    pub stand_in: Uuid,
    pub who: Person,
    /// null: beside whoever is there.
    pub instead_of: Option<Person>,
    pub from: Timestamp,
    pub until: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Leave {
    pub leave: Uuid,
    pub who: Person,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// `POST /api/teams/{team}/roster/stand-ins`: answered with `RosterPage`, as every change.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct NewStandIn {
    pub staff: Uuid,
    #[serde(default)]
    pub instead_of: Option<Uuid>,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// `POST /api/teams/{team}/roster/stand-ins/end`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct EndStandIn {
    pub stand_in: Uuid,
}

/// `POST /api/teams/{team}/roster/leave`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct NewLeave {
    pub staff: Uuid,
    /// The first day away, on the team's calendar.
    pub from: Date,
    /// The first day back.
    pub until: Date,
}

/// `POST /api/teams/{team}/roster/leave/end`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct EndLeave {
    pub staff: Uuid,
    pub leave: Uuid,
}

/// `PUT /api/teams/{team}/roster/shifts`: in the order in which people are paged.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct SetShifts {
    pub shifts: Vec<NewShift>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct NewShift {
    pub staff: Uuid,
    /// As in `mon-fri 08:00-16:00`.
    pub hours: String,
}

/// `PUT /api/teams/{team}/roster/cover`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct DeclareCover {
    /// As in `mon-fri 08:00-18:00`, `sat,bank 09:00-12:00`.
    pub hours: Vec<String>,
    pub keeps_bank_holidays: bool,
    /// Other teams take these outside cover; what is not here waits.
    #[serde(default)]
    pub outside: BTreeMap<Priority, Uuid>,
}

/// `GET /api/teams/{team}/policy`: by what the team's alerts escalate. Answer of every change, too.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct PolicyPage {
    /// As it was written (TOML).
    pub content: String,
    /// Not: the standard one.
    pub own: bool,
    pub words: Vec<PolicyWords>,
    /// To begin with.
    pub presets: Vec<PolicyPreset>,
}

/// Of a priority, and perhaps a kind.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct PolicyWords {
    pub title: String,
    pub steps: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct PolicyPreset {
    pub name: String,
    pub content: String,
}

/// `PUT /api/teams/{team}/policy`: in place of the one before. What cannot be read is refused as `Line 7: …`, a line for each.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct SetPolicy {
    pub content: String,
}

/// `GET /api/me/calendar`
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Calendar {
    /// null: there is no address.
    pub made_at: Option<Timestamp>,
}

/// `POST /api/me/calendar`: shown this once. The address before it is no more.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct NewCalendar {
    pub address: String,
}
