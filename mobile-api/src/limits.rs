//! Every limit of the conversation, each with its unit in its name. The service tells them to the phone in `welcome`.

use serde::{Deserialize, Serialize};

/// What the service holds a phone to. A phone that keeps to these is never refused for size or speed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Limits {
    pub batch_items: usize,
    pub batch_bytes: usize,
    pub frame_bytes: usize,
    pub batches_in_flight: usize,
    pub note_characters: usize,
    pub text_characters: usize,
    pub frames_per_minute: u32,
    pub ping_every_s: u32,
    pub receipt_within_s: u32,
}

impl Limits {
    pub const V1: Self = Self {
        batch_items: 200,
        batch_bytes: 48 * 1024,
        frame_bytes: 64 * 1024,
        batches_in_flight: 2,
        note_characters: 2_000,
        text_characters: 200,
        frames_per_minute: 6_000,
        ping_every_s: 30,
        receipt_within_s: 20,
    };
}

/// Above this the service closes with 1009 instead of refusing by name.
pub const FRAME_CLOSE_BYTES: usize = 128 * 1024;
/// A phone must have said `hello` by then.
pub const HELLO_WITHIN_S: u32 = 10;
/// Pings without an answer before the phone is taken for gone.
pub const PINGS_MISSED: u32 = 2;
/// A smaller difference between the two clocks is ignored.
pub const SKEW_IGNORED_S: i64 = 120;
/// How far back a reading may be dated.
pub const DATED_BACK_DAYS: i64 = 400;
/// How far ahead of the service a reading may be dated.
pub const DATED_AHEAD_S: i64 = 120;
/// Values, answers or context entries in one item.
pub const ENTRIES_PER_ITEM: usize = 100;
/// How long an enrolment code, and its answer, lives.
pub const ENROLMENT_HOURS: i64 = 72;
/// Wrong dates of birth before an enrolment code is dead.
pub const ENROLMENT_WRONG_ANSWERS: i16 = 5;
/// How long an HTTP challenge can be used.
pub const HTTP_CHALLENGE_S: u32 = 60;
