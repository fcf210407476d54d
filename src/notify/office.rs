//! What does not change from page to page.

use crate::config::Config;
use crate::roster::ContactPoint;
use crate::secret::Secret;
use crate::store::page::Channel;

#[derive(Clone, Debug)]
pub struct Office {
    pub origin: String,
    /// Who is told when the service itself needs a person.
    pub operator: String,
    /// Rings them where mail does not work.
    pub operator_pager: Option<Secret>,
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
            operator_pager: config.operator_pager_key.clone(),
            test: config.heartbeat_email.clone(),
            channels: config.channels(),
            answers: config.answers(),
            down: Vec::new(),
        }
    }

    /// Where to tell whoever runs the service. A mail that says that mail is dead reaches nobody, so then they are rung as well.
    pub fn operator_ways(&self) -> Vec<ContactPoint> {
        let way = |channel, address| ContactPoint { contact_point: None, channel, address };
        let mail = way(Channel::Email, self.operator.clone().into());
        let rings = self.operator_pager.clone().filter(|_| self.down.contains(&Channel::Email));
        std::iter::once(mail).chain(rings.map(|key| way(Channel::Pager, key))).collect()
    }
}
