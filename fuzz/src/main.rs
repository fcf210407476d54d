//! Any bytes as a conversation with a phone, one step a line; libFuzzer looks for one that breaks it.

#![no_main]

#[path = "../../mobile-api/tests/talk/mod.rs"]
mod talk;

use std::time::Duration;

use talk::Step;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    talk::converse(bytes.split(|byte| *byte == b'\n').filter_map(step));
});

/// A letter, and what follows it up to the end of its line; anything else is what the phone says.
fn step(line: &[u8]) -> Option<Step> {
    let (letter, rest) = line.split_first()?;
    let number = rest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Some(match letter {
        b'B' => Step::Binary,
        b'H' => Step::Heard,
        b'U' => Step::Unread,
        b'W' => Step::Wait(Duration::from_millis(number % 100_000)),
        b'D' => Step::Decide(rest.len()),
        b'C' => Step::Checked(number),
        b'P' => Step::Pushes(rest.iter().copied().map(u64::from).collect()),
        _ => Step::Text(String::from_utf8_lossy(line).into_owned()),
    })
}
