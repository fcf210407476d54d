//! The table of codes that people read, and the catalogue that the program uses, say the same.

use std::collections::BTreeSet;

use alert_rules::{Component, Vital};

#[test]
fn every_code_stands_beside_its_display() {
    let table =
        include_str!("../LOINC.md").lines().filter(|line| line.starts_with("| ") && !line.starts_with("| code"));
    let written: BTreeSet<(String, String, String)> = table
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            (cells[3].to_owned(), cells[1].to_owned(), cells[2].to_owned())
        })
        .collect();
    let vitals = Vital::ALL.into_iter().filter_map(|vital| Some((vital.name(), vital.facts().loinc?)));
    let components =
        Component::ALL.into_iter().filter_map(|component| Some((component.name(), component.facts().loinc?)));
    let used: BTreeSet<(String, String, String)> = vitals
        .chain(components)
        .map(|(name, code)| (name.to_owned(), code.code.to_owned(), code.display.to_owned()))
        .collect();
    assert_eq!(written, used);
}

/// The last digit of a LOINC code is a check digit (mod 10, Luhn): a mistyped code does not pass.
#[test]
fn every_code_has_its_check_digit() {
    let vitals = Vital::ALL.into_iter().filter_map(|vital| vital.facts().loinc);
    let components = Component::ALL.into_iter().filter_map(|component| component.facts().loinc);
    for code in vitals.chain(components) {
        let (number, check) = code.code.split_once('-').expect("a code has a check digit");
        let sum: u32 = number
            .bytes()
            .rev()
            .enumerate()
            .map(|(place, digit)| {
                let digit = u32::from(digit - b'0');
                let doubled = if place % 2 == 0 { digit * 2 } else { digit };
                doubled / 10 + doubled % 10
            })
            .sum();
        assert_eq!((10 - sum % 10) % 10, check.parse::<u32>().unwrap(), "{}", code.code);
    }
}
