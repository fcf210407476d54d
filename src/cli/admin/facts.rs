//! A new version of what is set for a patient, checked against the rulebook in force before it is written.

use std::collections::BTreeMap;

use alert_rules::facts::{Due, Facts, PlanLimit, Slot};
use alert_rules::{Rulebook, built_in, template};
use anyhow::{Context, bail};
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Desk;
use super::parse::OwnLimit;
use crate::signal::Signal;
use crate::store::audit::{self, Act};
use crate::store::facts::{self, NewVersion};
use crate::store::rulebook;
use crate::{planning, publishing};

/// The one in force; before the first `serve`, the built-in one.
pub async fn rulebook(desk: &Desk) -> anyhow::Result<Rulebook> {
    let hash = rulebook::in_force(&mut *desk.store.owner.acquire().await?).await?;
    let files = match hash {
        Some(hash) => rulebook::files(&desk.store.owner, hash).await?,
        None => built_in::files(),
    };
    Rulebook::from_files(files).map_err(|problems| {
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        anyhow::anyhow!("the rulebook in force cannot be read by this version of the service:\n{first}")
    })
}

/// What the packs' own templates ask for, beginning on this day. Refused while a tag that they need is not known. Also the
/// limits to ask about, as `pack/limit`.
pub fn from_templates(
    rulebook: &Rulebook,
    packs: &[String],
    tags: &BTreeMap<String, bool>,
    today: Date,
) -> anyhow::Result<(Vec<Slot>, Vec<String>)> {
    let (mut slots, mut limits) = (Vec::new(), Vec::new());
    for pack in packs.iter().filter_map(|name| rulebook.pack(name)) {
        let template = template::of_pack(rulebook.files(), pack).map_err(|problems| {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            anyhow::anyhow!("the plan that the pack {} begins with cannot be read; give --slot:\n{first}", pack.name)
        })?;
        let Some(template) = template else { continue };
        if let Some(tag) = template.tags.iter().find(|tag| !tags.contains_key(*tag)) {
            bail!("a plan of the pack {} needs to know: --tag {tag}=yes or --tag {tag}=no", pack.name);
        }
        for slot in template.slots.iter().map(|(slot, _)| slot.beginning(today)) {
            if !slots.contains(&slot) {
                slots.push(slot);
            }
        }
        limits.extend(template.limits.iter().map(|limit| format!("{}/{limit}", pack.name)));
    }
    Ok((slots, limits))
}

/// Packs, limits and questionnaires that the rulebook does not have would silently watch nobody.
pub async fn check(desk: &Desk, rulebook: &Rulebook, facts: &Facts) -> anyhow::Result<()> {
    let now = desk.clock.care_now();
    let demo = desk.store.is_demo().await?;
    for name in &facts.plan.packs {
        let Some(pack) = rulebook.pack(name) else {
            let there: Vec<&str> = rulebook.packs().iter().map(|pack| pack.name.as_str()).collect();
            bail!("there is no pack {name:?}; there are {}", there.join(", "));
        };
        if let Some(why) = &pack.draft {
            bail!("the pack {name} is a draft and watches nobody yet: {why}");
        }
        if !demo && !publishing::is_signed(&mut *desk.store.owner.acquire().await?, rulebook, name).await? {
            bail!(
                "no clinician has signed the pack {name} {}, so it watches nobody; print it (`derwent rules print {name}`), have it \
                 read, and write down who released it with `derwent rules sign`",
                pack.version
            );
        }
        match pack.applies_to(facts, now) {
            Some(true) => {}
            Some(false) => bail!("the pack {name} is not for this person: it applies {}", pack.applies_in_words()),
            None => bail!(
                "it is not known whether the pack {name} is for this person: it applies {}; say so with --tag, for \
                 example --tag pregnant=no",
                pack.applies_in_words()
            ),
        }
    }
    for (name, limit) in &facts.plan.limits {
        planning::check_limit(rulebook, facts, name, limit)?;
    }
    let all = rulebook.packs().iter().flat_map(|pack| &pack.questionnaires);
    let questionnaires: Vec<&str> = all.map(|questionnaire| questionnaire.id.as_str()).collect();
    for slot in &facts.plan.slots {
        if let Due::Questionnaire(name) = &slot.due
            && !questionnaires.contains(&name.as_str())
        {
            bail!("{name:?} is neither a vital nor a questionnaire; there are {}", questionnaires.join(", "));
        }
    }
    Ok(())
}

pub fn own_limits(limits: &[OwnLimit], by: &str, why: &str, until: Option<Timestamp>) -> BTreeMap<String, PlanLimit> {
    limits
        .iter()
        .map(|limit| {
            let own = PlanLimit {
                value: limit.value,
                unit: limit.unit.clone(),
                by: by.to_owned(),
                why: why.to_owned(),
                until,
            };
            (limit.name.clone(), own)
        })
        .collect()
}

/// Changes the newest version into a new one, in a transaction of its own. Returns the new version's number.
pub async fn change(
    desk: &Desk,
    patient: Uuid,
    why: &str,
    change: impl FnOnce(&mut Facts) -> anyhow::Result<()>,
) -> anyhow::Result<i64> {
    let rulebook = rulebook(desk).await?;
    let mut db = desk.store.owner.begin().await?;
    let organisation = super::patient::known(&mut db, patient).await?.organisation;
    let newest = facts::newest_for_change(&mut db, patient).await?;
    let mut facts = newest.with_context(|| format!("{patient} has no plan yet"))?.facts;
    change(&mut facts)?;
    check(desk, &rulebook, &facts).await?;
    let version = write(desk, &mut db, patient, organisation, &facts, why).await?;
    db.commit().await?;
    announce(desk, patient);
    Ok(version)
}

/// Call `announce` after the commit.
pub async fn write(
    desk: &Desk,
    db: &mut PgConnection,
    patient: Uuid,
    organisation: Uuid,
    facts: &Facts,
    why: &str,
) -> anyhow::Result<i64> {
    let new =
        NewVersion { patient, organisation, facts, valid_from: desk.clock.care_now(), made_by: &desk.made_by, why };
    let version = facts::insert(db, new).await?;
    let entry = desk.did(Act::PlanChanged).about(patient, organisation).because(why);
    audit::write(db, &entry.detail(serde_json::json!({ "version": version }))).await?;
    Ok(version)
}

pub fn announce(desk: &Desk, patient: Uuid) {
    desk.signals.send(Signal::Arrived);
    desk.signals.send(Signal::Plan { patient });
}
