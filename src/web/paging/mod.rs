//! The lives of pages: for administrators those of their organisation, for whoever sees an alert those about it.

pub mod routes;
mod test_page;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::alerts::{kind, priority, reference};
use super::api::{AlertPages, PageAbout, PageLife, PageState, PageTry, PageWentOn, Paging};
use super::extract::{Path, Query};
use super::failure::{Answer, Failure};
use super::me::team;
use super::session::SignedIn;
use super::{Web, contacts, reach};
use crate::paging;
use crate::store::audit::{self, Act};
use crate::store::page_seen::{self, Page};
use crate::store::team as teams;

/// Shown at once.
const AT_MOST: usize = 200;
const MOST_DAYS: u8 = 30;

/// What of the pages is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Asked {
    /// Those about alerts of this team alone.
    team: Option<Uuid>,
    /// Those alone that were not handed over and whose alert nobody has.
    #[serde(default)]
    unsettled: bool,
    /// Of so many days; 1.
    days: Option<u8>,
}

pub async fn list(State(web): State<Arc<Web>>, who: SignedIn, Query(asked): Query<Asked>) -> Answer<Json<Paging>> {
    let days = asked.days.unwrap_or(1);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(Failure::bad_request(format!("Pages of 1 to {MOST_DAYS} days are shown. Ask for fewer.")));
    }
    let (now, care_now) = (web.parts.clock.machine_now(), web.parts.clock.care_now());
    let mut db = web.transaction(&who).await?;
    let teams = teams::list(&mut db, Some(who.organisation)).await?;
    if asked.team.is_some_and(|team| !teams.iter().any(|known| known.team == team)) {
        return Err(Failure::not_found());
    }
    let detail = json!({ "team": asked.team, "unsettled": asked.unsettled, "days": days });
    audit::write_look(&mut db, &who.did(Act::PagingRead, now).detail(detail)).await?;
    let wanted = page_seen::Asked {
        organisation: Some(who.organisation),
        team: asked.team,
        since: Some(care_now - SignedDuration::from_hours(24 * i64::from(days))),
        unsettled: asked.unsettled,
        ..page_seen::Asked::default()
    };
    let limit = i64::try_from(AT_MOST + 1).unwrap_or(i64::MAX);
    let mut pages = page_seen::list(&mut db, &wanted, limit).await?;
    db.commit().await?;
    let more = pages.len() > AT_MOST;
    pages.truncate(AT_MOST);
    Ok(Json(Paging {
        pages: pages.into_iter().map(shown).collect(),
        more,
        teams: teams.into_iter().map(team).collect(),
    }))
}

pub async fn life(State(web): State<Arc<Web>>, who: SignedIn, Path(page): Path<Uuid>) -> Answer<Json<PageLife>> {
    let mut db = web.transaction(&who).await?;
    let wanted =
        page_seen::Asked { page: Some(page), organisation: Some(who.organisation), ..page_seen::Asked::default() };
    let found = page_seen::list(&mut db, &wanted, 1).await?.pop().ok_or_else(Failure::not_found)?;
    let detail = json!({ "page": page });
    audit::write_look(&mut db, &who.did(Act::PagingRead, web.parts.clock.machine_now()).detail(detail)).await?;
    db.commit().await?;
    Ok(Json(shown(found)))
}

pub async fn of_alert(State(web): State<Arc<Web>>, who: SignedIn, Path(alert): Path<Uuid>) -> Answer<Json<AlertPages>> {
    let (mut db, _) = reach::alert(&web, &who, alert, Act::PagingRead).await?;
    let wanted = page_seen::Asked { alert: Some(alert), ..page_seen::Asked::default() };
    let limit = i64::try_from(AT_MOST).unwrap_or(i64::MAX);
    let pages = page_seen::list(&mut db, &wanted, limit).await?;
    db.commit().await?;
    Ok(Json(AlertPages { pages: pages.into_iter().map(shown).collect() }))
}

fn shown(page: Page) -> PageLife {
    PageLife {
        page: page.page,
        made_at: page.made_at,
        priority: priority(&page.priority),
        what: paging::about_no_alert(&page).map(str::to_owned),
        channel: contacts::kind(page.channel),
        proven: page.proven,
        state: match page.state.as_str() {
            "sent" => PageState::HandedOver,
            "given_up" => PageState::GivenUp,
            _ => PageState::Waits,
        },
        unsettled: page.unsettled,
        went_on: page.switched_to.map(|(page, channel)| PageWentOn { page, channel: contacts::kind(channel) }),
        about: page.alerts.into_iter().map(about).collect(),
        tries: page
            .tries
            .into_iter()
            .map(|one| PageTry {
                n: one.n,
                at: one.at,
                outcome: paging::outcome(&one.outcome).to_owned(),
                said: one.said,
            })
            .collect(),
        to: page.to,
    }
}

fn about(about: page_seen::About) -> PageAbout {
    PageAbout {
        reference: reference(about.reference),
        kind: kind(&about.kind),
        priority: priority(&about.priority),
        team: about.team,
        why: about.why.iter().map(paging::why).collect(),
        owner: about.owner,
        acknowledged_at: about.acknowledged_at,
        closed_at: about.closed_at,
    }
}
