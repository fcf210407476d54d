//! What one rule saw of one patient at one instant: for the command and for the staff API.

use alert_rules::{Rulebook, explain};
use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::history::{self, Readings, Wanted};
use crate::store::{acceptance, facts, service_gap};

/// Nothing older can be explained: plans and readings may be erased by then.
const OLDEST: SignedDuration = SignedDuration::from_hours(24 * 366 * 2);

#[derive(Debug, thiserror::Error)]
pub enum Unexplained {
    #[error("there is no rule {0} in force")]
    NoRule(String),
    #[error("rules are explained for the last two years, and not for the future")]
    NotThen,
    #[error("this person has no plan, so nothing watches them")]
    NoPlan,
    #[error("the record cannot be read: {0}")]
    Unreadable(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Which rule and when; checked before anybody's record is looked at.
#[derive(Debug)]
pub struct Question<'a> {
    rulebook: &'a Rulebook,
    rule: &'a str,
    at: Timestamp,
}

impl<'a> Question<'a> {
    pub fn new(rulebook: &'a Rulebook, rule: &'a str, at: Timestamp, now: Timestamp) -> Result<Self, Unexplained> {
        if rulebook.rule(rule).is_none() {
            return Err(Unexplained::NoRule(rule.to_owned()));
        }
        if at > now || now.duration_since(at) > OLDEST {
            return Err(Unexplained::NotThen);
        }
        Ok(Self { rulebook, rule, at })
    }

    /// Each part of the rule with its value, in lines; by the facts as they were. In a transaction.
    pub async fn answer(
        &self,
        db: &mut PgConnection,
        patient: Uuid,
        readings: Readings,
    ) -> Result<String, Unexplained> {
        let Self { rulebook, rule, at } = *self;
        let versions = facts::versions(db, patient).await?;
        let version = versions.iter().rfind(|version| version.valid_from <= at).or(versions.first());
        let mut facts = version.ok_or(Unexplained::NoPlan)?.facts.clone();
        let since = at - rulebook.lookback(&facts);
        facts.service_gaps = service_gap::since(db, since).await?;
        let wanted = Wanted { patient, since, after: 0 };
        let history = history::numbered(db, &[wanted], at, readings).await?.remove(&patient);
        let mut history =
            history.unwrap_or_else(|| Ok(alert_rules::History::default())).map_err(Unexplained::Unreadable)?;
        history.acceptances = acceptance::of(db, &[patient]).await?.remove(&patient).unwrap_or_default();
        explain::explain(rulebook, &facts, &history, rule, at).ok_or_else(|| Unexplained::NoRule(rule.to_owned()))
    }
}
