//! What of the table of routes (`routes.rs`) is about rosters.

use axum::http::Method;

use super::{calendar, policy};
use crate::web::access::Access;
use crate::web::access::Right::{ManageRosters, SeeRecords};
use crate::web::api;
use crate::web::route::Route;

pub fn routes() -> Vec<Route> {
    use Access::{May, Own};
    const GET: &Method = &Method::GET;
    const POST: &Method = &Method::POST;
    const PUT: &Method = &Method::PUT;
    const DELETE: &Method = &Method::DELETE;
    vec![
        Route::new(GET, "/api/me/calendar", Own, calendar::show, "Whether a calendar can fetch one's shifts")
            .answers::<api::Calendar>(),
        Route::new(
            POST,
            "/api/me/calendar",
            Own,
            calendar::renew,
            "A new address to fetch one's shifts from, shown once",
        )
        .answers::<api::NewCalendar>(),
        Route::new(DELETE, "/api/me/calendar", Own, calendar::remove, "That address is no more"),
        Route::new(GET, "/api/teams/{team}/roster", May(SeeRecords), super::page, "Who is on duty, and when")
            .answers::<api::RosterPage>(),
        Route::new(
            POST,
            "/api/teams/{team}/roster/stand-ins",
            May(ManageRosters),
            super::stand_in,
            "Somebody stands in for somebody",
        )
        .takes::<api::NewStandIn>()
        .answers::<api::RosterPage>()
        .refuses(&[409]),
        Route::new(
            POST,
            "/api/teams/{team}/roster/stand-ins/end",
            May(ManageRosters),
            super::end_stand_in,
            "They do not",
        )
        .takes::<api::EndStandIn>()
        .answers::<api::RosterPage>()
        .refuses(&[409]),
        Route::new(POST, "/api/teams/{team}/roster/leave", May(ManageRosters), super::go_on_leave, "Somebody is away")
            .takes::<api::NewLeave>()
            .answers::<api::RosterPage>()
            .refuses(&[409]),
        Route::new(POST, "/api/teams/{team}/roster/leave/end", May(ManageRosters), super::end_leave, "They are not")
            .takes::<api::EndLeave>()
            .answers::<api::RosterPage>()
            .refuses(&[409]),
        Route::new(
            PUT,
            "/api/teams/{team}/roster/shifts",
            May(ManageRosters),
            super::set_shifts,
            "The shifts of the week, in place of those before",
        )
        .takes::<api::SetShifts>()
        .answers::<api::RosterPage>()
        .refuses(&[409]),
        Route::new(
            PUT,
            "/api/teams/{team}/roster/cover",
            May(ManageRosters),
            super::declare_cover,
            "When the team answers, and who does outside of that",
        )
        .takes::<api::DeclareCover>()
        .answers::<api::RosterPage>()
        .refuses(&[409]),
        Route::new(
            GET,
            "/api/teams/{team}/policy",
            May(SeeRecords),
            policy::show,
            "By what the team's alerts escalate",
        )
        .answers::<api::PolicyPage>(),
        Route::new(PUT, "/api/teams/{team}/policy", May(ManageRosters), policy::set, "The team's own policy")
            .takes::<api::SetPolicy>()
            .answers::<api::PolicyPage>()
            .refuses(&[409]),
    ]
}
