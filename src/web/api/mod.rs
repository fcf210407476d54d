//! The staff API as its pages see it: every body that is sent or taken, and nothing that does anything.
//! `web/shared/api/staff.ts` is made from these types; a test fails when it is out of date
//! (`make schema` writes it anew).

mod account;
mod alert;
mod audit;
mod backtest;
mod break_glass;
mod contact;
mod paging;
mod passkey;
mod patient;
mod phones;
mod plan;
mod provider;
mod roster;
mod rules;
mod series;
mod session;
mod shadow;
mod sign_in;
mod staff;
mod worklist;

pub use account::{NewPassword, Security, Session, SessionList};
pub use alert::{Alert, AlertEvent, AlertHead, AlertPlace, Close, Colleagues, Offer, Outcome, Saw, Snooze};
pub use audit::{AuditAct, AuditChoices, AuditEntry, AuditPage, AuditPatient};
pub use backtest::{BacktestReport, BacktestRule, BothRules, RunBacktest};
pub use break_glass::{BreakGlass, BrokenGlass, FindPerson, FoundPeople, FoundPerson, GlassBroken};
pub use contact::{BrowserKeys, CodeSent, Contact, ContactAdded, ContactCode, ContactKind, ContactList, NewContact};
pub use paging::{AlertPages, PageAbout, PageLife, PageState, PageTry, PageWentOn, Paging, TestSent, Way, Ways};
pub use passkey::{NewPasskey, Passkey, PasskeyAnswer, PasskeyOptions};
pub use patient::{
    Accepted, AnswerLine, AnswerSheet, Erased, Limit, PatientHead, PatientList, PatientPage, PatientRow, Pause, Plan,
    Refusal, Restriction, Search, Slot, UnconfirmedValue, VitalSummary, Whose,
};
pub use phones::{
    Agreed, Carer, Code, Consent, Device, InstrumentUser, NewCode, NewInstrumentUser, Phones, Qr, Revoke, Withdraw,
};
pub use plan::{
    AnswerPause, AskedPause, EndLimit, EndMonitoring, LimitChange, MonitoringEnded, NewPause, PlanChanged, Resume,
    SetLimit,
};
pub use provider::{ProviderAnswer, ProviderChoice, ProviderList, ProviderSignIn, ProviderVisit};
pub use roster::{
    Calendar, DeclareCover, EndLeave, EndStandIn, Leave, NewCalendar, NewLeave, NewShift, NewStandIn, OutsideCover,
    PolicyPage, PolicyPreset, PolicyWords, RosterDay, RosterPage, RosterShift, RosterStretch, SetPolicy, SetShifts,
    StandIn,
};
pub use rules::{
    PackRow, PackSignature, ProposeRules, ProposedRules, ResumeRule, RuleExplained, RuleStop, RulesFrom, RulesInForce,
    RulesPage, RulesProposal, SignPack, StopRule, UndoRules,
};
pub use series::{Gap, Given, LimitStep, PointState, Series, SeriesAlert, SeriesBand, SeriesEvent, SeriesPoint, Side};
pub use session::{Me, Organisation, Role, Team};
pub use shadow::{ShadowDifference, ShadowReport, ShadowWhat, StartShadow};
pub use sign_in::{
    AcceptInvitation, InvitationToken, Invited, NextStep, RecoveryCodes, RecoveryCodesLeft, SecondFactorCode, SignIn,
    SignInNext, TotpOffer,
};
pub use staff::{Invite, StaffList, StaffRow, StaffState, StaffTeams};
pub use worklist::{Away, Changed, Counts, LastReading, OnDuty, TeamNow, What, Worklist, WorklistRow};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// How soon a person must act (IEC 60601-1-8). Worst first, so that sorting puts the worst on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    High,
    Medium,
    Low,
}

/// What an alert is about: the patient's health, their silence, their instruments, or the service itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Clinical,
    Absence,
    Equipment,
    Service,
}

/// A member of staff, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Person {
    pub staff: Uuid,
    pub name: String,
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct Failure {
    pub error: FailureDetail,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS, JsonSchema)]
pub struct FailureDetail {
    /// For programs: `not_signed_in`, `not_found`, `already_acknowledged`, …
    pub code: String,
    /// For people: what happened, and what to do next.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::path::Path;

    use super::*;
    use crate::shadowing::{ShadowCount, ShadowRule};

    const FILE: &str = "web/shared/api/staff.ts";

