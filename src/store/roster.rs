//! Teams as far as paging is concerned: cover, shifts, overrides, leave, members. Who is on duty is decided in `crate::roster`;
//! `roster_change.rs` changes what is read here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use alert_rules::Priority;
use alert_rules::escalation::{Calendar, Cover, Days, Duty, Hours, Policies, Weekly, policy};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use jiff_sqlx::ToSqlx;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::roster::{Leave, Member, Override, Roster, Shift};

/// The rosters of these teams, of those that take something outside their cover, and of those that their policies name. Without whoever was deactivated: a page to
/// them would reach nobody who can answer. Without overrides and leave that were over before `since` (care time). A team that does
/// not exist is left out.
pub async fn load(db: &mut PgConnection, teams: &[Uuid], since: Timestamp) -> Result<Vec<Roster>, sqlx::Error> {
    if teams.is_empty() {
        return Ok(Vec::new());
    }
    let taken: Vec<(Uuid, String, Uuid)> =
        sqlx::query_as("SELECT team, priority, taken_by FROM team_outside WHERE team = ANY($1)")
            .bind(teams)
            .fetch_all(&mut *db)
            .await?;
    let all: BTreeSet<Uuid> = teams.iter().copied().chain(taken.iter().map(|(.., taken_by)| *taken_by)).collect();
    let mut teams: Vec<Uuid> = all.into_iter().collect();
    let mut rosters = of_teams(db, &teams).await?;
    let names: BTreeSet<&str> = rosters.iter().flat_map(|roster| roster.policies.teams()).collect();
    if !names.is_empty() {
        let named: Vec<Uuid> = sqlx::query_scalar(
            "SELECT team FROM team
             WHERE name = ANY($1) AND team <> ALL($2)
                   AND organisation IN (SELECT organisation FROM team AS own WHERE own.team = ANY($2))",
        )
        .bind(Vec::from_iter(names))
        .bind(&teams)
        .fetch_all(&mut *db)
        .await?;
        rosters.extend(of_teams(db, &named).await?);
        teams.extend(named);
    }
    for (team, priority, taken_by) in taken {
        let priority = Priority::named(&priority).ok_or_else(|| unreadable("a priority"))?;
        of_team(&mut rosters, team, |roster| {
            roster.taken_by.insert(priority, taken_by);
        });
    }

    let rows = sqlx::query(
        "SELECT roster.team, roster.days, roster.shift_from AS hours_from, roster.shift_until AS hours_until,
                staff.staff, staff.name, staff.email, staff.role
         FROM roster JOIN staff USING (staff) WHERE roster.team = ANY($1) AND staff.deactivated_at IS NULL
         ORDER BY roster.team, roster.position",
    )
    .bind(&teams)
    .fetch_all(&mut *db)
    .await?;
    for row in rows {
        let shift = Shift { weekly: weekly(&row)?, member: member(&row)? };
        of_team(&mut rosters, row.try_get("team")?, |roster| roster.shifts.push(shift));
    }

    let rows = sqlx::query(
        "SELECT over.team, over.roster_override, over.instead_of, over.from_at, over.until_at,
                staff.staff, staff.name, staff.email, staff.role
         FROM roster_override AS over JOIN staff USING (staff)
         WHERE over.team = ANY($1) AND over.until_at > $2 AND staff.deactivated_at IS NULL
         ORDER BY over.made_at DESC, over.roster_override DESC",
    )
    .bind(&teams)
    .bind(since.to_sqlx())
    .fetch_all(&mut *db)
    .await?;
    for row in rows {
        let (from, until) = span(&row)?;
        let (id, instead_of) = (row.try_get("roster_override")?, row.try_get("instead_of")?);
        let over = Override { id, instead_of, member: member(&row)?, from, until };
        of_team(&mut rosters, row.try_get("team")?, |roster| roster.overrides.push(over));
    }

    let rows = sqlx::query(
        "SELECT team_member.team, staff.staff, staff.name, staff.email, staff.role
         FROM team_member JOIN staff USING (staff) WHERE team_member.team = ANY($1) AND staff.deactivated_at IS NULL
         ORDER BY team_member.team, staff.name",
    )
    .bind(&teams)
    .fetch_all(&mut *db)
    .await?;
    for row in rows {
        let member = member(&row)?;
        of_team(&mut rosters, row.try_get("team")?, |roster| roster.members.push(member));
    }
    put_leave(db, &mut rosters, since).await?;
    Ok(rosters)
}

/// Who there is to be told for this team's alerts.
pub async fn duty(db: &mut PgConnection, team: Option<Uuid>) -> Result<Duty, sqlx::Error> {
    let Some(team) = team else { return Ok(nobody()) };
    // How many people there are, and when cover is, does not hang on who is away.
    let rosters = load(db, &[team], Timestamp::MAX).await?;
    Ok(duty_of(&rosters, Some(team)))
}

/// The same, of rosters that are loaded.
pub fn duty_of(rosters: &[Roster], team: Option<Uuid>) -> Duty {
    let roster = rosters.iter().find(|roster| Some(roster.team) == team);
    roster.map_or_else(nobody, |roster| roster.duty(rosters))
}

/// Cover at any hour by nobody, which is itself something the operator hears of.
pub fn nobody() -> Duty {
    Duty { cover: Cover::daily(Hours::ALL_DAY, TimeZone::UTC), people: 0, policies: Policies::standard() }
}

