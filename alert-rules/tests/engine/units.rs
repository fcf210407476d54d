//! Units cannot be confused: what goes in comes out, and what is foreign is refused in a sentence.

use alert_rules::unit::{accepted, in_unit, in_words};
use alert_rules::{Component, normalise};
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_accepted_unit_goes_there_and_back(component in 0..Component::COUNT, value in 0.1_f64..1_000.0) {
        let component = Component::ALL[component];
        for unit in accepted(component) {
            let canonical = normalise(component, value, unit).expect("accepted");
            let back = in_unit(component, canonical, unit).expect("accepted");
            prop_assert!((back - value).abs() < 1e-9 * value.max(1.0), "{value} {unit} came back as {back}");
        }
    }

    #[test]
    fn milligrams_are_eighteen_times_millimoles(millimoles in 0.5_f64..50.0) {
        let found = normalise(Component::Glucose, millimoles * 18.016, "mg/dL").expect("a unit of glucose");
        prop_assert!((found - millimoles).abs() < 1e-9);
    }

    #[test]
    fn fourteen_pounds_are_a_stone(stones in 5.0_f64..30.0) {
        let stone = normalise(Component::Weight, stones, "[stone_av]").expect("a unit of weight");
        let pounds = normalise(Component::Weight, stones * 14.0, "[lb_av]").expect("a unit of weight");
        prop_assert!((stone - pounds).abs() < 1e-9);
    }

    #[test]
    fn whatever_the_unit_nothing_panics(component in 0..Component::COUNT, value in any::<f64>(), unit in ".{0,12}") {
        let _ = normalise(Component::ALL[component], value, &unit);
    }
}

#[test]
fn known_pairs() {
    let close = |component, value, unit, wanted: f64| {
        let found = normalise(component, value, unit).expect("accepted");
        assert!((found - wanted).abs() < 0.005, "{value} {unit} of {} is {found}, not {wanted}", component.name());
    };
    close(Component::Glucose, 90.08, "mg/dL", 5.0);
    close(Component::Temperature, 98.6, "[degF]", 37.0);
    close(Component::Temperature, 37.0, "Cel", 37.0);
    close(Component::Weight, 220.462, "[lb_av]", 100.0);
    close(Component::Weight, 12.5, "[stone_av]", 79.379);
    close(Component::Systolic, 16.0, "kPa", 120.01);
    close(Component::Systolic, 120.0, "mmHg", 120.0);
}

#[test]
fn refusals_say_what_to_use() {
    let refused = |component, unit| normalise(component, 120.0, unit).expect_err("foreign").sentence;
    assert_eq!(refused(Component::Systolic, "mmHG"), "mmHG is not a unit of systolic; use mm[Hg] or kPa");
    assert_eq!(refused(Component::Glucose, "kg"), "kg is not a unit of glucose; use mmol/L or mg/dL");
    assert_eq!(refused(Component::Weight, ""), "weight has no unit; use kg, [lb_av], [stone_av] or g");
    // Milligrams of ketones are another number of millimoles, so nobody may guess.
    assert_eq!(refused(Component::Ketones, "mg/dL"), "mg/dL is not a unit of ketones; use mmol/L");
    let not_a_number = normalise(Component::Pulse, f64::NAN, "/min").expect_err("no number").sentence;
    assert_eq!(not_a_number, "the value of pulse is not a number");
}

#[test]
fn people_read_rounded_values_with_plain_units() {
    assert_eq!(in_words(Component::Systolic, 184.4), "184 mmHg");
    assert_eq!(in_words(Component::Glucose, 4.0), "4.0 mmol/L");
    assert_eq!(in_words(Component::Pulse, 71.0), "71/min");
    assert_eq!(in_words(Component::Steps, 2_047.0), "2047");
}

#[test]
fn a_value_that_looks_like_another_unit_says_so() {
    assert_eq!(Component::Temperature.suspicion(99.0), Some("this looks like °F, sent as °C"));
    assert_eq!(Component::Glucose.suspicion(120.0), Some("this looks like mg/dL, sent as mmol/L"));
    assert_eq!(Component::Glucose.suspicion(12.0), None);
}
