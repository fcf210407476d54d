//! Readings as pages have them, as the rules take them: pages that ask the engine give it these.

use alert_rules::reading::{Absent, Circumstances, Comparator, Flags, Measured};
use alert_rules::{Component, Correction, Vital};
use jiff::Timestamp;

use crate::store::reading_seen::{self, Reading};

/// None: this version does not know the vital. Its numbers alone: what is asked of the engine here looks at nothing else.
pub fn reading(reading: &Reading) -> Option<alert_rules::Reading> {
    Some(alert_rules::Reading {
        seq: reading.seq,
        vital: Vital::named(&reading.vital)?,
        effective_at: taken_at(reading),
        received_at: reading.received_at,
        components: measured(&reading.components),
        absent: reading.absent.as_ref().map(|_| Absent::CouldNotMeasure),
        flags: Flags::from_names(reading.flags.iter().map(String::as_str)),
        circumstances: Circumstances::default(),
    })
}

/// Nothing is judged as taken after it was received.
pub fn taken_at(reading: &Reading) -> Timestamp {
    reading.effective_at.min(reading.received_at)
}

/// What replaced the reading, or took it back.
pub fn correction(reading: &Reading) -> Option<Correction> {
    let correction = reading.correction.as_ref()?;
    let values = correction.values.as_deref().map(measured);
    Some(Correction { seq: correction.seq, corrects_seq: reading.seq, reason: String::new(), values })
}

pub fn measured(components: &[reading_seen::Component]) -> Vec<(Component, Measured)> {
    let of = |one: &reading_seen::Component| {
        let comparator = one.comparator.as_deref();
        let comparator = comparator.map(|side| if side == "high" { Comparator::High } else { Comparator::Low });
        Some((Component::named(&one.component)?, Measured { value: one.value, comparator }))
    };
    components.iter().filter_map(of).collect()
}