    fn typescript() -> String {
        let config = ts_rs::Config::new().with_large_int("number");
        let mut text = String::from(
            "// The staff API. Made from src/web/api/*.rs by `make schema`; do not edit.\n\
             // Times are RFC 3339 in UTC; ids are UUIDs.\n",
        );
        macro_rules! write_types {
            ($($name:ty),* $(,)?) => {
                $(
                    writeln!(text).expect("a string takes everything");
                    if let Some(docs) = <$name as TS>::docs() {
                        text.push_str(&docs);
                    }
                    writeln!(text, "export {}", <$name as TS>::decl(&config)).expect("a string takes everything");
                )*
            };
        }
        write_types!(
            Priority,
            Kind,
            Person,
            Failure,
            FailureDetail,
            SignIn,
            SignInNext,
            NextStep,
            SecondFactorCode,
            RecoveryCodesLeft,
            TotpOffer,
            RecoveryCodes,
            InvitationToken,
            Invited,
            AcceptInvitation,
            ProviderList,
            ProviderChoice,
            ProviderVisit,
            ProviderAnswer,
            ProviderSignIn,
            PasskeyOptions,
            PasskeyAnswer,
            NewPasskey,
            Passkey,
            SessionList,
            ContactList,
            Contact,
            ContactKind,
            CodeSent,
            NewContact,
            BrowserKeys,
            ContactAdded,
            ContactCode,
            Paging,
            AlertPages,
            PageLife,
            PageState,
            PageAbout,
            PageTry,
            PageWentOn,
            Ways,
            Way,
            TestSent,
            Session,
            Security,
            NewPassword,
            StaffList,
            StaffRow,
            StaffState,
            Invite,
            StaffTeams,
            RosterPage,
            RosterDay,
            OutsideCover,
            RosterStretch,
            RosterShift,
            StandIn,
            Leave,
            NewStandIn,
            EndStandIn,
            NewLeave,
            EndLeave,
            SetShifts,
            NewShift,
            DeclareCover,
            PolicyPage,
            PolicyWords,
            PolicyPreset,
            SetPolicy,
            Calendar,
            NewCalendar,
            Me,
            Role,
            Organisation,
            Team,
            Worklist,
            Away,
            TeamNow,
            OnDuty,
            Counts,
            WorklistRow,
            LastReading,
            Changed,
            What,
            PatientHead,
            Search,
            PatientList,
            PatientRow,
            PatientPage,
            Plan,
            Slot,
            Pause,
            Limit,
            Whose,
            VitalSummary,
            AnswerSheet,
            AnswerLine,
            Refusal,
            Phones,
            Device,
            Carer,
            Consent,
            InstrumentUser,
            NewCode,
            Code,
            Qr,
            Revoke,
            Agreed,
            Withdraw,
            NewInstrumentUser,
            AlertHead,
            Alert,
            AlertPlace,
            AlertEvent,
            Outcome,
            Close,
            Saw,
            Snooze,
            Offer,
            Colleagues,
            FindPerson,
            FoundPeople,
            FoundPerson,
            BreakGlass,
            GlassBroken,
            BrokenGlass,
            Restriction,
            Erased,
            UnconfirmedValue,
            NewPause,
            AskedPause,
            AnswerPause,
            Resume,
            SetLimit,
            EndLimit,
            EndMonitoring,
            MonitoringEnded,
            PlanChanged,
            LimitChange,
            Accepted,
            AuditPage,
            AuditEntry,
            AuditPatient,
            AuditChoices,
            AuditAct,
            Series,
            SeriesPoint,
            PointState,
            Given,
            LimitStep,
            Side,
            SeriesBand,
            SeriesEvent,
            SeriesAlert,
            Gap,
            RulesInForce,
            PackRow,
            PackSignature,
            RuleStop,
            RulesProposal,
            RulesPage,
            ProposeRules,
            RulesFrom,
            ProposedRules,
            UndoRules,
            StopRule,
            ResumeRule,
            SignPack,
            RuleExplained,
            RunBacktest,
            BacktestReport,
            BacktestRule,
            BothRules,
            StartShadow,
            ShadowReport,
            ShadowRule,
            ShadowCount,
            ShadowDifference,
            ShadowWhat,
        );
        text
    }

    /// `DERWENT_REGENERATE=1` writes the file instead of comparing it: that is `make schema`.
    #[test]
    fn generated_typescript_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
        let made = typescript();
        if std::env::var_os("DERWENT_REGENERATE").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for the types");
            std::fs::write(&path, made).expect("the types written");
            return;
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == made, "{FILE} is out of date; run `make schema` and commit it");
    }
}
