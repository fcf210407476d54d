//! Changing what is set for a patient: pauses and limits, by command or on a page. Pure: whoever calls writes the new version.
//!
//! What is refused says why and what to do, in words for whoever asked; without a capital and a full stop.

use alert_rules::facts::{Pause, PlanLimit};
use alert_rules::rule::Limit;
use alert_rules::{Facts, Rulebook};
use jiff::{SignedDuration, Timestamp};

/// Local: nobody is forgotten for longer.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(String);

fn refuse<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(why.into()))
}

/// The patient is away. `who`: the pause's owner, and why. Without a beginning it begins now.
pub fn pause(
    facts: &mut Facts,
    from: Option<Timestamp>,
    until: Timestamp,
    who: (&str, &str),
    now: Timestamp,
) -> Result<(), Refused> {
    let from = from.unwrap_or(now);
    if from < now {
        return refuse(
            "a pause cannot begin in the past: silence that was found stays found; without a beginning it begins now",
        );
    }
    if until <= from {
        return refuse("a pause ends after it begins; choose a later end");
    }
    if until > from + LONGEST_PAUSE {
        return refuse(
            "a pause lasts 90 days at most; whoever stays away longer is asked again, or the monitoring is ended",
        );
    }
    facts.pauses.push(Pause { from, until, by: who.0.to_owned(), why: who.1.to_owned(), asked: false });
    Ok(())
}

/// The patient is back: what is paused goes on now, and pauses that were to come are off.
pub fn resume(facts: &mut Facts, now: Timestamp) -> Result<(), Refused> {
    if !facts.pauses_in_force().any(|pause| pause.until > now) {
        return refuse("nothing of this patient is paused; nothing was changed");
    }
    facts.pauses.retain(|pause| pause.asked || pause.from < now);
    let taken_on = facts.pauses.iter_mut().filter(|pause| !pause.asked);
    taken_on.for_each(|pause| pause.until = pause.until.min(now));
    Ok(())
}

/// Sets a limit of this patient's own, in place of the pack's: `name` is `pack/limit`.
pub fn set_limit(
    rulebook: &Rulebook,
    facts: &mut Facts,
    name: &str,
    own: PlanLimit,
    now: Timestamp,
) -> Result<(), Refused> {
    check_limit(rulebook, facts, name, &own)?;
    if own.until.is_some_and(|until| until <= now) {
        return refuse(format!("the limit {name} would have ended already; choose a later end, or none"));
    }
    facts.plan.limits.insert(name.to_owned(), own);
    Ok(())
}

/// The pack's own limit holds again.
pub fn end_limit(facts: &mut Facts, name: &str) -> Result<(), Refused> {
    match facts.plan.limits.remove(name) {
        Some(_) => Ok(()),
        None => refuse(format!("this patient has no limit {name} of their own; nothing was changed")),
    }
}

/// The limit `pack/limit` of a pack that this plan has.
pub fn known_limit<'a>(rulebook: &'a Rulebook, facts: &Facts, name: &str) -> Result<&'a Limit, Refused> {
    let Some((pack, limit)) = name.split_once('/') else { return refuse("a limit is named pack/limit") };
    if !facts.plan.packs.iter().any(|assigned| assigned == pack) {
        return refuse(format!("the limit {name} belongs to a pack that this plan does not have; add the pack {pack}"));
    }
    let limits = rulebook.pack(pack).map(|pack| pack.limits.as_slice()).unwrap_or_default();
    limits.iter().find(|known| known.name == limit).ok_or_else(|| {
        let there: Vec<&str> = limits.iter().map(|limit| limit.name.as_str()).collect();
        Refused(format!("the pack {pack} has no limit {limit:?}; it has {}", there.join(", ")))
    })
}

/// Whether a plan's own limit is one, and within what its pack allows.
pub fn check_limit(rulebook: &Rulebook, facts: &Facts, name: &str, own: &PlanLimit) -> Result<(), Refused> {
    let known = known_limit(rulebook, facts, name)?;
    let unit = known.dimension.display();
    let Some(value) = alert_rules::limits::canonical(known, own) else {
        return refuse(format!("{name} is given in {unit}, not in {:?}", own.unit));
    };
    if !known.range.holds(value) {
        let (from, to) = (known.range.from, known.range.to);
        return refuse(format!(
            "{name} may be from {from} to {to} {unit}; choose one within, or have the pack changed"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page gives a limit in the unit that it shows.
    #[test]
    fn every_limit_can_be_given_as_it_is_shown() {
        let rulebook = Rulebook::built_in();
        let limits = rulebook.packs().iter().flat_map(|pack| &pack.limits);
        let mut all = 0;
        for limit in limits {
            let (unit, by) = (limit.dimension.display().to_owned(), String::new());
            let own = PlanLimit { value: limit.default, unit, by: by.clone(), why: by, until: None };
            assert_eq!(alert_rules::limits::canonical(limit, &own), Some(limit.default), "{}", limit.name);
            all += 1;
        }
        assert!(all > 10);
    }
}
