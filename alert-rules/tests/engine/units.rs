//! Units cannot be confused: what goes in comes out, and what is foreign is refused in a sentence.

use alert_rules::unit::{accepted, in_unit, in_words};
use alert_rules::{Component, normalise};
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_accepted_unit_goes_there_and_back(component in 0..Component::COUNT, value in 0.1_f64..1_000.0) {
        let component = Component::ALL[component];
        prop_assume!(component != Component::Consciousness, "whole numbers only");
        for unit in accepted(component) {
            let canonical = normalise(component, value, unit).expect("accepted");
            let back = in_unit(component, canonical, unit).expect("accepted");
            prop_assert!((back - value).abs() < 1e-12 * value.max(1.0), "{value} {unit} came back as {back}");
        }
    }

    #[test]
    fn milligrams_are_eighteen_times_millimoles(millimoles in 0.5_f64..50.0) {
        let found = normalise(Component::Glucose, millimoles * 18.016, "mg/dL").expect("a unit of glucose");
        prop_assert!((found - millimoles).abs() < 1e-12 * 50.0);
    }

    /// As many as a meter shows, and one more: what was a tenth of a millimole is one again.
    #[test]
    fn what_is_exact_stays_exact(hundredths in 50_i64..5_000) {
        let millimoles = hundredths as f64 / 100.0;
        let milligrams = (hundredths * 18_016) as f64 / 100_000.0;
        prop_assert_eq!(normalise(Component::Glucose, milligrams, "mg/dL"), Ok(millimoles));
        prop_assert_eq!(in_unit(Component::Glucose, millimoles, "mg/dL"), Some(milligrams));
        let stones = normalise(Component::Weight, millimoles, "[stone_av]");
        let pounds = normalise(Component::Weight, (hundredths * 14) as f64 / 100.0, "[lb_av]");
        prop_assert_eq!(stones, pounds);
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

/// Where the factor is exact, so is the value: the double nearest to it, and not one beside it.
#[test]
fn exact_pairs() {
    let exact = |component, value, unit, wanted: f64| assert_eq!(normalise(component, value, unit), Ok(wanted));
    exact(Component::Glucose, 72.064, "mg/dL", 4.0);
    exact(Component::Glucose, 252.224, "mg/dL", 14.0);
    exact(Component::Temperature, 98.6, "[degF]", 37.0);
    exact(Component::Temperature, 100.4, "[degF]", 38.0);
    exact(Component::Temperature, -40.0, "[degF]", -40.0);
    exact(Component::Weight, 1.0, "[lb_av]", 0.453_592_37);
    exact(Component::Weight, 11.0, "[stone_av]", 69.853_224_98);
    exact(Component::Weight, 70_300.0, "g", 70.3);
    exact(Component::Height, 1.73, "m", 173.0);
    exact(Component::Height, 70.5, "[in_i]", 179.07);
    exact(Component::Systolic, 13.332_2, "kPa", 100.0);
    assert_eq!(in_unit(Component::Temperature, 37.0, "[degF]"), Some(98.6));
    // Larger than any decimal that is carried: nearly right is enough to be impossible.
    assert!(normalise(Component::Weight, 1e300, "[lb_av]").expect("a number") > 4e299);
}

#[test]
fn seventy_two_milligrams_are_a_hypo() {
    let found = |milligrams: f64| normalise(Component::Glucose, milligrams, "mg/dL").expect("accepted") < 4.0;
    assert_eq!([72.0, 72.06, 72.064, 73.0].map(found), [true, true, false, false]);
}

#[test]
fn refusals_say_what_to_use() {
    let refused = |component, unit| normalise(component, 120.0, unit).expect_err("foreign").sentence;
    assert_eq!(refused(Component::Systolic, "mmHG"), "mmHG is not a unit of systolic; use mm[Hg] or kPa");
    assert_eq!(refused(Component::Glucose, "kg"), "kg is not a unit of glucose; use mmol/L or mg/dL");
    assert_eq!(refused(Component::Weight, ""), "weight has no unit; use kg, [lb_av], [stone_av] or g");
    // Milligrams of ketones are another number of millimoles, so nobody may guess.
    assert_eq!(refused(Component::Ketones, "mg/dL"), "mg/dL is not a unit of ketones; use mmol/L");
    let between = normalise(Component::Consciousness, 0.5, "{ACVPU}").expect_err("no level").sentence;
    assert!(between.starts_with("consciousness is one of 0 to 4: alert, new_confusion"), "{between}");
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
