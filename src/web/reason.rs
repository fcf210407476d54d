//! Why somebody did something, in their own words.

use super::failure::{Answer, Failure};

/// In characters.
const SHORTEST: usize = 3;
const LONGEST: usize = 500;

pub fn reason(text: &str) -> Answer<&str> {
    let text = text.trim();
    if (SHORTEST..=LONGEST).contains(&text.chars().count()) && !text.contains('\0') {
        return Ok(text);
    }
    Err(Failure::bad_request(format!("Say why or how in {SHORTEST} to {LONGEST} characters.")))
}
