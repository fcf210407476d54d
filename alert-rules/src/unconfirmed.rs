//! Which values are doubted and not agreed with, as a page shows them beside what the rules made of them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::questionnaire::Asked;
use crate::reading::History;
use crate::timeline::{Submitted, Timeline};
use crate::vital::Component;

/// Of each unconfirmed reading, by its own number: why, one sentence for each value that is doubted. Whoever asks about a
/// stretch of time gives a week more before it and two days after it: a person's own last week decides, and what came later agrees.
pub fn unconfirmed(history: &History) -> BTreeMap<i64, Vec<String>> {
    let asked = Asked::default();
    let timeline = Timeline::new(history, Timestamp::MIN, &asked);
    let everything = timeline.items.len();
    let mut found: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for component in Component::ALL {
        for sample in timeline.samples(component, everything).iter().filter(|sample| !sample.is_trusted(everything)) {
            if let (Submitted::Reading { reading, .. }, Some(doubt)) =
                (&timeline.items[sample.order].what, sample.doubt)
            {
                found.entry(reading.seq).or_default().push(doubt.why.sentence(component, sample.value));
            }
        }
    }
    found
}
