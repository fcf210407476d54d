//! Putting rules in force: proposed by one rule owner and approved by another, with every pack that watches somebody signed by a
//! clinician. Going back to the rules before, and stopping one rule for a day, need one person, at any hour; the operator is told.
//!
//! Whoever calls gives the transaction, in the monitor's role, and commits it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use alert_rules::stop::{self, Stop};
use alert_rules::{Problem, Rulebook, check, questionnaire};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::audit::{self, Act, Actor, Entry};
use crate::store::pack_signature::{self, Signature};
use crate::store::rulebook::{self, Published};
use crate::store::rules_proposal::{self, Proposal};
use crate::store::{alert, arrival, facts, staff};

/// In characters; also of a registration.
const LONGEST_REASON: usize = 500;
/// What a printed page shows of a pack's hash, in hexadecimal digits.
const SHORTEST_HASH: usize = 16;
/// In bytes, all files together: the built-in ones are about 200 kB.
const LARGEST: usize = 2 * 1024 * 1024;

/// Why rules were not proposed, put in force, stopped or signed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("the rules have {} problems, the first:\n{}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
    Problems(Vec<Problem>),
    /// What is in the way, and what to do.
    #[error("{0}")]
    Because(String),
    /// They may not do this, whatever they ask.
    #[error("{0}")]
    NotAllowed(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

type Outcome<T> = Result<T, Refused>;

/// Who does it, and when.
#[derive(Debug)]
pub struct Desk {
    pub staff: Uuid,
    /// Who is on record for it: they themselves, or whoever gave a command in their name.
    pub actor: Actor,
    pub address: Option<IpAddr>,
    pub machine_now: Timestamp,
    pub care_now: Timestamp,
    /// In a demo nobody signs.
    pub demo: bool,
}

/// What is in force, and what waits.
#[derive(Debug)]
pub struct InForce {
    pub rulebook: Rulebook,
    pub published: Published,
    pub signatures: Vec<Signature>,
    pub proposals: Vec<Proposal>,
}

/// None before the first start.
pub async fn in_force(db: &mut PgConnection) -> Outcome<Option<InForce>> {
    let Some(published) = rulebook::last(db, 1).await?.pop() else { return Ok(None) };
    let rulebook = read(rulebook::files_in(db, published.hash).await?)?;
    let signatures = pack_signature::of(db, &hashes(&rulebook)).await?;
    Ok(Some(InForce { rulebook, published, signatures, proposals: rules_proposal::all(db).await? }))
}

impl Desk {
    /// To be approved by another. Its hash.
    pub async fn propose(
        &self,
        db: &mut PgConnection,
        files: BTreeMap<String, String>,
        why: &str,
    ) -> Outcome<[u8; 32]> {
        self.owner(db).await?;
        let why = reason(why)?;
        let hash = checked(&files)?.hash();
        if rulebook::in_force(db).await? == Some(hash) {
            return Err(Refused::Because("These very rules are in force already.".to_owned()));
        }
        asks_as_before(db, &files).await?;
        let proposal = Proposal {
            hash: hash.to_vec(),
            files,
            proposed_by: self.staff,
            by: String::new(),
            proposed_at: self.machine_now,
            why: why.clone(),
        };
        rules_proposal::put(db, &proposal).await?;
        self.record(db, Act::RulesProposed, json!({ "hash": hex(&hash) }), &why).await?;
        Ok(hash)
    }

    /// Puts what another proposed in force.
    pub async fn approve(&self, db: &mut PgConnection, hash: &[u8]) -> Outcome<()> {
        let approver = self.owner(db).await?;
        rulebook::lock(db).await?;
        let proposal = proposed(db, hash).await?;
        if proposal.proposed_by == self.staff {
            return Err(Refused::NotAllowed(
                "You proposed these rules yourself. Somebody else who owns the rules has to approve them.".to_owned(),
            ));
        }
        let rulebook = read(proposal.files.clone())?;
        asks_as_before(db, &proposal.files).await?;
        self.fits(db, &rulebook, true).await?;
        rules_proposal::delete(db, hash).await?;
        let by = format!("{}, approved by {approver}", proposal.by);
        self.publish(db, &rulebook, &by).await?;
        let detail = json!({ "hash": hex(hash), "proposed_by": proposal.proposed_by });
        self.record(db, Act::RulebookPublished, detail, &proposal.why).await
    }

    /// One's own, or another's that is not wanted.
    pub async fn withdraw(&self, db: &mut PgConnection, hash: &[u8]) -> Outcome<()> {
        self.owner(db).await?;
        let proposal = proposed(db, hash).await?;
        rules_proposal::delete(db, hash).await?;
        let detail = json!({ "hash": hex(hash), "proposed_by": proposal.proposed_by });
        self.record(db, Act::RulesProposalWithdrawn, detail, "").await
    }

    /// Back to the rules before those in force.
    pub async fn undo(&self, db: &mut PgConnection, why: &str) -> Outcome<()> {
        let owner = self.owner(db).await?;
        let why = reason(why)?;
        rulebook::lock(db).await?;
        let mut last = rulebook::last(db, 2).await?;
        let Some(before) = last.pop().filter(|_| !last.is_empty()) else {
            return Err(Refused::Because(
                "No other rules were ever in force, so there is nothing to go back to.".into(),
            ));
        };
        let rulebook = read(rulebook::files_in(db, before.hash).await?)?;
        self.fits(db, &rulebook, false).await?;
        self.publish(db, &rulebook, &format!("{owner}, going back")).await?;
        self.record(db, Act::RulesUndone, json!({ "hash": hex(&before.hash) }), &why).await?;
        let sentence = format!(
            "{owner} went back to the rules that were in force before. Whoever published the newer ones should hear of it."
        );
        Ok(alert::open_operator(db, "the rules went back", &sentence, self.care_now).await?)
    }

    /// For `lasts`, at most a day. Each patient whom it watches is a task for as long.
    pub async fn stop(
        &self,
        db: &mut PgConnection,
        rule: &str,
        lasts: SignedDuration,
        why: &str,
    ) -> Outcome<Timestamp> {
        let owner = self.owner(db).await?;
        let why = reason(why)?;
        if lasts <= SignedDuration::ZERO || lasts > stop::AT_MOST {
            return Err(Refused::Because(
                "A rule is stopped for up to 24 hours. What must go is taken out of its pack.".into(),
            ));
        }
        let until = self.care_now + lasts;
        let stop = Stop { rule: rule.to_owned(), from: self.care_now, until, by: owner.clone(), why: why.clone() };
        let files = self.files_in_force(db, rule).await?;
        let stopped = stop::stopped(&files, stop, self.care_now).map_err(|problem| Refused::Problems(vec![problem]))?;
        self.publish(db, &read(stopped)?, &format!("{owner}, stopping a rule")).await?;
        self.record(db, Act::RuleStopped, json!({ "rule": rule, "until": until }), &why).await?;
        let sentence = format!(
            "{owner} stopped the rule {rule} until {until}. Until then it watches nobody; each patient it watched is a task of their team."
        );
        alert::open_operator(db, &format!("the rule {rule} is stopped"), &sentence, self.care_now).await?;
        Ok(until)
    }

    /// Before its stop is over.
    pub async fn resume(&self, db: &mut PgConnection, rule: &str) -> Outcome<()> {
        let owner = self.owner(db).await?;
        let files = self.files_in_force(db, rule).await?;
        let resumed = stop::resumed(&files, rule, self.care_now).map_err(|problem| Refused::Problems(vec![problem]))?;
        if resumed == files {
            return Err(Refused::Because(format!("The rule {rule} is not stopped.")));
        }
        self.publish(db, &read(resumed)?, &format!("{owner}, resuming a rule")).await?;
        self.record(db, Act::RuleResumed, json!({ "rule": rule }), "").await
    }

    /// A clinician releases a pack of the rules in force or of a proposal. `files` is the hash that its printed page shows, or more
    /// of it: so nobody signs another version than they read.
    pub async fn sign(&self, db: &mut PgConnection, pack: &str, files: &str, registration: &str) -> Outcome<()> {
        let registration = reason(registration)?;
        let name = self.clinician(db).await?;
        if files.len() < SHORTEST_HASH {
            return Err(Refused::Because(format!(
                "Name the files as the printed page does, with {SHORTEST_HASH} letters and digits."
            )));
        }
        let mut known = Vec::new();
        known.push(match rulebook::in_force(db).await? {
            Some(hash) => read(rulebook::files_in(db, hash).await?)?,
            // Before the first start.
            None => Rulebook::built_in(),
        });
        for proposal in rules_proposal::all(db).await? {
            known.push(read(proposal.files)?);
        }
        let found =
            known.iter().filter(|rulebook| rulebook.pack(pack).is_some()).map(|rulebook| rulebook.pack_hash(pack));
        let Some(hash) = found.into_iter().find(|hash| hex(hash).starts_with(files)) else {
            return Err(Refused::Because(format!(
                "The pack {pack} with the files {files} is neither in force nor proposed. Print it again, and read it."
            )));
        };
        let signature = Signature {
            pack: pack.to_owned(),
            hash: hash.to_vec(),
            staff: self.staff,
            name,
            registration,
            at: self.machine_now,
        };
        pack_signature::insert(db, &signature).await?;
        self.record(db, Act::PackSigned, json!({ "pack": pack, "hash": hex(&hash) }), "").await
    }

    pub async fn owner(&self, db: &mut PgConnection) -> Outcome<String> {
        match staff::as_publisher(db, self.staff).await? {
            Some((name, _, true)) => Ok(name),
            _ => Err(Refused::NotAllowed(
                "Only those who own the rules may do this; whoever runs the service names them with \
                 `derwent admin staff rule-owner`."
                    .to_owned(),
            )),
        }
    }

    async fn clinician(&self, db: &mut PgConnection) -> Outcome<String> {
        match staff::as_publisher(db, self.staff).await? {
            Some((name, role, _)) if role == "clinician" => Ok(name),
            _ => Err(Refused::NotAllowed("A pack is signed by a clinician.".to_owned())),
        }
    }

    /// Everybody who is monitored stays watched: each pack of each plan is there, is for that person, is no draft, and is signed.
    async fn fits(&self, db: &mut PgConnection, rulebook: &Rulebook, to_be_signed: bool) -> Outcome<()> {
        let plans = facts::of_all_monitored(db).await?;
        let signed: BTreeSet<(String, Vec<u8>)> = pack_signature::of(db, &hashes(rulebook))
            .await?
            .into_iter()
            .map(|signature| (signature.pack, signature.hash))
            .collect();
        let is_signed = |pack: &str| signed.contains(&(pack.to_owned(), rulebook.pack_hash(pack).to_vec()));
        let mut faults: BTreeMap<String, usize> = BTreeMap::new();
        for facts in &plans {
            for name in &facts.plan.packs {
                let fault = match rulebook.pack(name) {
                    None => format!("there is no pack {name}"),
                    Some(pack) if pack.draft.is_some() => format!("the pack {name} is a draft"),
                    Some(pack) if pack.applies_to(facts, self.care_now) == Some(false) => {
                        format!("the pack {name} is not for them: it applies {}", pack.applies_in_words())
                    }
                    Some(_) if to_be_signed && !self.demo && !is_signed(name) => {
                        format!("no clinician has signed the pack {name}")
                    }
                    Some(_) => continue,
                };
                *faults.entry(fault).or_default() += 1;
            }
        }
        if faults.is_empty() {
            return Ok(());
        }
        let faults: Vec<String> = faults.iter().map(|(fault, many)| format!("{fault} ({many} patients)")).collect();
        Err(Refused::Because(format!("These rules would leave patients unwatched: {}.", faults.join("; "))))
    }

    async fn files_in_force(&self, db: &mut PgConnection, rule: &str) -> Outcome<BTreeMap<String, String>> {
        rulebook::lock(db).await?;
        let none = || Refused::Because(format!("There is no rule {rule} in force."));
        let hash = rulebook::in_force(db).await?.ok_or_else(none)?;
        let files = rulebook::files_in(db, hash).await?;
        let rulebook = read(files.clone())?;
        if rulebook.rule(rule).is_none() { Err(none()) } else { Ok(files) }
    }

    async fn publish(&self, db: &mut PgConnection, rulebook: &Rulebook, by: &str) -> Outcome<()> {
        rulebook::publish(db, rulebook.hash(), rulebook.files(), self.machine_now, by).await?;
        Ok(arrival::publish(db, self.care_now).await?)
    }

    pub async fn record(&self, db: &mut PgConnection, act: Act, detail: serde_json::Value, why: &str) -> Outcome<()> {
        let mut detail = detail;
        if let (Actor::Operator(_), serde_json::Value::Object(detail)) = (&self.actor, &mut detail) {
            detail.insert("in_the_name_of".to_owned(), json!(self.staff));
        }
        let entry = Entry::new(self.actor.clone(), act, self.machine_now).from_address(self.address).detail(detail);
        let entry = if why.is_empty() { entry } else { entry.because(why) };
        Ok(audit::write(db, &entry).await?)
    }
}

/// Whether a clinician has signed this pack of these rules, word for word.
pub async fn is_signed(db: &mut PgConnection, rulebook: &Rulebook, pack: &str) -> Result<bool, sqlx::Error> {
    let signatures = pack_signature::of(db, &[rulebook.pack_hash(pack).to_vec()]).await?;
    Ok(signatures.iter().any(|signature| signature.pack == pack))
}

/// What people answered is read by the version they were shown: other questions are another version.
async fn asks_as_before(db: &mut PgConnection, files: &BTreeMap<String, String>) -> Outcome<()> {
    let published = rulebook::questionnaires(db).await?;
    let changed = questionnaire::changed(&published, files);
    if changed.is_empty() { Ok(()) } else { Err(Refused::Problems(changed)) }
}

fn hashes(rulebook: &Rulebook) -> Vec<Vec<u8>> {
    rulebook.packs().iter().map(|pack| rulebook.pack_hash(&pack.name).to_vec()).collect()
}

async fn proposed(db: &mut PgConnection, hash: &[u8]) -> Outcome<Proposal> {
    let proposals = rules_proposal::all(db).await?;
    proposals.into_iter().find(|proposal| proposal.hash == hash).ok_or_else(|| {
        Refused::Because(
            "No such rules are proposed; perhaps somebody has approved or withdrawn them. Look at what waits again."
                .into(),
        )
    })
}

/// What may be proposed, or run in shadow.
pub fn checked(files: &BTreeMap<String, String>) -> Outcome<Rulebook> {
    if files.iter().map(|(path, text)| path.len() + text.len()).sum::<usize>() > LARGEST {
        return Err(Refused::Because(format!("The files are larger than {LARGEST} bytes. Send the packs alone.")));
    }
    if files.contains_key(stop::FILE) {
        return Err(Refused::Because("Rules are stopped on their own, not by a proposal.".to_owned()));
    }
    let problems = check::check(files);
    if problems.is_empty() { read(files.clone()) } else { Err(Refused::Problems(problems)) }
}

fn read(files: BTreeMap<String, String>) -> Outcome<Rulebook> {
    Rulebook::from_files(files).map_err(Refused::Problems)
}

pub fn reason(text: &str) -> Outcome<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST_REASON || text.contains('\0') {
        return Err(Refused::Because(format!("Say why, in up to {LONGEST_REASON} characters.")));
    }
    Ok(text.to_owned())
}

/// A hash as people and pages name it.
pub fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// None: these are not the 64 hexadecimal digits of a hash.
pub fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(digits).collect();
    bytes?.try_into().ok()
}
