//! A device that was revoked is gone within a minute, though nobody was told of it, and at whichever replica it is.

use std::time::Duration;

use derwent::phone::{Device, Ended, Route};

use super::{Town, connect};
use crate::harness::service::{Options, Service, serve};

/// What is promised.
const WITHIN: Duration = Duration::from_secs(60);

#[tokio::test]
async fn without_any_signal_and_at_any_replica_it_is_closed_within_a_minute() {
    let town = Town::start().await;
    let (_, here) = town.person("Dorothy").await;
    let (_, there) = town.person("Arthur").await;
    let (_, kept) = town.person("Maud").await;
    let to = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let options = Options {
        database_url: town.database.url.clone(),
        care_time: None,
        smtp_url: format!("file:{}", town.mails.path().display()),
        pager_url: None,
    };
    let mut command = serve(&options);
    command.env("DERWENT_LISTEN", to.to_string()).env("DERWENT_ORIGIN", &town.service.origin);
    let _replica = Service::try_start(command).unwrap();
    let there = Device { route: Some(Route { from: "127.0.0.1".parse().unwrap(), to }), ..there };

    let mut lines = [connect(&here).await, connect(&there).await];
    let mut of_others = connect(&kept).await;
    // As if every signal of it were lost.
    let revoke = sqlx::query("UPDATE device SET revoked_at = enrolled_at WHERE device = ANY($1)");
    revoke.bind([here.id, there.id]).execute(&town.store.owner).await.unwrap();
    let mut closing = lines.iter_mut().map(async |line| {
        loop {
            if let Err(error) = line.hear().await {
                return error.downcast_ref::<Ended>().expect("an end of the connection").code();
            }
        }
    });
    let (first, second) = (closing.next().unwrap(), closing.next().unwrap());
    let codes = tokio::time::timeout(WITHIN, async { tokio::join!(first, second) }).await.expect("within a minute");
    assert_eq!(codes, (Some(4001), Some(4001)));
    let receipt =
        super::submit(&mut of_others, serde_json::json!([super::pressure(128, 82, serde_json::json!({}))])).await;
    assert_eq!(receipt[0]["state"], "stored", "nobody else was sent away");
}
