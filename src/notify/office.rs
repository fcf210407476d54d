//! What does not change from page to page.

use crate::config::Config;
use crate::store::page::Channel;

#[derive(Clone, Debug)]
pub struct Office {
    pub origin: String,
    /// Who is told when the service itself needs a person.
    pub operator: String,
    /// Where test pages go.
    pub test: Option<String>,
    /// Over what somebody can be told at all.
    pub channels: Vec<Channel>,
    /// Over which of them somebody can answer.
    pub answers: Vec<Channel>,
    /// Those of them that do not work just now: taken last.
    pub down: Vec<Channel>,
}

impl Office {
    pub fn of(config: &Config) -> Self {
        Self {
            origin: config.origin(),
            operator: config.operator().to_owned(),
            test: config.heartbeat_email.clone(),
            channels: config.channels(),
            answers: config.answers(),
            down: Vec::new(),
        }
    }
}
