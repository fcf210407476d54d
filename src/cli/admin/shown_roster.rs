//! What `derwent admin roster show` and `derwent admin team cover` print.

use std::fmt::Write;

use alert_rules::Priority;
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Done;
use crate::roster::{Member, Outside, Roster};
use crate::store::team;

pub(super) async fn shown(db: &mut PgConnection, of: &Roster, now: Timestamp) -> Result<Done, sqlx::Error> {
    let cover: Vec<String> = of.cover.hours.iter().map(ToString::to_string).collect();
    let bank = if of.cover.calendar.keeps_bank_holidays { "; bank holidays are days of their own" } else { "" };
    let mut text = format!("cover    {}{bank}\n", cover.join(", "));
    let mut outside = serde_json::Map::new();
    for priority in [Priority::High, Priority::Medium, Priority::Low] {
        let (words, json) = match of.outside(priority) {
            Outside::Waits => ("waits".to_owned(), Value::Null),
            Outside::Team(taker) => {
                let name = team::get(db, taker).await?.map_or_else(|| taker.to_string(), |team| team.name);
                (format!("goes to {name}"), json!(taker))
            }
        };
        let _ = writeln!(text, "outside  {} {words}", priority.name());
        outside.insert(priority.name().to_owned(), json);
    }
    for shift in &of.shifts {
        let _ = writeln!(text, "shift    {}  {}", shift.weekly, shift.member.name);
    }
    if of.shifts.is_empty() {
        text.push_str("Nobody is on this roster: pages go to no one.\n");
    }
    let local = |at: Timestamp| of.zone().to_datetime(at).strftime("%Y-%m-%dT%H:%M").to_string();
    for over in &of.overrides {
        let instead = over
            .instead_of
            .map_or_else(|| "beside the others".to_owned(), |staff| format!("instead of {}", name(of, staff)));
        let (from, until) = (local(over.from), local(over.until));
        let _ = writeln!(text, "override {from} – {until}  {} {instead}  ({})", over.member.name, over.id);
    }
    for leave in &of.leave {
        let (from, until) = (local(leave.from), local(leave.until));
        let _ = writeln!(text, "leave    {from} – {until}  {}  ({})", name(of, leave.staff), leave.id);
    }
    let names = |people: &[&Member]| people.iter().map(|member| member.name.as_str()).collect::<Vec<_>>().join(", ");
    let on_duty = of.on_duty(now);
    let _ = writeln!(text, "now      {}", if on_duty.is_empty() { "nobody".to_owned() } else { names(&on_duty) });
    let holes = of.holes_ahead(now);
    for hole in &holes {
        let _ = writeln!(text, "hole     {}", hole.words(of.zone()));
    }
    let json = json!({
        "team": of.team,
        "cover": cover,
        "keeps_bank_holidays": of.cover.calendar.keeps_bank_holidays,
        "outside": outside,
        "roster": of.shifts.iter().map(|shift| {
            json!({ "staff": shift.member.staff, "name": shift.member.name, "hours": shift.weekly.to_string() })
        }).collect::<Vec<_>>(),
        "overrides": of.overrides.iter().map(|over| {
            json!({ "override": over.id, "staff": over.member.staff, "instead_of": over.instead_of,
                    "from": over.from, "until": over.until })
        }).collect::<Vec<_>>(),
        "leave": of.leave.iter().map(|leave| {
            json!({ "leave": leave.id, "staff": leave.staff, "from": leave.from, "until": leave.until })
        }).collect::<Vec<_>>(),
        "on_duty": on_duty.iter().map(|member| member.staff).collect::<Vec<_>>(),
        "holes": holes.iter().map(|hole| json!({ "from": hole.from, "until": hole.until })).collect::<Vec<_>>(),
    });
    Ok(Done { text, json })
}

fn name(of: &Roster, staff: Uuid) -> String {
    let everybody = of.members.iter().chain(of.shifts.iter().map(|shift| &shift.member));
    let found = everybody.chain(of.overrides.iter().map(|over| &over.member)).find(|member| member.staff == staff);
    found.map_or_else(|| staff.to_string(), |member| member.name.clone())
}
