//! What can happen in a world, and the work of its replicas.

use uuid::Uuid;

use super::network::{Frame, Side};
use super::staff::Act;
use super::telling::Sent;
use crate::store::submission::Decision;

#[derive(Debug)]
pub enum Event {
    Measures { phone: usize },
    MeasuresAgain { phone: usize, patient: Uuid, whom: String, vital: String, symptoms: Option<String> },
    Looks { phone: usize, ask: Uuid },
    OpensApp { phone: usize },
    PhoneWakes { phone: usize },
    PhoneSleeps { phone: usize },
    PhoneDies { phone: usize },
    Opens { line: u64 },
    Arrives { line: u64, to: Side, frame: Frame },
    Learns { line: u64, side: Side, code: Option<u16> },
    GreetingEnds { line: u64 },
    SessionWakes { line: u64 },
    SessionLooks { line: u64, again: bool },
    Commits { transaction: u64 },
    Committed { replica: usize, boot: u32, transaction: u64, decisions: Vec<Decision> },
    CommitUnknown { replica: usize, transaction: u64 },
    WritesAgain { replica: usize, transaction: u64 },
    Turn { replica: usize, boot: u32, work: Work },
    LoadsPatients { replica: usize, boot: u32 },
    Finishes { replica: usize, boot: u32 },
    Sent { replica: usize, boot: u32, lane: usize, page: usize, lease: u64, sent: Sent },
    Acts { who: usize, alert: Uuid, act: Act },
    SavesPlan { patient: Uuid },
    ReplicaCrashes { replica: usize },
    ReplicaStarts { replica: usize },
    DatabaseStops,
    DatabaseStarts,
    Heals,
}

/// The loops of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    Judge,
    Escalate,
    Form,
    /// By lane.
    Deliver(usize),
}

impl Work {
    pub const ALL: [Self; 7] = [
        Self::Judge,
        Self::Escalate,
        Self::Form,
        Self::Deliver(0),
        Self::Deliver(1),
        Self::Deliver(2),
        Self::Deliver(3),
    ];
}
