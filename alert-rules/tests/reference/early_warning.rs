//! NEWS2 as one reads it off the Royal College's chart: every row as from, to, points; what is missing, tried every way.

use alert_rules::Component;
use jiff::SignedDuration;

use crate::truth::Moment;

type Row = &'static [(f64, f64, u32)];

const END: f64 = f64::INFINITY;
const BREATHS: Row = &[(-END, 8.0, 3), (9.0, 11.0, 1), (12.0, 20.0, 0), (21.0, 24.0, 2), (25.0, END, 3)];
const SATURATION: Row = &[(-END, 91.0, 3), (92.0, 93.0, 2), (94.0, 95.0, 1), (96.0, END, 0)];
const SCALE_2_ON_AIR: Row = &[(-END, 83.0, 3), (84.0, 85.0, 2), (86.0, 87.0, 1), (88.0, END, 0)];
const SCALE_2_ON_OXYGEN: Row = &[
    (-END, 83.0, 3),
    (84.0, 85.0, 2),
    (86.0, 87.0, 1),
    (88.0, 92.0, 0),
    (93.0, 94.0, 1),
    (95.0, 96.0, 2),
    (97.0, END, 3),
];
const PRESSURE: Row = &[(-END, 90.0, 3), (91.0, 100.0, 2), (101.0, 110.0, 1), (111.0, 219.0, 0), (220.0, END, 3)];
const PULSE: Row =
    &[(-END, 40.0, 3), (41.0, 50.0, 1), (51.0, 90.0, 0), (91.0, 110.0, 1), (111.0, 130.0, 2), (131.0, END, 3)];
const AWAKE: Row = &[(0.0, 0.0, 0), (1.0, 4.0, 3)];
/// In tenths of a degree.
const WARMTH: Row = &[(-END, 350.0, 3), (351.0, 360.0, 1), (361.0, 380.0, 0), (381.0, 390.0, 1), (391.0, END, 2)];

/// The points of each row. None: nobody knows.
struct Rows {
    /// Both ways, if nobody knows whether there is oxygen: the saturation's row, then the oxygen's.
    ways: Vec<[Option<u32>; 2]>,
    others: Vec<Option<u32>>,
    knows_oxygen: bool,
}

impl Moment<'_> {
    fn rows(&self) -> Option<Rows> {
        let facts = self.world.facts;
        if facts.tags.get("pregnant") == Some(&true) || self.age() < 16 {
            return None;
        }
        let latest = |component| self.latest(component);
        let all = [
            latest(Component::RespiratoryRate),
            latest(Component::Spo2),
            latest(Component::OxygenFlow),
            latest(Component::Systolic),
            latest(Component::Pulse),
            latest(Component::Consciousness),
            latest(Component::Temperature),
        ];
        let newest = all.iter().flatten().map(|known| known.at).max()?;
        let half_an_hour = SignedDuration::from_mins(30);
        let [breaths, saturation, flow, pressure, pulse, awake, warmth] =
            all.map(|known| known.filter(|known| known.at + half_an_hour >= newest).map(|known| known.value.number));
        let oxygen = match flow {
            Some(flow) => Some(flow > 0.0),
            None => facts.tags.get("on_oxygen").copied(),
        };
        let ways = oxygen.map_or(vec![false, true], |oxygen| vec![oxygen]);
        let of_way = |on_oxygen: &bool| {
            let row = match (facts.spo2_scale_2.is_some(), on_oxygen) {
                (false, _) => SATURATION,
                (true, false) => SCALE_2_ON_AIR,
                (true, true) => SCALE_2_ON_OXYGEN,
            };
            [read(saturation, row), Some(if *on_oxygen { 2 } else { 0 })]
        };
        Some(Rows {
            ways: ways.iter().map(of_way).collect(),
            others: vec![
                read(breaths, BREATHS),
                read(pressure, PRESSURE),
                read(pulse, PULSE),
                read(awake, AWAKE),
                read(warmth.map(|degrees| degrees * 10.0), WARMTH),
            ],
            knows_oxygen: oxygen.is_some(),
        })
    }

    pub fn early_warning(&self) -> Option<f64> {
        let rows = self.rows()?;
        let whole = rows.ways[0].into_iter().chain(rows.others).collect::<Option<Vec<u32>>>()?;
        rows.knows_oxygen.then_some(f64::from(whole.iter().sum::<u32>()))
    }

    /// At the least, whatever the missing rows are. To end something only the whole score will do.
    pub fn early_warning_at_least(&self) -> Option<f64> {
        if self.clearing {
            return self.early_warning();
        }
        let rows = self.rows()?;
        let others: u32 = rows.others.iter().flatten().sum();
        let way = rows.ways.iter().map(|way| way.iter().flatten().sum::<u32>()).min()?;
        Some(f64::from(others + way))
    }

    /// Known to be so if it is so both ways; known not to be so only when nothing is missing that could be.
    pub fn any_three(&self) -> Option<bool> {
        let rows = self.rows()?;
        let three = |points: &Option<u32>| *points == Some(3);
        let ways: Vec<bool> = rows.ways.iter().map(|way| way.iter().chain(&rows.others).any(three)).collect();
        let nothing_missing = rows.ways.iter().flatten().chain(&rows.others).all(Option::is_some);
        match (ways.iter().all(|way| *way), ways.iter().any(|way| *way)) {
            (true, _) => Some(true),
            (false, false) if nothing_missing => Some(false),
            _ => None,
        }
    }
}

/// Between two bands the nearer: instruments show whole numbers.
fn read(value: Option<f64>, row: Row) -> Option<u32> {
    let value = value?.round();
    let band = row.iter().find(|(from, to, _)| *from <= value && value <= *to);
    band.map(|(_, _, points)| *points)
}
