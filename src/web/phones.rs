//! Phones that are enrolled, lost and replaced; carers and what was agreed; and whose an instrument's user number is.
//!
//! For those who look after the person: who broke the glass sees, and lets nobody in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use qrcode::{Color, EcLevel, QrCode};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::api::{
    self, Agreed, Code, Consent, Device, InstrumentUser, NewCode, NewInstrumentUser, Phones, Qr, Revoke, Withdraw,
};
use super::extract::{Body, Path};
use super::failure::{Answer, Failure};
use super::reason::reason;
use super::session::SignedIn;
use super::{Web, reach};
use crate::random;
use crate::signal::Signal;
use crate::store::audit::{self, Act};
use crate::store::carer::{self, Carer, NewConsent};
use crate::store::enrolment_code::{self, Whose};
use crate::store::instrument::{self, Instrument, NewBound};
use crate::store::{self, arrival, device};

/// In characters.
const LONGEST_NAME: usize = 200;
const LONGEST_OF_INSTRUMENT: usize = 100;
/// White around a QR code, in its squares: readers ask for four.
const QUIET: usize = 4;

pub async fn list(State(web): State<Arc<Web>>, who: SignedIn, Path(patient): Path<Uuid>) -> Answer<Json<Phones>> {
    let (mut db, _) = reach::patient(&web, &who, patient, Act::DevicesListed, json!({})).await?;
    let phones = phones(&mut db, patient).await?;
    db.commit().await?;
    Ok(Json(phones))
}

async fn phones(db: &mut PgConnection, patient: Uuid) -> Answer<Phones> {
    let devices = store::patient::devices(db, patient).await?;
    let carers = carer::consents(db, patient).await?.into_iter().map(|consent| Consent {
        carer: api::Carer { carer: consent.carer, name: consent.name },
        given_at: consent.given_at,
        given_to: consent.given_to,
        how: consent.how,
        sees_record: consent.sees_record,
        withdrawn_at: consent.withdrawn_at,
    });
    let carers = carers.collect();
    let instruments = instrument::of_patient(db, patient).await?.into_iter().map(|own| InstrumentUser {
        instrument_user: own.instrument_user,
        make: own.instrument.make,
        model: own.instrument.model,
        serial: own.instrument.serial,
        user: own.user,
        bound_at: own.bound_at,
        bound_by: own.bound_by,
    });
    Ok(Phones { devices: devices.into_iter().map(shown).collect(), carers, instruments: instruments.collect() })
}

pub fn shown(device: store::patient::Device) -> Device {
    Device {
        device: device.device,
        name: device.name,
        platform: device.platform,
        app_version: device.app_version,
        enrolled_at: device.enrolled_at,
        heard_at: device.heard_at,
        revoked_at: device.revoked_at,
        revoked_why: device.revoked_why,
        carer: device.carer.map(|(carer, name)| api::Carer { carer, name }),
    }
}

/// A code for a phone: the patient's, or that of a carer they agreed to; perhaps in place of one that was lost.
pub async fn code(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(patient): Path<Uuid>,
    Body(asked): Body<NewCode>,
) -> Answer<Json<Code>> {
    let (mut db, found) = reach::to_change(&web, &who, patient).await?;
    let now = web.parts.clock.machine_now();
    if let Some(carer) = asked.carer
        && !carer::agreed_to(&mut db, carer).await?.contains(&patient)
    {
        return Err(Failure::not_found());
    }
    if let Some(old) = asked.replaces {
        let known = store::patient::devices(&mut db, patient).await?;
        let old = known.iter().find(|known| known.device == old && known.revoked_at.is_none());
        if old.ok_or_else(Failure::not_found)?.carer.as_ref().map(|(carer, _)| *carer) != asked.carer {
            return Err(Failure::bad_request(
                "A code replaces a phone of the same person. Choose theirs, or make a code without.",
            ));
        }
    }
    let whose = asked.carer.map_or(Whose::Patient(patient), Whose::Carer);
    let new = enrolment_code::NewCode {
        organisation: found.organisation,
        whose,
        people: &[],
        replaces: asked.replaces,
        made_by: &who.name,
    };
    let made = enrolment_code::make(&mut db, &new, now).await?;
    let detail = json!({ "carer": asked.carer, "replaces": asked.replaces });
    audit::write(&mut db, &who.did(Act::CodeMade, now).about(patient, found.organisation).detail(detail)).await?;
    db.commit().await?;
    let link = format!("{}/app/#code={}", web.parts.config.origin(), made.code);
    let qr = qr(&link).ok_or_else(Failure::internal)?;
    Ok(Json(Code { code: made.code, ends_at: made.ends_at, link, qr }))
}

