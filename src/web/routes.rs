//! Every question of the staff API: its address, who may ask it, what it takes and what it answers. The router, the access
//! checks, the OpenAPI document and the access matrix of the tests are all made from this one table.

use std::sync::Arc;

use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::access::{self, Access, Right};
use super::route::{Route, SESSION};
use super::sign_in::{invitation, passkey, provider, second_factor};
use super::{
    Web, alerts, api, audit, backtest, break_glass, contacts, doubted, events, find_person, me, paging, patient,
    patients, phones, plan, roster, rules, series, shadow, sign_in, staff, worklist,
};
use crate::openapi::{self, Operation};

/// `GET /api/openapi.json`
async fn document() -> Json<Value> {
    let about = json!({
        "title": "Derwent, the staff API",
        "description": "What the staff pages ask. Whatever is out of one's reach answers like what does not exist.",
    });
    let security = json!({ SESSION: { "type": "apiKey", "in": "cookie", "name": "__Host-derwent_session" } });
    let operations: Vec<Operation> = routes().iter().map(Route::operation).collect();
    Json(openapi::document(about, security, &operations))
}

/// The whole staff API.
pub fn routes() -> Vec<Route> {
    use Access::{Anyone, May, Own, RuleOwner};
    use Right::{ActOnAlerts, BreakGlass, ChangePlans, Enrol, ManageStaff, ReadAudit, SeeRecords, SignPacks};
    const GET: &Method = &Method::GET;
    const POST: &Method = &Method::POST;
    const PUT: &Method = &Method::PUT;
    const DELETE: &Method = &Method::DELETE;
    let mut all = vec![
        Route::new(GET, "/api/openapi.json", Anyone, document, "This document")
            .answers::<serde_json::Map<String, Value>>(),
        Route::new(POST, "/api/sign-in", Anyone, sign_in::sign_in, "Sign in: the first factor")
            .takes::<api::SignIn>()
            .answers::<api::SignInNext>()
            .refuses(&[401, 429]),
        Route::new(POST, "/api/sign-in/code", Anyone, second_factor::code, "The second factor: a one-time code")
            .takes::<api::SecondFactorCode>()
            .refuses(&[401, 429]),
        Route::new(
            POST,
            "/api/sign-in/recovery-code",
            Anyone,
            second_factor::recovery_code,
            "The second factor: a recovery code",
        )
        .takes::<api::SecondFactorCode>()
        .answers::<api::RecoveryCodesLeft>()
        .refuses(&[401, 429]),
        Route::new(POST, "/api/sign-in/set-up", Anyone, second_factor::set_up, "Begin to set up a second factor")
            .answers::<api::TotpOffer>()
            .refuses(&[401]),
        Route::new(POST, "/api/sign-in/set-up/confirm", Anyone, second_factor::confirm, "Set up a second factor")
            .takes::<api::SecondFactorCode>()
            .answers::<api::RecoveryCodes>()
            .refuses(&[401, 409]),
        Route::new(POST, "/api/sign-in/passkey/options", Anyone, passkey::options, "What a passkey is asked to sign")
            .answers::<api::PasskeyOptions>()
            .refuses(&[401, 409]),
        Route::new(POST, "/api/sign-in/passkey", Anyone, passkey::prove, "The second factor: a passkey")
            .takes::<api::PasskeyAnswer>()
            .refuses(&[401, 409]),
        Route::new(
            POST,
            "/api/sign-in/passkey-alone/options",
            Anyone,
            passkey::options_alone,
            "What a passkey is asked to sign that signs in alone",
        )
        .answers::<api::PasskeyOptions>()
        .refuses(&[409]),
        Route::new(POST, "/api/sign-in/passkey-alone", Anyone, passkey::enter, "Sign in with a passkey alone")
            .takes::<api::PasskeyAnswer>()
            .refuses(&[401, 409]),
        Route::new(GET, "/api/sign-in/providers", Anyone, provider::list, "Organisations with a sign-in of their own")
            .answers::<api::ProviderList>(),
        Route::new(POST, "/api/sign-in/provider", Anyone, provider::begin, "Where an organisation's own sign-in is")
            .takes::<api::ProviderChoice>()
            .answers::<api::ProviderVisit>()
            .refuses(&[404, 502]),
        Route::new(POST, "/api/sign-in/provider/finish", Anyone, provider::finish, "Come back from there")
            .takes::<api::ProviderAnswer>()
            .answers::<api::ProviderSignIn>()
            .refuses(&[401]),
        Route::new(POST, "/api/invitation", Anyone, invitation::show, "Whom an invitation's link invites")
            .takes::<api::InvitationToken>()
            .answers::<api::Invited>()
            .refuses(&[401]),
        Route::new(
            POST,
            "/api/invitation/accept",
            Anyone,
            invitation::accept,
            "Accept an invitation: the first factor",
        )
        .takes::<api::AcceptInvitation>()
        .answers::<api::SignInNext>()
        .refuses(&[400, 401]),
        Route::new(POST, "/api/sign-out", Anyone, sign_in::sign_out, "Sign out, with or without a session"),
        Route::new(GET, "/api/me", Own, me::me, "Who one is").answers::<api::Me>(),
        Route::new(GET, "/api/me/sessions", Own, me::sessions, "One's own sessions").answers::<api::SessionList>(),
        Route::new(DELETE, "/api/me/sessions/{session}", Own, me::end_session, "End one of one's own sessions"),
        Route::new(POST, "/api/me/sessions/end-others", Own, me::end_other_sessions, "End all one's other sessions"),
        Route::new(GET, "/api/me/security", Own, me::security, "With what one signs in").answers::<api::Security>(),
        Route::new(POST, "/api/me/password", Own, me::set_password, "Change one's password")
            .takes::<api::NewPassword>(),
        Route::new(POST, "/api/me/recovery-codes", Own, me::renew_recovery_codes, "Make new recovery codes")
            .answers::<api::RecoveryCodes>(),
        Route::new(POST, "/api/me/totp", Own, me::offer_totp, "Begin to change one's one-time codes")
            .answers::<api::TotpOffer>(),
        Route::new(POST, "/api/me/totp/confirm", Own, me::confirm_totp, "Change one's one-time codes")
            .takes::<api::SecondFactorCode>()
            .answers::<api::RecoveryCodes>()
            .refuses(&[409]),
        Route::new(POST, "/api/me/passkeys/options", Own, passkey::options_new, "Begin to add a passkey")
            .answers::<api::PasskeyOptions>()
            .refuses(&[409]),
        Route::new(POST, "/api/me/passkeys", Own, passkey::add, "Add a passkey")
            .takes::<api::NewPasskey>()
            .refuses(&[409]),
        Route::new(DELETE, "/api/me/passkeys/{passkey}", Own, passkey::remove, "Remove a passkey"),
        Route::new(GET, "/api/me/contacts", Own, contacts::list, "Where one is paged").answers::<api::ContactList>(),
        Route::new(POST, "/api/me/contacts", Own, contacts::add, "Add a way to be paged: a code goes there")
            .takes::<api::NewContact>()
            .answers::<api::ContactAdded>()
            .refuses(&[409, 429]),
        Route::new(DELETE, "/api/me/contacts/{contact}", Own, contacts::remove, "Remove a way to be paged")
            .refuses(&[409]),
        Route::new(POST, "/api/me/contacts/{contact}/code", Own, contacts::send_again, "Send another code there")
            .refuses(&[429]),
        Route::new(POST, "/api/me/contacts/{contact}/confirm", Own, contacts::confirm, "Confirm it with the code")
            .takes::<api::ContactCode>()
            .refuses(&[409]),
        Route::new(GET, "/api/staff", May(ManageStaff), staff::list, "Who works in one's organisation")
            .answers::<api::StaffList>(),
        Route::new(POST, "/api/staff/invitations", May(ManageStaff), staff::invite, "Invite a member of staff")
            .takes::<api::Invite>()
            .answers::<api::StaffRow>()
            .refuses(&[404, 409, 502]),
        Route::new(POST, "/api/staff/{staff}/invitation", May(ManageStaff), staff::invite_again, "Invite again")
            .answers::<api::StaffRow>()
            .refuses(&[409, 502]),
        Route::new(POST, "/api/staff/{staff}/end-sessions", May(ManageStaff), staff::end_sessions, "End all sessions")
            .answers::<api::StaffRow>(),
        Route::new(POST, "/api/staff/{staff}/reset", May(ManageStaff), staff::reset, "Have somebody choose anew")
            .answers::<api::StaffRow>()
            .refuses(&[409, 502]),
        Route::new(POST, "/api/staff/{staff}/deactivate", May(ManageStaff), staff::deactivate, "End somebody's access")
            .answers::<api::StaffRow>()
            .refuses(&[409]),
        Route::new(POST, "/api/staff/{staff}/activate", May(ManageStaff), staff::activate, "Give access again")
            .answers::<api::StaffRow>()
            .refuses(&[502]),
        Route::new(PUT, "/api/staff/{staff}/teams", May(ManageStaff), staff::set_teams, "The teams somebody works in")
            .takes::<api::StaffTeams>()
            .answers::<api::StaffRow>(),
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
        Route::new(
            POST,
            "/api/patients/{patient}/readings/{seq}/accept",
            May(ChangePlans),
            doubted::accept,
            "An unconfirmed value is real for this person",
        )
        .answers::<api::Accepted>()
        .refuses(&[409]),
        Route::new(POST, "/api/patients/{patient}/pauses", May(ChangePlans), plan::pause, "The person is away")
            .takes::<api::NewPause>()
            .answers::<api::PlanChanged>()
            .refuses(&[409]),
        Route::new(POST, "/api/patients/{patient}/pauses/end", May(ChangePlans), plan::resume, "They are back")
            .takes::<api::Resume>()
            .answers::<api::PlanChanged>()
            .refuses(&[409]),
        Route::new(
            POST,
            "/api/patients/{patient}/pauses/asked",
            May(ChangePlans),
            plan::answer_pause,
            "Yes or no to a pause that the person asked for",
        )
        .takes::<api::AnswerPause>()
        .answers::<api::PlanChanged>()
        .refuses(&[409]),
        Route::new(POST, "/api/patients/{patient}/limits", May(ChangePlans), plan::set_limit, "A limit of their own")
            .takes::<api::SetLimit>()
            .answers::<api::PlanChanged>()
            .refuses(&[409]),
        Route::new(
            POST,
            "/api/patients/{patient}/limits/end",
            May(ChangePlans),
            plan::end_limit,
            "The pack's own limit holds again",
        )
        .takes::<api::EndLimit>()
        .answers::<api::PlanChanged>()
        .refuses(&[409]),
        Route::new(POST, "/api/patients/{patient}/end", May(ChangePlans), plan::end, "Nobody watches any more")
            .takes::<api::EndMonitoring>()
            .answers::<api::MonitoringEnded>()
            .refuses(&[409]),
        Route::new(GET, "/api/patients/{patient}/phones", May(SeeRecords), phones::list, "Phones, carers, instruments")
            .answers::<api::Phones>(),
        Route::new(POST, "/api/patients/{patient}/codes", May(Enrol), phones::code, "A code for a phone, shown once")
            .takes::<api::NewCode>()
            .answers::<api::Code>(),
        Route::new(
            POST,
            "/api/patients/{patient}/devices/{device}/revoke",
            May(Enrol),
            phones::revoke,
            "Let a phone in no more, and say why",
        )
        .takes::<api::Revoke>()
        .answers::<api::Phones>(),
        Route::new(POST, "/api/patients/{patient}/carers", May(Enrol), phones::agree, "The person agreed to a carer")
            .takes::<api::Agreed>()
            .answers::<api::Phones>(),
        Route::new(
            POST,
            "/api/patients/{patient}/carers/{carer}/withdraw",
            May(Enrol),
            phones::withdraw,
            "The person took it back",
        )
        .takes::<api::Withdraw>()
        .answers::<api::Phones>(),
        Route::new(
            POST,
            "/api/patients/{patient}/instruments",
            May(Enrol),
            phones::bind,
            "A user number of an instrument is this person's",
        )
        .takes::<api::NewInstrumentUser>()
        .answers::<api::Phones>()
        .refuses(&[409]),
        Route::new(
            POST,
            "/api/patients/{patient}/instruments/{instrument_user}/release",
            May(Enrol),
            phones::release,
            "The number is this person's no more",
        )
        .answers::<api::Phones>(),
        Route::new(GET, "/api/alerts/{reference}", May(SeeRecords), alerts::find, "Where an alert is found")
            .answers::<api::AlertPlace>(),
        Route::new(POST, "/api/alerts/{alert}/acknowledge", May(ActOnAlerts), alerts::acknowledge, "Take an alert")
            .takes::<api::Saw>()
            .answers::<api::Alert>()
            .refuses(&[409]),
        Route::new(
            POST,
            "/api/alerts/{alert}/snooze",
            May(ActOnAlerts),
            alerts::snooze,
            "Put an alert off for a while",
        )
        .takes::<api::Snooze>()
        .answers::<api::Alert>()
        .refuses(&[409]),
        Route::new(
            GET,
            "/api/alerts/{alert}/colleagues",
            May(ActOnAlerts),
            alerts::colleagues,
            "To whom an alert may be handed",
        )
        .answers::<api::Colleagues>(),
        Route::new(POST, "/api/alerts/{alert}/offer", May(ActOnAlerts), alerts::offer, "Hand an alert to a colleague")
            .takes::<api::Offer>()
            .answers::<api::Alert>()
            .refuses(&[409]),
        Route::new(
            POST,
            "/api/alerts/{alert}/accept",
            May(ActOnAlerts),
            alerts::accept,
            "Accept what a colleague hands over",
        )
        .takes::<api::Saw>()
        .answers::<api::Alert>()
        .refuses(&[409]),
        Route::new(
            POST,
            "/api/alerts/{alert}/decline",
            May(ActOnAlerts),
            alerts::decline,
            "Do not accept what a colleague hands over",
        )
        .takes::<api::Saw>()
        .answers::<api::Alert>()
        .refuses(&[409]),
        Route::new(POST, "/api/alerts/{alert}/release", May(ActOnAlerts), alerts::release, "Let go of an alert")
            .takes::<api::Saw>()
            .answers::<api::Alert>()
            .refuses(&[409]),
        Route::new(
            POST,
            "/api/alerts/{alert}/rang-no-answer",
            May(ActOnAlerts),
            alerts::rang_no_answer,
            "The patient was rung, and nobody answered",
        )
        .takes::<api::Saw>()
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
        Route::new(
            POST,
            "/api/break-glass/find",
            May(BreakGlass),
            find_person::to_break_glass,
            "Find somebody out of reach",
        )
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
        Route::new(
            GET,
            "/api/patients/{patient}/rule",
            May(SeeRecords),
            rules::explain,
            "What each part of a rule saw of somebody, and when",
        )
        .query::<rules::AskedRule>()
        .answers::<api::RuleExplained>()
        .refuses(&[409]),
        Route::new(GET, "/api/rules", Own, rules::in_force, "The rules in force, and what waits to be")
            .answers::<api::RulesInForce>()
            .refuses(&[404]),
        Route::new(GET, "/api/rules/page", Own, rules::page, "A pack in plain sentences")
            .query::<rules::Asked>()
            .answers::<api::RulesPage>()
            .refuses(&[404, 409]),
        Route::new(POST, "/api/rules/signatures", May(SignPacks), rules::sign, "Release a pack as one read it")
            .takes::<api::SignPack>()
            .answers::<api::RulesInForce>()
            .refuses(&[404, 409]),
        Route::new(POST, "/api/rules/proposals", RuleOwner, rules::propose, "Propose rules")
            .takes::<api::ProposeRules>()
            .answers::<api::RulesInForce>()
            .refuses(&[404, 409]),
        Route::new(POST, "/api/rules/proposals/approve", RuleOwner, rules::approve, "Put another's in force")
            .takes::<api::ProposedRules>()
            .answers::<api::RulesInForce>()
            .refuses(&[404, 409]),
        Route::new(POST, "/api/rules/proposals/withdraw", RuleOwner, rules::withdraw, "Take a proposal back")
            .takes::<api::ProposedRules>()
            .answers::<api::RulesInForce>()
            .refuses(&[404, 409]),
        Route::new(POST, "/api/rules/undo", RuleOwner, rules::undo, "Go back to the rules before, alone")
            .takes::<api::UndoRules>()
            .answers::<api::RulesInForce>()
            .refuses(&[404, 409]),
        Route::new(POST, "/api/rules/stops", RuleOwner, rules::stop, "Stop one rule for up to a day, alone")
            .takes::<api::StopRule>()
            .answers::<api::RulesInForce>()
            .refuses(&[404, 409]),
        Route::new(POST, "/api/rules/stops/end", RuleOwner, rules::resume, "Let a stopped rule go on")
            .takes::<api::ResumeRule>()
            .answers::<api::RulesInForce>()
            .refuses(&[404, 409]),
        Route::new(POST, "/api/rules/backtest", RuleOwner, backtest::run, "Replay one's patients under a proposal")
            .takes::<api::RunBacktest>()
            .answers::<api::BacktestReport>()
            .refuses(&[404, 409]),
        Route::new(GET, "/api/rules/shadow", RuleOwner, shadow::show, "What rules beside those in force would do")
            .answers::<api::ShadowReport>()
            .refuses(&[404]),
        Route::new(POST, "/api/rules/shadow", RuleOwner, shadow::start, "Run a proposal beside the rules in force")
            .takes::<api::StartShadow>()
            .answers::<api::ShadowReport>()
            .refuses(&[404, 409]),
        Route::new(POST, "/api/rules/shadow/stop", RuleOwner, shadow::stop, "Stop it before its time")
            .answers::<api::ShadowReport>()
            .refuses(&[404, 409]),
        Route::new(GET, "/api/audit", May(ReadAudit), audit::search, "The audit, newest first")
            .query::<audit::Asked>()
            .answers::<api::AuditPage>()
            .refuses(&[404]),
        Route::new(GET, "/api/audit/choices", May(ReadAudit), audit::choices, "Acts and staff to search the audit for")
            .answers::<api::AuditChoices>(),
        Route::new(
            POST,
            "/api/audit/find",
            May(ReadAudit),
            find_person::to_audit,
            "Find a patient to search the audit for",
        )
        .takes::<api::FindPerson>()
        .answers::<api::FoundPeople>(),
        Route::new(GET, "/api/audit/export", May(ReadAudit), audit::export, "The audit as FHIR R4 AuditEvents")
            .query::<audit::Asked>()
            .answers::<serde_json::Map<String, Value>>()
            .refuses(&[404]),
    ];
    all.extend(roster::routes::routes());
    all.extend(paging::routes::routes());
    all
}

/// The table as a router; each route checks its access first.
pub fn router(web: &Arc<Web>) -> Router<Arc<Web>> {
    routes().into_iter().fold(Router::new(), |api, route| {
        let check = from_fn_with_state((Arc::clone(web), route.access), access::check);
        api.merge(route.router.route_layer(check))
    })
}
