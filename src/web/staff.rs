//! Who works here, for administrators: inviting, deactivating, resetting, teams. Of their own organisation alone; everybody
//! else's look like nobody.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::api::{Invite, StaffList, StaffRow, StaffState, StaffTeams};
use super::extract::{Body, Path};
use super::failure::{Answer, Failure};
use super::me::team;
use super::session::SignedIn;
use super::sign_in::invite::{self as link, By};
use super::{Web, reach};
use crate::mail::Letter;
use crate::random;
use crate::store::audit::{self, Act};
use crate::store::staff_list::Row;
use crate::store::{self, credential, session, staff, staff_list};

const MAIL_LIMIT: Duration = Duration::from_secs(15);
const LONGEST_NAME_CHARS: usize = 100;

pub async fn list(State(web): State<Arc<Web>>, who: SignedIn) -> Answer<Json<StaffList>> {
    let mut db = web.parts.store.sign_in.begin().await?;
    record(&web, &mut db, &who, Act::StaffListed, json!({})).await?;
    let rows = staff_list::of_organisation(&mut db, who.organisation, web.parts.clock.machine_now()).await?;
    let teams = store::team::list(&mut db, Some(who.organisation)).await?;
    db.commit().await?;
    Ok(Json(StaffList { staff: rows.into_iter().map(row).collect(), teams: teams.into_iter().map(team).collect() }))
}

/// The member of staff is there first, and the mail goes out then: one that cannot be sent is sent again from the list.
pub async fn invite(State(web): State<Arc<Web>>, who: SignedIn, Body(asked): Body<Invite>) -> Answer<Json<StaffRow>> {
    let email = asked.email.trim().to_lowercase();
    if email.parse::<lettre::Address>().is_err() {
        return Err(Failure::bad_request("This is no e-mail address. Write it as ida@example.org."));
    }
    let (name, profession) = (asked.name.trim(), asked.profession.trim());
    for (what, text) in [("name", name), ("profession", profession)] {
        if text.is_empty() || text.chars().count() > LONGEST_NAME_CHARS || text.chars().any(char::is_control) {
            let problem = format!(
                "The {what} needs 1 to {LONGEST_NAME_CHARS} characters on one line. Correct it and send again."
            );
            return Err(Failure::bad_request(problem));
        }
    }
    let new = staff::Staff {
        staff: random::new_id(),
        organisation: who.organisation,
        name: name.to_owned(),
        email,
        role: reach::role_name(asked.role).to_owned(),
        profession: profession.to_owned(),
    };
    let now = web.parts.clock.machine_now();
    let mut db = web.parts.store.sign_in.begin().await?;
    if staff::is_taken(&mut db, &new.email).await? {
        return Err(Failure::new(
            StatusCode::CONFLICT,
            "address_taken",
            "Somebody has this e-mail address already. Look for them in the list, or use another address.",
        ));
    }
    staff::insert(&mut db, &new).await?;
    put_into_teams(&mut db, &who, new.staff, &asked.teams).await?;
    let token = link::make(&mut db, new.staff, now, By::Mail).await?;
    let detail = json!({ "staff": new.staff, "role": new.role });
    record(&web, &mut db, &who, Act::StaffInvited, detail).await?;
    db.commit().await?;
    mail(&web, &new, &token).await?;
    Ok(Json(get(&web, &who, new.staff).await?))
}

pub async fn invite_again(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(whom): Path<Uuid>,
) -> Answer<Json<StaffRow>> {
    let (mut db, whom) = begin(&web, &who, whom).await?;
    if whom.deactivated || whom.has_password {
        return Err(Failure::new(
            StatusCode::CONFLICT,
            "not_invited",
            "Only somebody who has no password yet can be invited again. For others, reset how they sign in.",
        ));
    }
    let token = link::make(&mut db, whom.staff.staff, web.parts.clock.machine_now(), By::Mail).await?;
    record(&web, &mut db, &who, Act::StaffInvited, json!({ "staff": whom.staff.staff })).await?;
    db.commit().await?;
    mail(&web, &whom.staff, &token).await?;
    Ok(Json(get(&web, &who, whom.staff.staff).await?))
}

pub async fn end_sessions(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(whom): Path<Uuid>,
) -> Answer<Json<StaffRow>> {
    let (mut db, whom) = begin(&web, &who, whom).await?;
    let ended = session::end_all(&mut db, whom.staff.staff, None).await?;
    record(&web, &mut db, &who, Act::SessionRevoked, json!({ "staff": whom.staff.staff, "sessions": ended })).await?;
    db.commit().await?;
    Ok(Json(get(&web, &who, whom.staff.staff).await?))
}

/// Password and second factor are gone, and a link to choose new ones goes to the person's own mailbox: whoever only says to be
/// them on the telephone gets nothing, nor does whoever only knows the old password.
pub async fn reset(State(web): State<Arc<Web>>, who: SignedIn, Path(whom): Path<Uuid>) -> Answer<Json<StaffRow>> {
    let (mut db, whom) = begin(&web, &who, whom).await?;
    if whom.deactivated {
        return Err(Failure::new(
            StatusCode::CONFLICT,
            "deactivated",
            "This person is deactivated and cannot sign in. Activate them first.",
        ));
    }
    credential::clear(&mut db, whom.staff.staff).await?;
    session::end_all(&mut db, whom.staff.staff, None).await?;
    let token = link::make(&mut db, whom.staff.staff, web.parts.clock.machine_now(), By::Mail).await?;
    record(&web, &mut db, &who, Act::StaffReset, json!({ "staff": whom.staff.staff })).await?;
    db.commit().await?;
    mail(&web, &whom.staff, &token).await?;
    Ok(Json(get(&web, &who, whom.staff.staff).await?))
}

