//! Teams as far as paging is concerned: cover, shifts, members. Who is on duty is decided in `crate::roster`.

use std::collections::BTreeSet;

use alert_rules::escalation::{Cover, Duty, Policies, policy};
use jiff::civil::Time;
use jiff::tz::TimeZone;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::roster::{Hours, Member, Roster, Shift};
use crate::secret::Secret;

/// The rosters of these teams, and after them those of the other teams that their policies name; without whoever was deactivated: a page to them would reach nobody who can answer. A team that does not
/// exist is left out.
pub async fn load(db: &mut PgConnection, teams: &[Uuid]) -> Result<Vec<Roster>, sqlx::Error> {
    let mut rosters = of(db, teams).await?;
    let names: BTreeSet<&str> = rosters.iter().flat_map(|roster| roster.policies.teams()).collect();
    if !names.is_empty() {
        let others: Vec<Uuid> = sqlx::query_scalar(
            "SELECT team FROM team
             WHERE name = ANY($1) AND team <> ALL($2)
                   AND organisation IN (SELECT organisation FROM team AS own WHERE own.team = ANY($2))",
        )
        .bind(Vec::from_iter(names))
        .bind(teams)
        .fetch_all(&mut *db)
        .await?;
        let others = of(db, &others).await?;
        rosters.extend(others);
    }
    Ok(rosters)
}

async fn of(db: &mut PgConnection, teams: &[Uuid]) -> Result<Vec<Roster>, sqlx::Error> {
    let mut rosters = Vec::new();
    let rows = sqlx::query(
        "SELECT team.team, team.name, team.cover_from, team.cover_until, organisation.time_zone, policy.content AS policy
         FROM team JOIN organisation USING (organisation) LEFT JOIN policy USING (team) WHERE team.team = ANY($1)",
    )
    .bind(teams)
    .fetch_all(&mut *db)
    .await?;
    for row in rows {
        let zone: String = row.try_get("time_zone")?;
        rosters.push(Roster {
            team: row.try_get("team")?,
            team_name: row.try_get("name")?,
            cover: Cover {
                from: row.try_get::<jiff_sqlx::Time, _>("cover_from")?.to_jiff(),
                until: row.try_get::<jiff_sqlx::Time, _>("cover_until")?.to_jiff(),
                zone: TimeZone::get(&zone).map_err(|error| sqlx::Error::Decode(error.into()))?,
            },
            shifts: Vec::new(),
            members: Vec::new(),
            policies: policies(row.try_get("policy")?)?,
        });
    }

    let rows = sqlx::query(
        "SELECT roster.team, roster.shift_from, roster.shift_until, staff.staff, staff.name, staff.email, staff.role, staff.pager_key
         FROM roster JOIN staff USING (staff) WHERE roster.team = ANY($1) AND staff.deactivated_at IS NULL
         ORDER BY roster.team, roster.position",
    )
    .bind(teams)
    .fetch_all(&mut *db)
    .await?;
    for row in rows {
        let hours = Hours {
            from: row.try_get::<jiff_sqlx::Time, _>("shift_from")?.to_jiff(),
            until: row.try_get::<jiff_sqlx::Time, _>("shift_until")?.to_jiff(),
        };
        let shift = Shift { hours, member: member(&row)? };
        of_team(&mut rosters, row.try_get("team")?, |roster| roster.shifts.push(shift));
    }

    let rows = sqlx::query(
        "SELECT team_member.team, staff.staff, staff.name, staff.email, staff.role, staff.pager_key
         FROM team_member JOIN staff USING (staff) WHERE team_member.team = ANY($1) AND staff.deactivated_at IS NULL
         ORDER BY team_member.team, staff.name",
    )
    .bind(teams)
    .fetch_all(db)
    .await?;
    for row in rows {
        let member = member(&row)?;
        of_team(&mut rosters, row.try_get("team")?, |roster| roster.members.push(member));
    }
    Ok(rosters)
}

/// Who there is to be told for this team's alerts.
pub async fn duty(db: &mut PgConnection, team: Option<Uuid>) -> Result<Duty, sqlx::Error> {
    let rosters = match team {
        Some(team) => load(db, &[team]).await?,
        None => Vec::new(),
    };
    Ok(rosters.first().map_or_else(nobody, Roster::duty))
}

/// As they were when they were set, and read then.
fn policies(content: Option<String>) -> Result<Policies, sqlx::Error> {
    let Some(content) = content else { return Ok(Policies::standard()) };
    let refused = |_| sqlx::Error::Decode("the policy of a team cannot be read by this version of the service".into());
    policy::read("policy", &content).map_err(refused)
}

/// Cover at any hour by nobody, which is itself something the operator hears of.
pub fn nobody() -> Duty {
    Duty {
        cover: Cover { from: Time::midnight(), until: Time::midnight(), zone: TimeZone::UTC },
        people: 0,
        policies: Policies::standard(),
    }
}

fn of_team(rosters: &mut [Roster], team: Uuid, add: impl FnOnce(&mut Roster)) {
    if let Some(roster) = rosters.iter_mut().find(|roster| roster.team == team) {
        add(roster);
    }
}

fn member(row: &sqlx::postgres::PgRow) -> Result<Member, sqlx::Error> {
    Ok(Member {
        staff: row.try_get("staff")?,
        name: row.try_get("name")?,
        email: row.try_get("email")?,
        role: row.try_get("role")?,
        pager_key: row.try_get::<Option<String>, _>("pager_key")?.map(Secret::from),
    })
}
