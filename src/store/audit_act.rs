//! What can be done, as the audit names it. A name is for ever: entries that bear it are never rewritten.

macro_rules! acts {
    ($($(#[$doc:meta])* $act:ident = $name:literal, $words:literal;)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Act {
            $($(#[$doc])* $act,)+
        }

        impl Act {
            /// By its stored name; none: of another version.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|act| act.name() == name)
            }

            pub const ALL: &[Self] = &[$(Self::$act,)+];

            /// As it is stored.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$act => $name,)+
                }
            }

            /// What somebody did, in words that follow their name.
            pub fn words(self) -> &'static str {
                match self {
                    $(Self::$act => $words,)+
                }
            }
        }
    };
}

acts! {
    // Records.
    WorklistRead = "worklist.read", "read the worklist";
    PatientsListed = "patients.listed", "listed patients";
    RecordRead = "record.read", "opened the record";
    SeriesRead = "record.series_read", "looked at a chart";
    /// Hears at once of this person's readings.
    RecordFollowed = "record.followed", "followed the record";
    RecordRefused = "record.refused", "asked for a record out of reach";
    /// Their role does not include it.
    RightRefused = "right.refused", "asked for what their role does not include";
    GlassBroken = "record.glass_broken", "opened the record in an emergency";
    PersonSought = "record.person_sought", "looked for somebody out of reach";
    PatientAdded = "patient.added", "added a patient";
    PatientShared = "patient.shared", "let another team look after the patient";
    PatientUnshared = "patient.unshared", "ended another team's looking after the patient";
    /// Plan, limits, tags, pauses.
    PlanChanged = "patient.plan_changed", "changed the plan";
    ReadingEntered = "patient.reading_entered", "entered a reading";
    /// The patient asked for it on a phone.
    ChangeRefused = "patient.change_refused", "tried to change what is set for the patient, and changed nothing";
    PauseDeclined = "patient.pause_declined", "did not take on a pause that the patient asked for";
    ReadingAccepted = "patient.reading_accepted", "took an unconfirmed value as it is";
    MonitoringEnded = "patient.monitoring_ended", "ended the monitoring";
    ArchiveMade = "record.archive_exported", "made an archive of everything in the record";
    RecordRestricted = "record.restricted", "restricted the record";
    RestrictionLifted = "record.restriction_lifted", "lifted the restriction of the record";
    RecordErased = "record.erased", "erased the record";
    /// What was measured before a day.
    OldErased = "record.old_erased", "erased what is old in the record";
    JudgedAgain = "patient.judged_again", "had the record judged again";

    // Alerts.
    AlertFound = "alert.found", "looked up an alert";
    AlertAcknowledged = "alert.acknowledged", "took an alert";
    AlertSnoozed = "alert.snoozed", "put an alert off";
    AlertOffered = "alert.offered", "handed an alert to a colleague";
    AlertAccepted = "alert.accepted", "accepted an alert from a colleague";
    AlertDeclined = "alert.declined", "did not accept an alert from a colleague";
    AlertReleased = "alert.released", "let go of an alert";
    AlertRang = "alert.rang", "rang about an alert, and nobody answered";
    AlertClosed = "alert.closed", "closed an alert";

    // Devices and who submits.
    CodeMade = "device.code_made", "made an enrolment code";
    DeviceEnrolled = "device.enrolled", "enrolled a phone";
    EnrolmentRefused = "device.enrolment_refused", "gave a wrong date of birth with an enrolment code";
    DeviceRevoked = "device.revoked", "revoked a phone";
    DevicesListed = "device.listed", "listed phones";
    CarerAdded = "carer.added", "added a carer";
    CarerChanged = "carer.changed", "changed whom a carer submits for";
    InstrumentBound = "instrument.bound", "said whose an instrument's number is";
    InstrumentReleased = "instrument.released", "said that an instrument's number is nobody's";
    OwnReadingsRead = "own.readings_read", "read readings on the phone";
    OwnAccessLogRead = "own.access_log_read", "read who opened the record";

    // Rules, rosters, teams, staff.
    RulebookPublished = "rules.published", "put rules in force";
    RulesProposed = "rules.proposed", "proposed rules";
    RulesProposalWithdrawn = "rules.proposal_withdrawn", "withdrew proposed rules";
    RulesUndone = "rules.undone", "went back to the rules before";
    RuleStopped = "rules.rule_stopped", "stopped a rule for a while";
    RuleResumed = "rules.rule_resumed", "let a stopped rule go on";
    PackSigned = "rules.pack_signed", "signed a pack for live use";
    RuleOwnerNamed = "rules.owner_named", "said who publishes rules";
    RuleExplained = "rules.explained", "had a rule explained for the patient";
    RulesBacktested = "rules.backtested", "replayed patients under other rules";
    ShadowStarted = "rules.shadow_started", "started rules beside those in force";
    ShadowStopped = "rules.shadow_stopped", "stopped the rules beside those in force";
    ShadowRead = "rules.shadow_read", "read what the rules beside those in force would do";
    RosterRead = "team.roster_read", "read the roster";
    RosterSet = "team.roster_set", "set the roster";
    PolicySet = "team.policy_set", "set the escalation policy";
    CoverDeclared = "team.cover_declared", "declared when a team answers";
    StandInArranged = "team.stand_in_arranged", "arranged that somebody stands in";
    StandInEnded = "team.stand_in_ended", "took back that somebody stands in";
    LeaveEntered = "staff.leave_entered", "entered leave";
    LeaveRemoved = "staff.leave_removed", "took back leave";
    CalendarMade = "staff.calendar_made", "had an address made from which a calendar fetches their shifts";
    CalendarRemoved = "staff.calendar_removed", "took back the address from which a calendar fetches their shifts";
    TeamMade = "team.made", "made a team";
    TeamChanged = "team.changed", "changed a team";
    MemberAdded = "team.member_added", "added somebody to a team";
    MemberRemoved = "team.member_removed", "took somebody out of a team";
    OrganisationMade = "organisation.made", "made an organisation";
    OrganisationChanged = "organisation.changed", "changed an organisation";
    StaffListed = "staff.listed", "listed staff";
    StaffAdded = "staff.added", "added a member of staff";
    StaffChanged = "staff.changed", "changed a member of staff";
    StaffSuspended = "staff.suspended", "ended a member of staff's access";
    StaffReinstated = "staff.reinstated", "gave a member of staff access again";
    StaffReset = "staff.reset", "had a member of staff choose a new password and second factor";
    StaffInvited = "staff.invited", "invited a member of staff";
    ContactAdded = "staff.contact_added", "added a way to be paged";
    ContactProven = "staff.contact_proven", "confirmed a way to be paged";
    ContactRemoved = "staff.contact_removed", "removed a way to be paged";
    TestPageSent = "staff.test_page_sent", "sent a test page";
    PagingRead = "paging.read", "looked at whom the service paged";

    // Signing in. Of a failed one the actor is whose account it was tried on.
    InvitationUsed = "sign_in.invitation_used", "took up an invitation";
    SignedIn = "sign_in.done", "signed in";
    SignInFailed = "sign_in.failed", "could not sign in";
    SignInLimited = "sign_in.limited", "was kept from guessing on";
    SignedOut = "sign_in.ended", "signed out";
    SessionRevoked = "sign_in.revoked", "ended a session";
    PasswordSet = "sign_in.password_set", "set a password";
    FactorAdded = "sign_in.factor_added", "added a second factor";
    FactorRemoved = "sign_in.factor_removed", "removed a second factor";
    RecoveryCodesMade = "sign_in.recovery_codes_made", "made recovery codes";
    RecoveryCodeUsed = "sign_in.recovery_code_used", "used a recovery code";
    AccountLinked = "sign_in.account_linked", "linked an account of their organisation";

    // The audit itself.
    /// An auditor looked for a patient, to ask what was done to their record.
    AuditPersonFound = "audit.person_found", "looked for a person in the audit";
    AuditSearched = "audit.searched", "searched the audit";
    AuditExported = "audit.exported", "exported the audit";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_acts_bear_one_name() {
        let names: BTreeSet<_> = Act::ALL.iter().map(|act| act.name()).collect();
        assert_eq!(names.len(), Act::ALL.len());
        assert!(names.iter().all(|name| name.chars().all(|letter| matches!(letter, 'a'..='z' | '_' | '.'))));
    }
}