/// A phone was lost, or its key: it is let in no more, from now on.
pub async fn revoke(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path((patient, device)): Path<(Uuid, Uuid)>,
    Body(asked): Body<Revoke>,
) -> Answer<Json<Phones>> {
    let why = reason(&asked.why)?;
    let (mut db, found) = reach::to_change(&web, &who, patient).await?;
    let now = web.parts.clock.machine_now();
    let people = device::patients(&mut db, device).await?;
    if !people.contains(&patient) {
        return Err(Failure::not_found());
    }
    if device::revoke(&mut db, device, why, now).await? {
        arrival::phone_gone(&mut db, &people, web.parts.clock.care_now()).await?;
        let entry = who.did(Act::DeviceRevoked, now).about(patient, found.organisation).because(why);
        audit::write(&mut db, &entry.detail(json!({ "device": device }))).await?;
    }
    let phones = phones(&mut db, patient).await?;
    db.commit().await?;
    web.parts.signals.send(Signal::Revoked { device });
    web.parts.signals.send(Signal::Arrived);
    Ok(Json(phones))
}

/// The person agreed to a carer, who is known by name and date of birth: somebody may care for several.
pub async fn agree(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(patient): Path<Uuid>,
    Body(asked): Body<Agreed>,
) -> Answer<Json<Phones>> {
    let (how, name) = (reason(&asked.how)?, asked.name.trim());
    if !(1..=LONGEST_NAME).contains(&name.chars().count()) || name.contains(char::is_control) {
        return Err(Failure::bad_request(format!("Write the carer's name in up to {LONGEST_NAME} characters.")));
    }
    let (mut db, found) = reach::to_change(&web, &who, patient).await?;
    let now = web.parts.clock.machine_now();
    let known = carer::find(&mut db, found.organisation, name, asked.date_of_birth).await?;
    let (carer, act) = match known {
        Some(known) => (known, Act::CarerChanged),
        None => {
            let (carer, organisation) = (random::new_id(), found.organisation);
            let new = Carer { carer, organisation, name: name.to_owned(), date_of_birth: asked.date_of_birth };
            carer::insert(&mut db, &new).await?;
            (carer, Act::CarerAdded)
        }
    };
    let (organisation, given_to) = (found.organisation, who.name.as_str());
    let consent = NewConsent { carer, patient, organisation, given_to, how, sees_record: asked.sees_record };
    carer::agree(&mut db, &consent, now).await?;
    let entry = who.did(act, now).about(patient, organisation).because(how);
    audit::write(&mut db, &entry.detail(json!({ "carer": carer, "sees_record": asked.sees_record }))).await?;
    let of_carer = carer::phones(&mut db, carer).await?;
    settle(&web, db, patient, of_carer).await
}

/// The person took it back. The carer's phones have them on their list no more.
pub async fn withdraw(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path((patient, carer)): Path<(Uuid, Uuid)>,
    Body(asked): Body<Withdraw>,
) -> Answer<Json<Phones>> {
    let why = reason(&asked.why)?;
    let (mut db, found) = reach::to_change(&web, &who, patient).await?;
    let now = web.parts.clock.machine_now();
    if !carer::consents(&mut db, patient).await?.iter().any(|consent| consent.carer == carer) {
        return Err(Failure::not_found());
    }
    let of_carer = carer::phones(&mut db, carer).await?;
    if carer::withdraw(&mut db, carer, patient, &who.name, why, now).await? {
        arrival::phone_gone(&mut db, &[patient], web.parts.clock.care_now()).await?;
        let entry = who.did(Act::CarerChanged, now).about(patient, found.organisation).because(why);
        audit::write(&mut db, &entry.detail(json!({ "carer": carer, "withdrawn": true }))).await?;
    }
    settle(&web, db, patient, of_carer).await
}

