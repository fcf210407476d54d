//! `derwent admin patient end, archive, restrict, lift-restriction, erase`: what a person may ask of us about their data. Of
//! `erase-older` this file has only the arguments.
//!
//! Nothing here ever silences an alarm: only whoever is no longer monitored can be restricted or erased, and whoever has open alerts
//! is not erased (`docs/decisions/0018`).

use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::patient::known;
use super::{Desk, Done, retention};
use crate::signal::Signal;
use crate::store::archive::{self, Part};
use crate::store::audit::{self, Act};
use crate::store::erasure::{self, NotYet, Tombstone};
use crate::store::patient::Patient;
use crate::store::{self, restriction, staff};

#[derive(Subcommand, Debug)]
pub enum Command {
    /// End somebody's monitoring, for good: readings that still come are kept and answered with whom to call, and nobody is paged for
    /// them. Alerts that are open stay open until somebody closes them
    End {
        /// Whose: the id that `derwent admin patient list` shows
        #[arg(long)]
        patient: Uuid,
        /// The reason, for the record. It is kept for good: name nobody in it
        #[arg(long)]
        why: String,
    },
    /// Write everything that is kept about a person into one zip file, JSON and CSV with an index: what they get who ask for their data
    Archive {
        /// Whose: the id that `derwent admin patient list` shows
        #[arg(long)]
        patient: Uuid,
        /// A new file, as in dorothy.zip
        #[arg(long)]
        to: PathBuf,
    },
    /// Keep the record, and let nobody look at it but those who are named. Only after the monitoring has ended, so that no alarm is
    /// silenced
    Restrict {
        /// Whose: the id that `derwent admin patient list` shows
        #[arg(long)]
        patient: Uuid,
        /// The reason, for the record. It is kept for good: name nobody in it
        #[arg(long)]
        why: String,
        /// Who may still look, by e-mail address or id, among those whose teams look after this person; may be given several times.
        /// Without it nobody may
        #[arg(long)]
        reader: Vec<String>,
    },
    /// End a restriction: whoever saw the record before sees it again
    LiftRestriction {
        /// Whose: the id that `derwent admin patient list` shows
        #[arg(long)]
        patient: Uuid,
        /// The reason, for the record. It is kept for good: name nobody in it
        #[arg(long)]
        why: String,
    },
    /// Erase what one person measured before a day, and what was concluded from it alone; what came since, and their monitoring, go on.
    /// It cannot be undone
    EraseOlder(retention::EraseOlder),
    /// Erase everything about a person but the audit, whose entries hold ids. Only after the monitoring has ended and their alerts are
    /// closed. It cannot be undone, so write an archive first; backups hold it until they are gone
    Erase {
        /// Whose: the id that `derwent admin patient list` shows
        #[arg(long)]
        patient: Uuid,
        /// The reason, for the record. It is kept for good: name nobody in it
        #[arg(long)]
        why: String,
        /// The family name of the person, so that nobody is erased by a slip
        #[arg(long)]
        family_name: String,
    },
}

impl Command {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        match self {
            Self::End { patient, why } => end(desk, patient, &why).await,
            Self::Archive { patient, to } => archive_to(desk, patient, &to).await,
            Self::Restrict { patient, why, reader } => restrict(desk, patient, &why, &reader).await,
            Self::LiftRestriction { patient, why } => lift(desk, patient, &why).await,
            Self::EraseOlder(command) => command.run(desk).await,
            Self::Erase { patient, why, family_name } => erase(desk, patient, &why, &family_name).await,
        }
    }
}

async fn end(desk: &Desk, patient: Uuid, why: &str) -> anyhow::Result<Done> {
    let now = desk.clock.care_now();
    let mut db = desk.store.owner.begin().await?;
    let known = known(&mut db, patient).await?;
    if !store::patient::end(&mut db, patient, now).await? {
        bail!("{patient} is not monitored any more already");
    }
    store::arrival::again(&mut db, patient, now, now).await?;
    audit::write(&mut db, &desk.did(Act::MonitoringEnded).about(patient, known.organisation).because(why)).await?;
    db.commit().await?;
    desk.signals.send(Signal::Arrived);
    desk.signals.send(Signal::Plan { patient });
    Ok(Done {
        text: format!(
            "patient {patient} is not monitored any more; alerts that are open stay open until somebody closes them"
        ),
        json: json!({ "patient": patient, "ended_at": now }),
    })
}

async fn restrict(desk: &Desk, patient: Uuid, why: &str, readers: &[String]) -> anyhow::Result<Done> {
    let mut db = desk.store.owner.begin().await?;
    let known = known(&mut db, patient).await?;
    let all = staff::list(&mut db, None).await?;
    let named: Vec<Uuid> = readers
        .iter()
        .map(|reader| {
            let wanted = reader.trim().to_lowercase();
            let found = all.iter().find(|person| person.email == wanted || person.staff.to_string() == wanted);
            let found =
                found.with_context(|| format!("{reader} is nobody's; `derwent admin staff list` shows everybody"))?;
            Ok(found.staff)
        })
        .collect::<anyhow::Result<_>>()?;
    let now = desk.clock.machine_now();
    if !restriction::restrict(&mut db, patient, &named, &desk.made_by, why, now).await? {
        bail!(
            "{patient} is not restricted now: they are still monitored, and a restriction must not silence an alarm (end that first: \
             `derwent admin patient end`), or they were restricted before"
        );
    }
    let entry = desk.did(Act::RecordRestricted).about(patient, known.organisation).because(why);
    audit::write(&mut db, &entry.detail(json!({ "readers": named }))).await?;
    db.commit().await?;
    Ok(Done {
        text: format!("the record of {patient} is restricted; {} may still look", named.len()),
        json: json!({ "patient": patient, "restricted": true, "readers": named }),
    })
}

