//! `derwent admin staff test-page`: whoever runs the service tries whether pages reach somebody, over the very way that pages take.

use anyhow::bail;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::staff::{Door, anybody};
use super::{Desk, Done, lines};
use crate::paging::{MOST_TESTS_AN_HOUR, TEST_SUBJECT, test_body};
use crate::random;
use crate::signal::Signal;
use crate::store::audit::Act;
use crate::store::page::Channel;
use crate::store::page_test::{self, NewTest};
use crate::store::{contact_point, staff};

#[derive(Args, Debug)]
pub struct TestPage {
    /// Whom: an e-mail address or a staff id
    #[arg(long)]
    staff: String,
    /// Over ways of this kind alone; without it over every way that this person has proven
    #[arg(long, value_parser = kinds())]
    kind: Option<Channel>,
    #[command(flatten)]
    door: Door,
}

fn kinds() -> impl TypedValueParser<Value = Channel> {
    let unknown = "no such kind of way";
    PossibleValuesParser::new(Channel::ALL.map(Channel::name)).try_map(move |name| Channel::named(&name).ok_or(unknown))
}

impl TestPage {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        let (now, care_now) = (desk.clock.machine_now(), desk.clock.care_now());
        let mut db = desk.store.owner.begin().await?;
        let known = anybody(&mut db, &self.staff).await?;
        staff::lock(&mut db, known.staff).await?;
        let body = test_body("whoever runs the service", self.door.origin());
        let mut sent: Vec<(NewTest, Channel)> = Vec::new();
        for point in contact_point::list(&mut db, known.staff, now).await? {
            let (contact_point, subject, body) = (point.contact_point, TEST_SUBJECT, body.as_str());
            let new = NewTest { page: random::new_id(), staff: known.staff, contact_point, subject, body };
            if self.kind.is_none_or(|kind| kind == point.channel)
                && page_test::form_by_operator(&mut db, &new, care_now, now).await?
            {
                let detail = json!({ "staff": known.staff, "page": new.page });
                desk.record(&mut db, known.organisation, None, Act::TestPageSent, detail).await?;
                sent.push((new, point.channel));
            }
        }
        if sent.is_empty() {
            bail!(
                "{} works here no more, or has proven no such way to be paged; they add one on their account page",
                known.name
            );
        }
        // These included.
        if page_test::sent_since(&mut db, known.staff, care_now - SignedDuration::from_hours(1)).await?
            > MOST_TESTS_AN_HOUR
        {
            bail!(
                "no more than {MOST_TESTS_AN_HOUR} test pages an hour go to one person; try again in an hour, or give --kind"
            );
        }
        db.commit().await?;
        desk.signals.send(Signal::Pages);
        let told = sent.iter().map(|(test, channel)| {
            let (name, over, page) = (&known.name, channel.words(), test.page);
            format!("a test page goes to {name} by {over}; what becomes of it: `derwent pages --page {page}`")
        });
        let pages: Vec<Value> =
            sent.iter().map(|(test, channel)| json!({ "page": test.page, "channel": channel.name() })).collect();
        Ok(Done { text: lines(told, ""), json: json!({ "staff": known.staff, "pages": pages }) })
    }
}
