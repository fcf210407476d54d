//! `derwent pages`: why each page was sent, to whom, each try, and what the other side said. No patient is named.

use std::fmt::Write;

use anyhow::{Context, bail};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::who_would_be_paged::find;
use crate::clock::Clock;
use crate::config::DatabaseConfig;
use crate::paging;
use crate::store::Store;
use crate::store::page_seen::{self, About, Asked, Page};

/// Pages shown at once.
const AT_MOST: i64 = 1000;
const LATELY: SignedDuration = SignedDuration::from_hours(24);

#[derive(Args, Debug)]
pub struct Pages {
    #[command(flatten)]
    database: DatabaseConfig,

    /// Those about one alert, as in A1042, whenever they were made
    #[arg(long, value_parser = reference)]
    alert: Option<i64>,

    /// Those about alerts of a team, by its name or id
    #[arg(long)]
    team: Option<String>,

    /// Those made since: an instant as in 2026-03-02T09:00:00Z, or so long ago, as in 2h (default: 24h)
    #[arg(long, value_parser = since)]
    since: Option<Since>,

    /// Those alone that were not handed over: they wait to be, or were given up and nobody has their alert. The exit code is not 0
    /// when there are some
    #[arg(long)]
    unsettled: bool,

    /// One page, by its id
    #[arg(long)]
    page: Option<Uuid>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,

    /// The care time it is: only for the demo and tests, whose care time is stepped
    #[arg(long, hide = true)]
    care_time: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
enum Since {
    Instant(Timestamp),
    Ago(SignedDuration),
}

fn since(text: &str) -> Result<Since, String> {
    if let Ok(instant) = text.parse() {
        return Ok(Since::Instant(instant));
    }
    let ago: SignedDuration =
        text.parse().map_err(|_| format!("{text:?} is no time; write 2026-03-02T09:00:00Z, or how long ago: 2h"))?;
    Ok(Since::Ago(ago.abs()))
}

fn reference(text: &str) -> Result<i64, String> {
    let digits = text.trim().trim_start_matches(['A', 'a']);
    digits.parse().map_err(|_| format!("{text:?} is no alert; write it as a page does: A1042"))
}

pub async fn run(command: Pages) -> anyhow::Result<()> {
    let store = Store::open(&command.database).await?;
    let pages = looked_up(&command, &store).await;
    store.close().await;
    let pages = pages?;
    if command.json {
        println!("{}", serde_json::to_string_pretty(&json!({ "pages": pages.iter().map(value).collect::<Vec<_>>() }))?);
    } else if pages.is_empty() {
        println!("There is no such page.");
    } else {
        let lives: Vec<String> = pages.iter().map(words).collect();
        print!("{}", lives.join("\n"));
    }
    match (command.unsettled, pages.len()) {
        (false, _) | (true, 0) => Ok(()),
        (true, 1) => bail!("one page is unsettled"),
        (true, count) => bail!("{count} pages are unsettled"),
    }
}

async fn looked_up(command: &Pages, store: &Store) -> anyhow::Result<Vec<Page>> {
    if store.migrations_missing().await? > 0 {
        bail!(
            "the database's tables are not up to date; run `derwent migrate`, or start the service, which does the same"
        );
    }
    let now = command.care_time.map_or_else(Clock::ordinary, Clock::standing).care_now();
    let mut db = store.owner.acquire().await?;
    let alert = match command.alert {
        Some(reference) => {
            let found = page_seen::alert(&mut db, reference).await?;
            Some(found.with_context(|| format!("there is no alert A{reference}, or it was erased"))?)
        }
        None => None,
    };
    let team = match &command.team {
        Some(named) => Some(find(&mut db, named).await?.team),
        None => None,
    };
    let of_one = alert.is_some() || command.page.is_some();
    let since = match command.since {
        Some(Since::Instant(instant)) => Some(instant),
        Some(Since::Ago(ago)) => Some(now - ago),
        // What nobody has settled is not over because it is old.
        None => (!of_one && !command.unsettled).then_some(now - LATELY),
    };
    let asked = Asked { page: command.page, alert, organisation: None, team, since, unsettled: command.unsettled };
    Ok(page_seen::list(&mut db, &asked, AT_MOST).await?)
}

/// A string takes everything.
fn words(page: &Page) -> String {
    let mut text = format!("{} page {}  {}\n", page.made_at, page.page, page.priority);
    let mut line = |what: &str, said: String| {
        let _ = writeln!(text, "  {what:<7} {said}");
    };
    if let Some(what) = paging::about_no_alert(page) {
        line("is", what.to_owned());
    }
    for about in &page.alerts {
        let team = about.team.as_ref().map_or_else(String::new, |team| format!(", {team}"));
        line("about", format!("A{}, {} {}{team}; {}", about.reference, about.priority, about.kind, has(about)));
        for why in &about.why {
            line("why", paging::why(why));
        }
    }
    line("to", to(page));
    for one in &page.tries {
        line(&format!("try {}", one.n), format!("{} {}: {}", one.at, paging::outcome(&one.outcome), one.said));
    }
    let unsettled = if page.unsettled && page.state == "given_up" { ", and nobody has its alert" } else { "" };
    line("now", format!("{}{unsettled}", paging::state(page)));
    if let Some((other, channel)) = page.switched_to {
        line("went on", format!("over {} as page {other}", channel.words()));
    }
    text
}

fn has(about: &About) -> String {
    match (about.acknowledged_at, &about.owner, about.closed_at) {
        (_, _, Some(at)) => format!("closed {at}"),
        (Some(at), Some(owner), None) => format!("{owner} has it since {at}"),
        _ => "nobody has it".to_owned(),
    }
}

fn to(page: &Page) -> String {
    match &page.to {
        None => format!("the operator by {}", page.channel.words()),
        Some(name) if page.proven => format!("{name} by {}", page.channel.words()),
        Some(name) => format!("{name} by {}, to an address that nobody proved", page.channel.words()),
    }
}

fn value(page: &Page) -> Value {
    let about = page.alerts.iter().map(|about| {
        json!({
            "alert": format!("A{}", about.reference),
            "kind": about.kind,
            "priority": about.priority,
            "team": about.team,
            "why": about.why.iter().map(paging::why).collect::<Vec<_>>(),
            "acknowledged_at": about.acknowledged_at,
            "owner": about.owner,
            "closed_at": about.closed_at,
        })
    });
    let tries =
        page.tries.iter().map(|one| json!({ "n": one.n, "at": one.at, "outcome": one.outcome, "said": one.said }));
    json!({
        "page": page.page,
        "made_at": page.made_at,
        "priority": page.priority,
        "is": paging::about_no_alert(page),
        "to": page.to,
        "to_operator": page.organisation.is_none(),
        "channel": page.channel.name(),
        "proven": page.proven,
        "state": page.state,
        "unsettled": page.unsettled,
        "instead_of": page.instead_of,
        "switched_to": page.switched_to.map(|(other, _)| other),
        "about": about.collect::<Vec<_>>(),
        "tries": tries.collect::<Vec<_>>(),
    })
}