async fn lift(desk: &Desk, patient: Uuid, why: &str) -> anyhow::Result<Done> {
    let mut db = desk.store.owner.begin().await?;
    let known = known(&mut db, patient).await?;
    if !restriction::lift(&mut db, patient, &desk.made_by, why, desk.clock.machine_now()).await? {
        bail!("the record of {patient} is not restricted");
    }
    audit::write(&mut db, &desk.did(Act::RestrictionLifted).about(patient, known.organisation).because(why)).await?;
    db.commit().await?;
    Ok(Done {
        text: format!("the record of {patient} is not restricted any more"),
        json: json!({ "patient": patient, "restricted": false }),
    })
}

async fn erase(desk: &Desk, patient: Uuid, why: &str, family_name: &str) -> anyhow::Result<Done> {
    let mut db = desk.store.eraser_tx().await?;
    let known = known(&mut db, patient).await?;
    if known.family_name.to_lowercase() != family_name.trim().to_lowercase() {
        bail!("that is not the family name of {patient}; look again whom you mean");
    }
    match erasure::may(&mut db, patient).await? {
        None => {}
        Some(NotYet::Monitored) => bail!(
            "{patient} is still monitored, and erasing must not silence an alarm; end that first: `derwent admin patient end`"
        ),
        Some(NotYet::AlertsOpen(open)) => {
            bail!("{open} alerts of {patient} are open; somebody has to close them first, on the worklist")
        }
    }
    let at = desk.clock.machine_now();
    let tombstone = Tombstone { patient, organisation: known.organisation, at, made_by: &desk.made_by, why };
    let devices = erasure::erase(&mut db, &tombstone).await?;
    audit::write(&mut db, &desk.did(Act::RecordErased).about(patient, known.organisation).because(why)).await?;
    db.commit().await?;
    for device in devices {
        desk.signals.send(Signal::Revoked { device });
    }
    Ok(Done {
        text: format!("everything about {patient} is erased but the audit. Backups still hold it until they are gone"),
        json: json!({ "patient": patient, "erased": true }),
    })
}

async fn archive_to(desk: &Desk, patient: Uuid, to: &Path) -> anyhow::Result<Done> {
    let file = File::create_new(to)
        .with_context(|| format!("cannot make the file {}; choose a name that is not taken", to.display()))?;
    // On record first: what is in the archive includes that it was made.
    let mut db = desk.store.owner.begin().await?;
    let known = known(&mut db, patient).await?;
    audit::write(&mut db, &desk.did(Act::ArchiveMade).about(patient, known.organisation)).await?;
    db.commit().await?;
    let mut db = desk.store.eraser_tx().await?;
    let parts = archive::of(&mut db, patient).await?;
    db.rollback().await?;
    let files = write(file, &known, &parts).with_context(|| format!("cannot write {}", to.display()))?;
    Ok(Done {
        text: format!("everything about {patient} is in {}: {files} files", to.display()),
        json: json!({ "patient": patient, "archive": to, "files": files }),
    })
}

/// An index in plain text, and each part twice: JSON for programs, CSV for spreadsheets.
fn write(file: impl Write + Seek, who: &Patient, parts: &[Part]) -> anyhow::Result<usize> {
    let mut zip = ZipWriter::new(file);
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("READ-ME.txt", options)?;
    writeln!(
        zip,
        "Everything that is kept about {} {}, born {}.\n\n\
         Each part is there twice: as JSON, exactly as it is kept, and as CSV, which a spreadsheet opens. Times are in UTC.\n\
         A reading has the value as it was given and, beside it, in the unit that the service compares in.\n\
         What was erased because it was old is not here: `erased_before` says up to when, and `submissions` has its numbers.\n",
        who.given_name, who.family_name, who.date_of_birth
    )?;
    for part in parts {
        writeln!(zip, "{:<28} {:>7} rows", part.name, part.rows.len())?;
    }
    for part in parts {
        zip.start_file(format!("json/{}.json", part.name), options)?;
        serde_json::to_writer_pretty(&mut zip, &part.rows)?;
        zip.start_file(format!("csv/{}.csv", part.name), options)?;
        zip.write_all(csv(&part.rows).as_bytes())?;
    }
    zip.finish()?;
    Ok(2 * parts.len() + 1)
}

/// RFC 4180. All rows have the columns of the first.
fn csv(rows: &[Value]) -> String {
    let columns: Vec<&String> =
        rows.first().and_then(Value::as_object).map_or_else(Vec::new, |row| row.keys().collect());
    let line = |cells: Vec<String>| {
        let quoted: Vec<String> = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
        quoted.join(",") + "\r\n"
    };
    let mut text = line(columns.iter().map(ToString::to_string).collect());
    for row in rows {
        let cell = |column: &&String| match &row[column.as_str()] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        text += &line(columns.iter().map(cell).collect());
    }
    text
}
