//! Members of staff as an administrator sees them: with what says whether they can sign in, never what they sign in with.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use super::staff::Staff;

#[derive(Clone, Debug)]
pub struct Row {
    pub staff: Staff,
    pub deactivated_at: Option<Timestamp>,
    pub has_password: bool,
    pub invited_until: Option<Timestamp>,
    pub sessions: usize,
    pub teams: Vec<Uuid>,
    /// Names of the teams whose roster this person stands on.
    pub on_rosters_of: Vec<String>,
}

/// By name. `now` is machine time.
pub async fn of_organisation(
    db: &mut PgConnection,
    organisation: Uuid,
    now: Timestamp,
) -> Result<Vec<Row>, sqlx::Error> {
    find(db, organisation, None, now).await
}

pub async fn get(
    db: &mut PgConnection,
    organisation: Uuid,
    staff: Uuid,
    now: Timestamp,
) -> Result<Option<Row>, sqlx::Error> {
    Ok(find(db, organisation, Some(staff), now).await?.pop())
}

async fn find(
    db: &mut PgConnection,
    organisation: Uuid,
    staff: Option<Uuid>,
    now: Timestamp,
) -> Result<Vec<Row>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT staff.staff, staff.organisation, staff.name, staff.email, staff.role, staff.profession, staff.deactivated_at,
                EXISTS (SELECT FROM staff_credential WHERE staff_credential.staff = staff.staff) AS has_password,
                (SELECT ends_at FROM staff_invitation
                 WHERE staff_invitation.staff = staff.staff AND staff_invitation.ends_at > $3) AS invited_until,
                (SELECT count(*) FROM staff_session
                 WHERE staff_session.staff = staff.staff AND staff_session.ends_at > $3
                   AND staff_session.used_at + make_interval(secs => staff_session.idle_s) > $3) AS sessions,
                ARRAY(SELECT team_member.team FROM team_member WHERE team_member.staff = staff.staff ORDER BY 1) AS teams,
                ARRAY(SELECT DISTINCT team.name FROM roster JOIN team USING (team)
                      WHERE roster.staff = staff.staff ORDER BY 1) AS on_rosters_of
         FROM staff WHERE staff.organisation = $1 AND ($2::uuid IS NULL OR staff.staff = $2)
         ORDER BY staff.name, staff.staff",
    )
    .bind(organisation)
    .bind(staff)
    .bind(now.to_sqlx())
    .fetch_all(db)
    .await?;
    let read = |row: &sqlx::postgres::PgRow| {
        Ok(Row {
            staff: super::staff::read(row)?,
            deactivated_at: row.try_get::<Option<SqlTimestamp>, _>("deactivated_at")?.map(SqlTimestamp::to_jiff),
            has_password: row.try_get("has_password")?,
            invited_until: row.try_get::<Option<SqlTimestamp>, _>("invited_until")?.map(SqlTimestamp::to_jiff),
            sessions: usize::try_from(row.try_get::<i64, _>("sessions")?).unwrap_or_default(),
            teams: row.try_get("teams")?,
            on_rosters_of: row.try_get("on_rosters_of")?,
        })
    };
    rows.iter().map(read).collect()
}
