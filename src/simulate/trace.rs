//! What happened, one aligned line an event: when, who, what, and the details. The last lines are kept for the report of
//! a failure; all of them go into a fingerprint, by which two runs of one seed are told to be the same.

use std::collections::VecDeque;
use std::fmt::Display;

use jiff::Timestamp;

/// Lines in the report of a failure.
const KEPT: usize = 60;
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

#[derive(Debug)]
pub struct Trace {
    print: bool,
    last: VecDeque<String>,
    fingerprint: u64,
    pub lines: u64,
}

impl Trace {
    pub fn new(print: bool) -> Self {
        Self { print, last: VecDeque::with_capacity(KEPT), fingerprint: FNV_OFFSET, lines: 0 }
    }

    pub fn line(&mut self, at: Timestamp, who: &str, what: &str, details: impl Display) {
        let at = at.strftime("%a %d %H:%M:%S.%3f");
        let line = format!("{at}  {who:<12} {what:<14} {details}");
        for byte in line.bytes() {
            self.fingerprint = (self.fingerprint ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
        }
        self.lines += 1;
        if self.print {
            println!("{}", line.trim_end());
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    pub fn last(&self) -> impl Iterator<Item = &str> {
        self.last.iter().map(|line| line.trim_end())
    }

    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}
