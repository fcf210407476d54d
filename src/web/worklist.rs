//! The worklist of one's teams, one row a person.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::api::{Away, Counts, OnDuty, PatientHead, Person, TeamNow, Worklist, WorklistRow};
use super::extract::Query;
use super::failure::Answer;
use super::session::SignedIn;
use super::{Web, alerts, me, reach, words};
use crate::roster::{AHEAD, Roster};
use crate::store::audit::{self, Act};
use crate::store::{self, alert_seen, reading_seen};

/// An outage of ours is on the list for so long after it.
const AWAY_SHOWN: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Deserialize, JsonSchema)]
pub struct Asked {
    team: Option<Uuid>,
}

pub async fn worklist(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Query(asked): Query<Asked>,
) -> Answer<Json<Worklist>> {
    let now = web.parts.clock.care_now();
    let mut db = web.transaction(&who).await?;
    let mut teams = reach::teams(&mut db, &who).await?;
    if let Some(wanted) = asked.team {
        teams.retain(|team| team.team == wanted);
        if teams.is_empty() {
            let refused = who.did(Act::RecordRefused, web.parts.clock.machine_now()).detail(json!({ "team": wanted }));
            return Err(reach::refuse(db, &refused).await?);
        }
    }
    let ids: Vec<Uuid> = teams.iter().map(|team| team.team).collect();
    let rosters = store::roster::load(&mut db, &ids, now).await?;
    let counts = counts(&alert_seen::counts(&mut db, &ids).await?);
    let work = alert_seen::worklist(&mut db, &ids).await?;
    let patients: Vec<Uuid> = work.iter().map(|row| row.alert.patient).collect();
    let newest = reading_seen::newest(&mut db, &patients, now).await?;
    let away = store::service_gap::since(&mut db, now - AWAY_SHOWN).await?;
    let look = who.did(Act::WorklistRead, web.parts.clock.machine_now()).detail(json!({ "teams": ids }));
    audit::write_look(&mut db, &look).await?;
    db.commit().await?;
    let rows = work
        .into_iter()
        .map(|row| WorklistRow {
            patient: PatientHead {
                patient: row.alert.patient,
                age: words::age(row.date_of_birth, now, &words::zone(&row.time_zone)),
                given_name: row.given_name,
                family_name: row.family_name,
                lives_alone: row.lives_alone,
            },
            team: row.team,
            last_reading: newest.get(&row.alert.patient).map(words::last_reading),
            more: u32::try_from(row.more).unwrap_or(u32::MAX),
            alert: alerts::head(row.alert),
        })
        .collect();
    let teams = teams.into_iter().map(|team| {
        let roster = rosters.iter().find(|roster| roster.team == team.team);
        let (on_duty, next) = roster.map_or((None, None), |roster| duty(roster, now));
        TeamNow { team: me::team(team), on_duty, next }
    });
    let away = away.into_iter().map(|gap| Away { from: gap.from, until: gap.until }).collect();
    Ok(Json(Worklist { now, teams: teams.collect(), counts, away, rows }))
}

fn counts(by_priority: &[(String, i64)]) -> Counts {
    let of = |name: &str| {
        let found = by_priority.iter().find(|(priority, _)| priority == name);
        found.map_or(0, |(_, count)| u32::try_from(*count).unwrap_or(u32::MAX))
    };
    Counts { high: of("high"), medium: of("medium"), low: of("low") }
}

/// Who has the shift and until when; who is paged after them.
fn duty(roster: &Roster, now: Timestamp) -> (Option<OnDuty>, Option<Person>) {
    let Some(first) = roster.on_duty(now).first().copied() else { return (None, None) };
    let next = roster.order(now).get(1).map(|next| Person { staff: next.staff, name: next.name.clone() });
    let until = roster.first_until(now, now + AHEAD);
    (Some(OnDuty { staff: first.staff, name: first.name.clone(), until }), next)
}
