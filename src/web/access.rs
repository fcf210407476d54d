//! Who may ask what. Every route states its access (`routes.rs`); what it states is checked here, before its handler runs.
//!
//! A role says what one may do, a team whose records one sees (`reach.rs`), a profession what one is. A right is refused whatever
//! the request names; what is out of reach looks exactly like what does not exist.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Web;
use super::api::Role;
use super::failure::Failure;
use super::session::SignedIn;
use crate::listen::Visitor;
use crate::store::audit::{self, Act};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever comes: nobody is signed in yet.
    Anyone,
    /// Every member of staff, about themselves.
    Own,
    /// Those whose role has this right.
    May(Right),
    /// Those whom whoever runs the service named: rules hold for every organisation, so no role of one includes them.
    RuleOwner,
}

/// What a role may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// See the records of the patients within reach.
    SeeRecords,
    /// Acknowledge and close alerts of the patients within reach.
    ActOnAlerts,
    /// Let phones in and out, write down what patients agreed to, and say whose an instrument is.
    Enrol,
    /// Take a doubted value of a patient as it is, and change what is set for them: limits, pauses, the end of the monitoring.
    ChangePlans,
    /// Open a record out of reach, with a reason.
    BreakGlass,
    /// Invite, reset and deactivate members of staff of the own organisation, and say which teams they work in.
    ManageStaff,
    /// Say who is on duty in a team one works in, who stands in for whom, who is away, and when the team answers.
    ManageRosters,
    /// See whom the service paged in the own organisation, and what came of it.
    SeePaging,
    /// Release a pack of rules for live use.
    SignPacks,
    /// Search the audit of one's organisation. For auditors alone, who see no record.
    ReadAudit,
}

impl Role {
    /// An administrator who works in a team does there what a co-ordinator does: a small practice has no two of each.
    pub fn may(self, right: Right) -> bool {
        match (self, right) {
            (Self::Auditor, right) => right == Right::ReadAudit,
            (_, Right::ReadAudit) => false,
            (_, Right::SignPacks) => self == Self::Clinician,
            (Self::Clinician, Right::ManageRosters) => false,
            (Self::Coordinator | Self::Clinician, right) => !matches!(right, Right::ManageStaff | Right::SeePaging),
            (
                Self::Administrator,
                Right::SeeRecords
                | Right::ActOnAlerts
                | Right::Enrol
                | Right::ChangePlans
                | Right::ManageStaff
                | Right::ManageRosters
                | Right::SeePaging,
            ) => true,
            (Self::Administrator, Right::BreakGlass) => false,
        }
    }
}

impl Access {
    fn is_granted_to(self, who: &SignedIn) -> bool {
        match self {
            Self::Anyone | Self::Own => true,
            Self::May(right) => who.role.may(right),
            Self::RuleOwner => who.rule_owner,
        }
    }
}

async fn refused(web: &Web, who: &SignedIn, detail: Value) -> Result<(), sqlx::Error> {
    let mut db = web.transaction(who).await?;
    audit::write_look(&mut db, &who.did(Act::RightRefused, web.parts.clock.machine_now()).detail(detail)).await?;
    db.commit().await
}

/// Lets through whom the route is for; handlers then find in the request who it is.
pub async fn check(State((web, access)): State<(Arc<Web>, Access)>, mut request: Request, next: Next) -> Response {
    if access == Access::Anyone {
        return next.run(request).await;
    }
    let address = request.extensions().get::<Visitor>().map(|visitor| visitor.0);
    let who = match SignedIn::find(request.headers(), address, &web).await {
        Ok(who) => who,
        Err(failure) => return failure.into_response(),
    };
    if !access.is_granted_to(&who) {
        let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let detail = json!({ "method": request.method().as_str(), "route": route });
        if let Err(error) = refused(&web, &who, detail).await {
            return Failure::from(error).into_response();
        }
        return Failure::new(
            StatusCode::FORBIDDEN,
            "not_allowed",
            "Your role does not include this. Ask a colleague whose role does, or your administrator.",
        )
        .into_response();
    }
    request.extensions_mut().insert(who);
    next.run(request).await
}
