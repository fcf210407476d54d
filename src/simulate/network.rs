//! Connections between phones and replicas. Within a connection nothing is reordered and nothing lost; a connection is cut at
//! any frame, and what was on its way then never comes. Now and then neither side is told.

use std::time::Duration;

use super::event::Event;
use super::world::World;

/// What the system itself does about a peer that is gone without a word.
const KEEP_ALIVE: Duration = Duration::from_secs(15 * 60);

#[derive(Debug)]
pub struct Line {
    pub phone: usize,
    pub replica: usize,
    pub boot: u32,
    /// Nothing comes through any more.
    pub cut: bool,
    /// The end has been learned of, on this side.
    pub over_at_phone: bool,
    pub over_at_replica: bool,
    /// The last frame on its way arrives then.
    to_replica: Duration,
    to_phone: Duration,
}

#[derive(Debug, Clone)]
pub enum Frame {
    Text(String),
    Ping,
    Pong,
    /// The code of a proper goodbye.
    Close(Option<u16>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Phone,
    Replica,
}

impl World {
    /// A phone dials. Whichever replica is up and near answers, or none.
    pub fn dial(&mut self, phone: usize) {
        let line = self.next_line;
        self.next_line += 1;
        let up: Vec<usize> = (0..self.replicas.len()).filter(|replica| self.replicas[*replica].up).collect();
        let delay = self.dice.up_to(self.faults.frame_delay);
        self.phones[phone].line = Some(line);
        let replica = if up.is_empty() { 0 } else { self.dice.one_of(&up) };
        let reachable = !up.is_empty() && !self.dice.chance(self.faults.unreachable);
        let boot = self.replicas[replica].boot;
        self.lines.insert(
            line,
            Line {
                phone,
                replica,
                boot,
                cut: !reachable,
                over_at_phone: false,
                over_at_replica: !reachable,
                to_replica: Duration::ZERO,
                to_phone: Duration::ZERO,
            },
        );
        let event =
            if reachable { Event::Opens { line } } else { Event::Learns { line, side: Side::Phone, code: None } };
        self.after(delay, event);
    }

    pub fn carry(&mut self, line: u64, to: Side, frame: Frame) {
        let delay = self.dice.up_to(self.faults.frame_delay);
        let cut = self.dice.chance(self.faults.cut);
        let Some(on) = self.lines.get_mut(&line) else { return };
        if on.cut {
            return;
        }
        let last = match to {
            Side::Phone => &mut on.to_phone,
            Side::Replica => &mut on.to_replica,
        };
        *last = (*last).max(self.now + delay);
        let at = *last;
        self.at(at, Event::Arrives { line, to, frame });
        if cut {
            let silent = self.dice.chance(self.faults.silent);
            self.cut(line, silent);
        }
    }

    /// What is on its way never comes.
    pub fn cut(&mut self, line: u64, silent: bool) {
        let Some(on) = self.lines.get_mut(&line).filter(|on| !on.cut) else { return };
        on.cut = true;
        let who = self.phones[on.phone].name.clone();
        self.say(
            "network",
            "cuts",
            format_args!("line {line} of {who}{}", if silent { ", and tells nobody" } else { "" }),
        );
        for side in [Side::Phone, Side::Replica] {
            let told = self.dice.up_to(self.faults.frame_delay);
            let told = if silent { told + KEEP_ALIVE } else { told };
            self.after(told, Event::Learns { line, side, code: None });
        }
    }

    pub fn arrives(&mut self, line: u64, to: Side, frame: Frame) {
        let Some(on) = self.lines.get(&line).filter(|on| !on.cut) else { return };
        match (to, frame) {
            (_, Frame::Close(code)) => self.learns(line, to, code),
            (Side::Phone, _) if on.over_at_phone => {}
            (Side::Phone, frame) => self.phone_hears(line, frame),
            (Side::Replica, _) if on.over_at_replica => {}
            (Side::Replica, frame) => self.replica_hears(line, frame),
        }
    }

    /// One side learns that the connection is over.
    pub fn learns(&mut self, line: u64, side: Side, code: Option<u16>) {
        let Some(on) = self.lines.get_mut(&line) else { return };
        let phone = on.phone;
        match side {
            Side::Phone if !on.over_at_phone => {
                on.over_at_phone = true;
                self.phone_loses(phone, line, code);
            }
            Side::Replica if !on.over_at_replica => {
                on.over_at_replica = true;
                self.conversations.remove(&line);
            }
            _ => {}
        }
        if self.lines.get(&line).is_some_and(|on| on.over_at_phone && on.over_at_replica) {
            self.lines.remove(&line);
        }
    }

    /// One side hangs up: the other learns of it after everything that was said before.
    pub fn hang_up(&mut self, line: u64, side: Side, code: Option<u16>) {
        let other = if side == Side::Phone { Side::Replica } else { Side::Phone };
        self.carry(line, other, Frame::Close(code));
        self.learns(line, side, code);
    }
}