/// Everything they could sign in with goes: who comes back is invited like a newcomer.
pub async fn deactivate(State(web): State<Arc<Web>>, who: SignedIn, Path(whom): Path<Uuid>) -> Answer<Json<StaffRow>> {
    let (mut db, whom) = begin(&web, &who, whom).await?;
    if whom.staff.staff == who.staff {
        return Err(Failure::new(
            StatusCode::CONFLICT,
            "oneself",
            "You cannot deactivate yourself. Ask another administrator of your organisation.",
        ));
    }
    staff::set_deactivated(&mut db, whom.staff.staff, Some(web.parts.clock.machine_now())).await?;
    credential::clear(&mut db, whom.staff.staff).await?;
    session::end_all(&mut db, whom.staff.staff, None).await?;
    record(&web, &mut db, &who, Act::StaffSuspended, json!({ "staff": whom.staff.staff })).await?;
    db.commit().await?;
    Ok(Json(get(&web, &who, whom.staff.staff).await?))
}

pub async fn activate(State(web): State<Arc<Web>>, who: SignedIn, Path(whom): Path<Uuid>) -> Answer<Json<StaffRow>> {
    let (mut db, whom) = begin(&web, &who, whom).await?;
    if !whom.deactivated {
        return Ok(Json(get(&web, &who, whom.staff.staff).await?));
    }
    staff::set_deactivated(&mut db, whom.staff.staff, None).await?;
    let token = link::make(&mut db, whom.staff.staff, web.parts.clock.machine_now(), By::Mail).await?;
    record(&web, &mut db, &who, Act::StaffReinstated, json!({ "staff": whom.staff.staff })).await?;
    db.commit().await?;
    mail(&web, &whom.staff, &token).await?;
    Ok(Json(get(&web, &who, whom.staff.staff).await?))
}

pub async fn set_teams(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(whom): Path<Uuid>,
    Body(asked): Body<StaffTeams>,
) -> Answer<Json<StaffRow>> {
    let (mut db, whom) = begin(&web, &who, whom).await?;
    put_into_teams(&mut db, &who, whom.staff.staff, &asked.teams).await?;
    record(&web, &mut db, &who, Act::StaffChanged, json!({ "staff": whom.staff.staff, "teams": asked.teams })).await?;
    db.commit().await?;
    Ok(Json(get(&web, &who, whom.staff.staff).await?))
}

struct Whom {
    staff: staff::Staff,
    deactivated: bool,
    has_password: bool,
}

/// A transaction in which this person is one of the administrator's own organisation.
async fn begin(web: &Web, who: &SignedIn, whom: Uuid) -> Answer<(Transaction<'static, Postgres>, Whom)> {
    let mut db = web.parts.store.sign_in.begin().await?;
    let found = staff_list::get(&mut db, who.organisation, whom, web.parts.clock.machine_now()).await?;
    let found = found.ok_or_else(Failure::not_found)?;
    let whom =
        Whom { deactivated: found.deactivated_at.is_some(), has_password: found.has_password, staff: found.staff };
    Ok((db, whom))
}

async fn get(web: &Web, who: &SignedIn, whom: Uuid) -> Answer<StaffRow> {
    let mut db = web.parts.store.sign_in.acquire().await?;
    let found = staff_list::get(&mut db, who.organisation, whom, web.parts.clock.machine_now()).await?;
    Ok(row(found.ok_or_else(Failure::not_found)?))
}

/// Of the organisation's own teams this person works in these and no others.
async fn put_into_teams(
    db: &mut Transaction<'static, Postgres>,
    who: &SignedIn,
    whom: Uuid,
    teams: &[Uuid],
) -> Answer<()> {
    let own = store::team::list(db, Some(who.organisation)).await?;
    let wanted: BTreeSet<Uuid> = teams.iter().copied().collect();
    if !wanted.iter().all(|team| own.iter().any(|known| known.team == *team)) {
        return Err(Failure::not_found());
    }
    for team in own {
        if wanted.contains(&team.team) {
            store::team::add_member(db, team.team, whom).await?;
        } else {
            store::team::remove_member(db, team.team, whom).await?;
        }
    }
    Ok(())
}

async fn mail(web: &Web, to: &staff::Staff, token: &str) -> Answer<()> {
    let body = link::letter(&to.name, &web.parts.config.origin(), token);
    let letter = Letter {
        id: random::new_id(),
        to: &to.email,
        subject: "Your invitation to Derwent",
        body: &body,
        important: false,
        of_page: false,
        answers: None,
    };
    let Err(problem) = web.mailer.send(&letter, MAIL_LIMIT).await else { return Ok(()) };
    tracing::warn!(staff = %to.staff, ?problem, "an invitation could not be mailed");
    Err(Failure::new(
        StatusCode::BAD_GATEWAY,
        "not_mailed",
        "The mail server did not take the invitation. The person is in the list: send it again from there in a few minutes.",
    ))
}

async fn record(
    web: &Web,
    db: &mut Transaction<'static, Postgres>,
    who: &SignedIn,
    act: Act,
    detail: Value,
) -> Answer<()> {
    Ok(audit::write(db, &who.did(act, web.parts.clock.machine_now()).detail(detail)).await?)
}

fn row(of: Row) -> StaffRow {
    let state = match (of.deactivated_at, of.has_password) {
        (Some(_), _) => StaffState::Deactivated,
        (None, true) => StaffState::Active,
        (None, false) => StaffState::Invited,
    };
    StaffRow {
        staff: of.staff.staff,
        name: of.staff.name,
        email: of.staff.email,
        role: reach::role(&of.staff.role),
        profession: of.staff.profession,
        teams: of.teams,
        state,
        invited_until: of.invited_until,
        sessions: of.sessions,
        on_rosters_of: of.on_rosters_of,
    }
}
