//! What happened in a world, in numbers.

use std::fmt;
use std::ops::AddAssign;

/// What happened in a world, counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub events: u64,
    pub submissions: u64,
    pub commits: u64,
    pub crashes: u64,
    pub phone_deaths: u64,
    pub judgements: u64,
    pub asks: u64,
    pub alerts: u64,
    pub steps: u64,
    pub pages: u64,
    /// What the mail server and the pager service took.
    pub letters: u64,
    pub given_up: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.submissions += other.submissions;
        self.commits += other.commits;
        self.crashes += other.crashes;
        self.phone_deaths += other.phone_deaths;
        self.judgements += other.judgements;
        self.asks += other.asks;
        self.alerts += other.alerts;
        self.steps += other.steps;
        self.pages += other.pages;
        self.letters += other.letters;
        self.given_up += other.given_up;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, submissions, commits, crashes, phone_deaths, judgements, .. } = self;
        let Self { asks, alerts, steps, pages, letters, given_up, .. } = self;
        writeln!(f, "{events:>10} events")?;
        writeln!(f, "{submissions:>10} submissions, {commits} commits, {judgements} judgements")?;
        writeln!(f, "{crashes:>10} crashes of a replica, {phone_deaths} of a phone")?;
        writeln!(f, "{asks:>10} asks, {alerts} alerts, {steps} steps of escalation")?;
        write!(f, "{pages:>10} pages, {letters} times delivered, {given_up} given up")
    }
}
