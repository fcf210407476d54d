//! What of the table of routes (`routes.rs`) is about pages and what became of them.

use axum::http::Method;

use super::test_page;
use crate::web::access::Access;
use crate::web::access::Right::{ManageStaff, SeePaging, SeeRecords};
use crate::web::api;
use crate::web::route::Route;

pub fn routes() -> Vec<Route> {
    use Access::{May, Own};
    const GET: &Method = &Method::GET;
    const POST: &Method = &Method::POST;
    vec![
        Route::new(GET, "/api/paging", May(SeePaging), super::list, "Whom the service paged, and what came of it")
            .query::<super::Asked>()
            .answers::<api::Paging>()
            .refuses(&[404]),
        Route::new(GET, "/api/paging/{page}", May(SeePaging), super::life, "The life of one page")
            .answers::<api::PageLife>(),
        Route::new(GET, "/api/alerts/{alert}/pages", May(SeeRecords), super::of_alert, "How an alert was told")
            .answers::<api::AlertPages>(),
        Route::new(POST, "/api/me/contacts/{contact}/test", Own, test_page::to_oneself, "Try a way to be paged")
            .answers::<api::TestSent>()
            .refuses(&[429]),
        Route::new(GET, "/api/me/pages/{page}", Own, test_page::own, "What came of a test").answers::<api::PageLife>(),
        Route::new(
            GET,
            "/api/staff/{staff}/contacts",
            May(ManageStaff),
            test_page::ways,
            "Over what somebody is paged",
        )
        .answers::<api::Ways>(),
        Route::new(
            POST,
            "/api/staff/{staff}/contacts/{contact}/test",
            May(ManageStaff),
            test_page::to_somebody,
            "Try a way to page somebody",
        )
        .answers::<api::TestSent>()
        .refuses(&[429]),
    ]
}