/// Commits, and has the carer's phones look at their list.
async fn settle(
    web: &Web,
    mut db: sqlx::Transaction<'static, sqlx::Postgres>,
    patient: Uuid,
    of_carer: Vec<Uuid>,
) -> Answer<Json<Phones>> {
    let phones = phones(&mut db, patient).await?;
    db.commit().await?;
    for device in of_carer {
        web.parts.signals.send(Signal::Revoked { device });
    }
    web.parts.signals.send(Signal::Arrived);
    Ok(Json(phones))
}

pub async fn bind(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path(patient): Path<Uuid>,
    Body(asked): Body<NewInstrumentUser>,
) -> Answer<Json<Phones>> {
    let instrument = of_words(&asked)?;
    let (mut db, found) = reach::to_change(&web, &who, patient).await?;
    let now = web.parts.clock.machine_now();
    let new = NewBound {
        instrument_user: random::new_id(),
        instrument: &instrument,
        user: asked.user,
        patient,
        organisation: found.organisation,
        by: &who.name,
    };
    if !instrument::bind(&mut db, &new, now).await? {
        return Err(Failure::new(
            axum::http::StatusCode::CONFLICT,
            "number_taken",
            "This user number of the instrument is somebody's already. Release it there first, or choose another number on the instrument.",
        ));
    }
    let entry = who.did(Act::InstrumentBound, now).about(patient, found.organisation);
    audit::write(&mut db, &entry.detail(json!({ "instrument_user": new.instrument_user }))).await?;
    done(db, patient).await
}

pub async fn release(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Path((patient, instrument_user)): Path<(Uuid, Uuid)>,
) -> Answer<Json<Phones>> {
    let (mut db, found) = reach::to_change(&web, &who, patient).await?;
    let now = web.parts.clock.machine_now();
    if !instrument::was_of(&mut db, instrument_user, patient).await? {
        return Err(Failure::not_found());
    }
    if instrument::release(&mut db, instrument_user, &who.name, now).await? {
        let entry = who.did(Act::InstrumentReleased, now).about(patient, found.organisation);
        audit::write(&mut db, &entry.detail(json!({ "instrument_user": instrument_user }))).await?;
    }
    done(db, patient).await
}

async fn done(mut db: sqlx::Transaction<'static, sqlx::Postgres>, patient: Uuid) -> Answer<Json<Phones>> {
    let phones = phones(&mut db, patient).await?;
    db.commit().await?;
    Ok(Json(phones))
}

fn of_words(asked: &NewInstrumentUser) -> Answer<Instrument> {
    let fits = |text: &str| text.chars().count() <= LONGEST_OF_INSTRUMENT && !text.contains(char::is_control);
    let [make, model, serial] = [&asked.make, &asked.model, &asked.serial].map(|text| text.trim().to_owned());
    if serial.is_empty() || !(fits(&make) && fits(&model) && fits(&serial)) || !(0..=255).contains(&asked.user) {
        return Err(Failure::bad_request(
            "Give the serial number that is on the instrument, and a user number from 0 to 255; make and model in up to 100 characters.",
        ));
    }
    Ok(Instrument { make, model, serial })
}

/// None if the link were too long, which no origin is.
fn qr(link: &str) -> Option<Qr> {
    let code = QrCode::with_error_correction_level(link, EcLevel::M).ok()?;
    let width = code.width();
    let dark = |at: &usize| code[(at % width, at / width)] == Color::Dark;
    let square = |at: usize| format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET);
    let path = (0..width * width).filter(dark).map(square).collect();
    Some(Qr { size: u32::try_from(width + 2 * QUIET).ok()?, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_drawn_with_its_three_corners_and_white_around_it() {
        let qr = qr("https://derwent.example/app/#code=7K3QM-X0ZTB").expect("a drawing");
        let size = qr.size as usize;
        assert!(qr.path.starts_with("M4 4h1v1h-1z"), "the first corner");
        for corner in [(size - 5, 4), (4, size - 5)] {
            assert!(qr.path.contains(&format!("M{} {}h1", corner.0, corner.1)), "{corner:?}");
        }
        assert!(!qr.path.contains("M3 ") && !qr.path.contains(&format!("M{} ", size - 4)));
    }
}
