//! What goes wrong in a world, and how often. Each seed turns some faults on and leaves others off, so that in one world
//! everything fails a little and in another a single thing fails all the time.

use std::time::Duration;

use super::dice::Dice;

/// Chances are per mille.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// A frame is the last one: the connection is gone.
    pub cut: u64,
    /// … and nobody is told.
    pub silent: u64,
    pub frame_delay: Duration,
    /// A connection does not come about.
    pub unreachable: u64,
    /// Nothing of a transaction happened.
    pub commit_fails: u64,
    /// All of it happened, and nobody is told.
    pub commit_unheard: u64,
    /// … and it happens only later, after whoever asked has given up waiting.
    pub commit_late: u64,
    pub commit_delay: Duration,
    /// Mean time between two crashes of a replica; zero: none.
    pub replica_crashes: Duration,
    pub replica_down: Duration,
    pub database_stops: Duration,
    pub database_down: Duration,
    /// Judging takes longer than its lease.
    pub slow_judging: u64,
    /// A signal is lost, and the sweep must find the work.
    pub signal_lost: u64,
    pub mail_passing: u64,
    pub mail_silent: u64,
    /// Accepted, and the connection ends before that is said.
    pub mail_unheard: u64,
    /// Of addresses, by person: nothing is ever accepted there.
    pub mail_permanent: u64,
    /// A phone is switched off while its app is open.
    pub phone_dies: u64,
    /// What it had settled since it was last saved is still in its outbox then.
    pub phone_forgets: u64,
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

impl Faults {
    /// Delays stay: a good network takes its time, too.
    pub fn none() -> Self {
        let delay = Duration::from_millis(80);
        Self { frame_delay: delay, commit_delay: delay, ..Self::default() }
    }

    pub fn roll(dice: &mut Dice) -> Self {
        let mut often = |most: u64| if dice.chance(500) { 1 + dice.below(most) } else { 0 };
        let mut faults = Self {
            cut: often(120),
            silent: often(400),
            unreachable: often(400),
            commit_fails: often(250),
            commit_unheard: often(250),
            commit_late: often(150),
            slow_judging: often(200),
            signal_lost: often(900),
            mail_passing: often(700),
            mail_silent: often(400),
            mail_unheard: often(300),
            mail_permanent: often(400),
            phone_dies: often(150),
            phone_forgets: often(800),
            ..Self::none()
        };
        let mut now_and_then = |often: &[Duration]| if dice.chance(600) { dice.one_of(often) } else { Duration::ZERO };
        faults.replica_crashes = now_and_then(&[20 * MINUTE, 2 * HOUR, 8 * HOUR]);
        faults.database_stops = now_and_then(&[HOUR, 6 * HOUR, 24 * HOUR]);
        faults.replica_down = dice.one_of(&[2 * SECOND, 30 * SECOND, 10 * MINUTE, 2 * HOUR]);
        faults.database_down = dice.one_of(&[2 * SECOND, MINUTE, HOUR]);
        faults.frame_delay = dice.one_of(&[80, 400, 3_000, 25_000].map(Duration::from_millis));
        faults.commit_delay = dice.one_of(&[5, 80, 1_000, 15_000].map(Duration::from_millis));
        faults
    }
}
