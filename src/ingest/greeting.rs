//! How a conversation begins: who is it, and is it them?

use jiff::SignedDuration;
use mobile_api::close::Close;
use mobile_api::limits::{FRAME_CLOSE_BYTES, HELLO_WITHIN_S};
use mobile_api::proof::whole_seconds;
use mobile_api::refusal::{Reason, Refusal};
use mobile_api::session::{Handshake, Session, clock_skew_ms};

use super::line::{Gone, Line};
use super::proof;
use super::registry::Place;
use super::talk::Talk;
use crate::listen::Guest;
use crate::random;
use crate::signal::Signal;
use crate::store::device::{Connected, Connecting, Person};

/// Come back when fewer are at the door.
const BUSY_RETRY_S: u32 = 5;

impl Line {
    /// Challenge, `hello`, proof, `welcome`.
    pub async fn greet(&mut self, guest: &Guest) -> Result<(Session, Talk, Place), Gone> {
        let parts = self.ingest.parts.clone();
        let server_time = whole_seconds(parts.clock.machine_now());
        let (handshake, challenge) = Handshake::open(random::token(), server_time, self.elapsed());
        self.send(challenge).await?;
        let limit = handshake.deadline().saturating_sub(self.elapsed());
        let text = tokio::select! {
            text = tokio::time::timeout(limit, self.first_text()) => text,
            () = guest.place.is_needed() => {
                let refusal = Refusal::new(Reason::Busy, "others wait who are quicker to say `hello`; come again");
                return Err(Gone::Refused(refusal, Close::Busy { retry_after_s: BUSY_RETRY_S }));
            }
        };
        let Ok(text) = text else {
            let refusal = Refusal::new(Reason::TooSlow, format!("`hello` did not come within {HELLO_WITHIN_S} s"));
            return Err(Gone::Refused(refusal, Close::ProtocolError));
        };
        let hello = handshake.hello(&text?).map_err(|refused| Gone::Refused(refused.refusal, Close::ProtocolError))?;
        self.inflow.understood();
        let device = self.ingest.lookups.device.ask(hello.device_id).await?;
        let Some(mut device) = device.filter(|device| !device.revoked) else {
            return Err(Gone::Because(Close::Revoked));
        };
        let expected = handshake.proof(device.device, &self.ingest.origin);
        if !proof::holds(&hello.proof, &device.public_key, &expected) {
            return Err(Gone::Because(Close::BadProof));
        }
        // It is not needed any more, and thousands of conversations go on for days.
        device.public_key = serde_json::Value::Null;
        self.inflow.of_phone(self.ingest.unfinished.clone(), FRAME_CLOSE_BYTES);
        let connecting = Connecting {
            device: device.device,
            app_version: hello.app_version.clone(),
            notifications: hello.notifications.clone(),
            // What the phone has it need not acknowledge again.
            pushed_through: i64::try_from(hello.resume.push).unwrap_or(i64::MAX),
            at: parts.clock.care_now(),
        };
        let Some(Connected { connection, people }) = self.ingest.lookups.connect.ask(connecting).await? else {
            return Err(Gone::Because(Close::Revoked));
        };
        // From now on every older connection of the device is replaced.
        parts.signals.send(Signal::Connected { device: device.device, connection });
        let place =
            self.ingest.registry.join(device.device, connection, people.iter().map(|person| person.patient).collect());

        let now_at = parts.clock.care_now();
        let skew = SignedDuration::from_millis(clock_skew_ms(now_at, hello.phone_time.at));
        let introduced = people.iter().map(introduce).collect();
        let (session, welcome) = handshake.welcome(random::new_id(), &hello, introduced, now_at, self.elapsed());
        self.send(welcome).await?;
        tracing::debug!(device = %device.device, connection, "a phone connected");
        Ok((session, Talk::new(device, connection, people, skew), place))
    }
}

fn introduce(person: &Person) -> mobile_api::message::Person {
    mobile_api::message::Person {
        whom: person.handle.clone(),
        given_name: person.given_name.clone(),
        plan_version: u64::try_from(person.plan_version).unwrap_or_default(),
        judged_through: u64::try_from(person.judged_through).unwrap_or_default(),
        live: person.live,
    }
}