/// As they were when they were set, and read then.
fn policies(content: Option<String>) -> Result<Policies, sqlx::Error> {
    let Some(content) = content else { return Ok(Policies::standard()) };
    let refused = |_| sqlx::Error::Decode("the policy of a team cannot be read by this version of the service".into());
    policy::read("policy", &content).map_err(refused)
}

/// By which each of these teams goes.
pub async fn policies_of(db: &mut PgConnection, teams: &[Uuid]) -> Result<HashMap<Uuid, Policies>, sqlx::Error> {
    Ok(of_teams(db, teams).await?.into_iter().map(|roster| (roster.team, roster.policies)).collect())
}

/// When people of these teams look.
pub async fn covers(db: &mut PgConnection, teams: &[Uuid]) -> Result<HashMap<Uuid, Cover>, sqlx::Error> {
    Ok(of_teams(db, teams).await?.into_iter().map(|roster| (roster.team, roster.cover)).collect())
}

/// Every team of people.
pub async fn teams(db: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("SELECT team FROM team WHERE organisation <> synthetic_organisation() ORDER BY team")
        .fetch_all(db)
        .await
}

async fn of_teams(db: &mut PgConnection, teams: &[Uuid]) -> Result<Vec<Roster>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT team.team, team.name, team.phone, team.keeps_bank_holidays, organisation.time_zone, policy.content AS policy
         FROM team JOIN organisation USING (organisation) LEFT JOIN policy USING (team) WHERE team.team = ANY($1)
         ORDER BY team.team",
    )
    .bind(teams)
    .fetch_all(&mut *db)
    .await?;
    let mut rosters = Vec::new();
    for row in rows {
        let zone: String = row.try_get("time_zone")?;
        let zone = TimeZone::get(&zone).map_err(|error| sqlx::Error::Decode(error.into()))?;
        let calendar = Calendar { zone, keeps_bank_holidays: row.try_get("keeps_bank_holidays")? };
        rosters.push(Roster {
            team: row.try_get("team")?,
            team_name: row.try_get("name")?,
            phone: row.try_get("phone")?,
            cover: Cover { calendar, hours: Vec::new(), taken: None },
            taken_by: BTreeMap::new(),
            shifts: Vec::new(),
            overrides: Vec::new(),
            leave: Vec::new(),
            members: Vec::new(),
            policies: policies(row.try_get("policy")?)?,
        });
    }
    let rows = sqlx::query(
        "SELECT team, days, hours_from, hours_until FROM team_cover WHERE team = ANY($1) ORDER BY team, position",
    )
    .bind(teams)
    .fetch_all(db)
    .await?;
    for row in rows {
        let weekly = weekly(&row)?;
        of_team(&mut rosters, row.try_get("team")?, |roster| roster.cover.hours.push(weekly));
    }
    Ok(rosters)
}

async fn put_leave(db: &mut PgConnection, rosters: &mut [Roster], since: Timestamp) -> Result<(), sqlx::Error> {
    let people = |roster: &Roster| -> Vec<Uuid> {
        let shifts = roster.shifts.iter().map(|shift| shift.member.staff);
        let overrides = roster.overrides.iter().map(|over| over.member.staff);
        shifts.chain(overrides).chain(roster.members.iter().map(|member| member.staff)).collect()
    };
    let everybody: BTreeSet<Uuid> = rosters.iter().flat_map(people).collect();
    let rows = sqlx::query(
        "SELECT staff_leave, staff, from_at, until_at FROM staff_leave WHERE staff = ANY($1) AND until_at > $2
         ORDER BY from_at, staff_leave",
    )
    .bind(Vec::from_iter(everybody))
    .bind(since.to_sqlx())
    .fetch_all(db)
    .await?;
    for row in rows {
        let (from, until) = span(&row)?;
        let leave = Leave { id: row.try_get("staff_leave")?, staff: row.try_get("staff")?, from, until };
        for roster in rosters.iter_mut().filter(|roster| people(roster).contains(&leave.staff)) {
            roster.leave.push(leave.clone());
        }
    }
    Ok(())
}

fn of_team(rosters: &mut [Roster], team: Uuid, add: impl FnOnce(&mut Roster)) {
    if let Some(roster) = rosters.iter_mut().find(|roster| roster.team == team) {
        add(roster);
    }
}

fn weekly(row: &PgRow) -> Result<Weekly, sqlx::Error> {
    let time = |column: &str| Ok::<_, sqlx::Error>(row.try_get::<jiff_sqlx::Time, _>(column)?.to_jiff());
    let days = Days::from_bits(row.try_get("days")?).ok_or_else(|| unreadable("days of the week"))?;
    Ok(Weekly { days, hours: Hours { from: time("hours_from")?, until: time("hours_until")? } })
}

fn span(row: &PgRow) -> Result<(Timestamp, Timestamp), sqlx::Error> {
    let at = |column: &str| Ok::<_, sqlx::Error>(row.try_get::<jiff_sqlx::Timestamp, _>(column)?.to_jiff());
    Ok((at("from_at")?, at("until_at")?))
}

/// The table's check allows nothing else.
fn unreadable(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("this version knows no such {what}").into())
}

fn member(row: &PgRow) -> Result<Member, sqlx::Error> {
    Ok(Member {
        staff: row.try_get("staff")?,
        name: row.try_get("name")?,
        email: row.try_get("email")?,
        role: row.try_get("role")?,
        contacts: Vec::new(),
    })
}
