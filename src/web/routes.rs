//! Every question of the staff API: its address, who may ask it, what it takes and what it answers. The router, the access
//! checks, the OpenAPI document and the access matrix of the tests are all made from this one table.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, on};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::access::{self, Access, Right};
use super::{Web, alerts, api, break_glass, events, openapi, patient, patients, series, sign_in, worklist};

type Describe = fn(&mut SchemaGenerator) -> Schema;

/// One question.
#[derive(Debug)]
pub struct Route {
    pub method: Method,
    /// With `{patient}`, `{alert}`, … for the objects it names.
    pub path: &'static str,
    pub access: Access,
    pub summary: &'static str,
    /// Answers that are no success beyond those its access and its parameters bring.
    pub refuses: &'static [u16],
    pub takes: Option<Describe>,
    pub query: Option<Describe>,
    pub answers: Answers,
    router: Router<Arc<Web>>,
}

/// What a success looks like.
#[derive(Clone, Copy, Debug)]
pub enum Answers {
    /// 200 with this body.
    Json(Describe),
    /// 204.
    Nothing,
    /// 200, server-sent events of this shape until the browser leaves.
    Events(Describe),
}

impl Route {
    fn new<H, T>(method: &Method, path: &'static str, access: Access, handler: H, summary: &'static str) -> Self
    where
        H: Handler<T, Arc<Web>>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        Self {
            method: method.clone(),
            path,
            access,
            summary,
            refuses: &[],
            takes: None,
            query: None,
            answers: Answers::Nothing,
            router: Router::new().route(path, on(filter, handler)),
        }
    }

    fn takes<T: JsonSchema>(mut self) -> Self {
        self.takes = Some(SchemaGenerator::subschema_for::<T>);
        self
    }

    fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(T::json_schema);
        self
    }

    fn answers<T: JsonSchema>(mut self) -> Self {
        self.answers = Answers::Json(SchemaGenerator::subschema_for::<T>);
        self
    }

    fn tells<T: JsonSchema>(mut self) -> Self {
        self.answers = Answers::Events(SchemaGenerator::subschema_for::<T>);
        self
    }

    fn refuses(mut self, statuses: &'static [u16]) -> Self {
        self.refuses = statuses;
        self
    }

    /// What may stand behind the `?`.
    pub fn query_names(&self) -> Vec<String> {
        let Some(describe) = self.query else { return Vec::new() };
        let schema = describe(&mut SchemaGenerator::default());
        let properties = schema.get("properties").and_then(serde_json::Value::as_object);
        properties.into_iter().flatten().map(|(name, _)| name.clone()).collect()
    }

    /// What the path names: `patient`, `alert`, …
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}

/// The whole staff API.
pub fn routes() -> Vec<Route> {
    use Access::{Anyone, May, Own};
    use Right::{ActOnAlerts, BreakGlass, SeeRecords};
    const GET: &Method = &Method::GET;
    const POST: &Method = &Method::POST;
    vec![
        Route::new(GET, "/api/openapi.json", Anyone, openapi::document, "This document")
            .answers::<serde_json::Map<String, serde_json::Value>>(),
        Route::new(POST, "/api/sign-in", Anyone, sign_in::sign_in, "Sign in")
            .takes::<api::SignIn>()
            .refuses(&[401, 429]),
        Route::new(POST, "/api/sign-out", Anyone, sign_in::sign_out, "Sign out, with or without a session"),
        Route::new(GET, "/api/me", Own, sign_in::me, "Who one is").answers::<api::Me>(),
        Route::new(GET, "/api/worklist", May(SeeRecords), worklist::worklist, "The worklist of one's teams")
            .query::<worklist::Asked>()
            .answers::<api::Worklist>()
            .refuses(&[404]),
        Route::new(GET, "/api/patients", May(SeeRecords), patients::list, "The patients within reach")
            .answers::<api::PatientList>(),
        Route::new(POST, "/api/patients/search", May(SeeRecords), patients::search, "Those whose name holds something")
            .takes::<api::Search>()
            .answers::<api::PatientList>(),
        Route::new(GET, "/api/patients/{patient}", May(SeeRecords), patient::page, "One record")
            .answers::<api::PatientPage>(),
        Route::new(GET, "/api/patients/{patient}/series", May(SeeRecords), series::series, "One vital over time")
            .query::<series::Asked>()
            .answers::<api::Series>(),
        Route::new(GET, "/api/alerts/{reference}", May(SeeRecords), alerts::find, "Where an alert is found")
            .answers::<api::AlertPlace>(),
        Route::new(POST, "/api/alerts/{alert}/acknowledge", May(ActOnAlerts), alerts::acknowledge, "Take an alert")
            .answers::<api::Alert>()
            .refuses(&[409]),
        Route::new(
            POST,
            "/api/alerts/{alert}/close",
            May(ActOnAlerts),
            alerts::close,
            "Close an alert, with an outcome",
        )
        .takes::<api::Close>()
        .answers::<api::Alert>()
        .refuses(&[409]),
        Route::new(GET, "/api/events", May(SeeRecords), events::events, "News: what to fetch again")
            .query::<events::Asked>()
            .tells::<api::Changed>()
            .refuses(&[404]),
        Route::new(POST, "/api/break-glass/find", May(BreakGlass), break_glass::find, "Find somebody out of reach")
            .takes::<api::FindPerson>()
            .answers::<api::FoundPeople>(),
        Route::new(
            POST,
            "/api/patients/{patient}/break-glass",
            May(BreakGlass),
            break_glass::open,
            "Open a record out of reach",
        )
        .takes::<api::BreakGlass>()
        .answers::<api::GlassBroken>(),
    ]
}

/// The table as a router; each route checks its access first.
pub fn router(web: &Arc<Web>) -> Router<Arc<Web>> {
    routes().into_iter().fold(Router::new(), |api, route| {
        let check = from_fn_with_state((Arc::clone(web), route.access), access::check);
        api.merge(route.router.route_layer(check))
    })
}
