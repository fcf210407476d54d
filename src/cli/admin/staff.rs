//! `derwent admin staff`. Whoever is added without a password gets an invitation: a link, printed once, with which they choose
//! their own. A second factor everybody sets up at their first sign-in.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Desk, Done, lines, test_page};
use crate::random;
use crate::secret::Secret;
use crate::store::audit::Act;
use crate::store::page::Channel;
use crate::store::staff::{self, Staff};
use crate::store::{contact_point, credential, organisation, session, team};
use crate::web::invite::{self, By};
use crate::web::password;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Add a member of staff
    Add(Box<Add>),
    /// Give somebody a new password, from a file or standard input; the second factor stays
    Password {
        #[arg(long)]
        staff: Uuid,
        #[command(flatten)]
        password: Password,
    },
    /// Take somebody's password and second factor away and print a link to choose new ones
    Reset {
        #[arg(long)]
        staff: Uuid,
        #[command(flatten)]
        door: Door,
    },
    /// End somebody's work here: they can sign in no more, from now on
    Deactivate {
        #[arg(long)]
        staff: Uuid,
    },
    /// Name somebody who may publish rules, together with another; the rules hold for every organisation here
    RuleOwner {
        #[arg(long)]
        staff: Uuid,
        /// They may no more
        #[arg(long)]
        no_more: bool,
    },
    /// Try whether pages reach somebody: a page that says it is a test, over the ways that pages take
    TestPage(test_page::TestPage),
    /// List staff
    List {
        #[arg(long)]
        organisation: Option<Uuid>,
    },
}

#[derive(Args, Debug)]
pub struct Add {
    #[arg(long)]
    organisation: Uuid,
    #[arg(long)]
    name: String,
    /// To sign in with, and where mails go
    #[arg(long)]
    email: String,
    #[arg(long, value_enum, default_value_t = Role::Coordinator)]
    role: Role,
    /// As in nurse, physiotherapist
    #[arg(long, default_value = "co-ordinator")]
    profession: String,
    /// A team this person works in; may be given several times
    #[arg(long)]
    team: Vec<Uuid>,
    /// Routing key of the pager service
    #[arg(long, env = "DERWENT_PAGER_KEY", hide_env_values = true)]
    pager_key: Option<Secret>,
    #[command(flatten)]
    password: Password,
    #[command(flatten)]
    door: Door,
}

/// Where invitations and test pages lead.
#[derive(Args, Debug)]
pub struct Door {
    /// What browsers see as this service's origin, for the links in what is told
    #[arg(long, env = "DERWENT_ORIGIN", default_value = "http://localhost:8080")]
    origin: String,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum Role {
    #[value(name = "co-ordinator")]
    Coordinator,
    Clinician,
    Administrator,
    Auditor,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Coordinator => "co-ordinator",
            Self::Clinician => "clinician",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
        }
    }
}

/// Without any of these an invitation is printed.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub struct Password {
    /// Take the password from the first line of this file
    #[arg(long)]
    password_file: Option<PathBuf>,
    /// Take the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
}

impl Password {
    /// Its hash, if one was given.
    fn given(&self) -> anyhow::Result<Option<String>> {
        let text = if let Some(path) = &self.password_file {
            std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the password file {}; correct the path", path.display()))?
        } else if self.password_stdin {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("cannot read the password from standard input")?;
            text
        } else {
            return Ok(None);
        };
        password::hash(text.lines().next().unwrap_or_default()).map(Some)
    }
}

impl Command {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        match self {
            Self::Add(add) => add.run(desk).await,
            Self::Password { staff, password } => {
                let hash =
                    password.given()?.context("say where the password is: --password-file or --password-stdin")?;
                let mut db = desk.store.owner.begin().await?;
                let known = known(&mut db, staff).await?;
                credential::set(&mut db, staff, &hash, desk.clock.machine_now()).await?;
                session::end_all(&mut db, staff, None).await?;
                desk.record(&mut db, known.organisation, None, Act::PasswordSet, json!({ "staff": staff })).await?;
                db.commit().await?;
                Ok(Done { text: line(&known), json: value(&known) })
            }
            Self::Reset { staff, door } => {
                let mut db = desk.store.owner.begin().await?;
                let known = known(&mut db, staff).await?;
                credential::clear(&mut db, staff).await?;
                session::end_all(&mut db, staff, None).await?;
                let token = invite::make(&mut db, staff, desk.clock.machine_now(), By::Hand).await?;
                desk.record(&mut db, known.organisation, None, Act::StaffReset, json!({ "staff": staff })).await?;
                db.commit().await?;
                Ok(told(&known, Some(&door.link(&token))))
            }
            Self::Deactivate { staff } => {
                let mut db = desk.store.owner.begin().await?;
                let known = known(&mut db, staff).await?;
                staff::set_deactivated(&mut db, staff, Some(desk.clock.machine_now())).await?;
                credential::clear(&mut db, staff).await?;
                session::end_all(&mut db, staff, None).await?;
                desk.record(&mut db, known.organisation, None, Act::StaffSuspended, json!({ "staff": staff })).await?;
                db.commit().await?;
                Ok(Done { text: line(&known), json: value(&known) })
            }
            Self::RuleOwner { staff, no_more } => {
                let mut db = desk.store.owner.begin().await?;
                let known = known(&mut db, staff).await?;
                staff::set_rule_owner(&mut db, staff, !no_more).await?;
                let detail = json!({ "staff": staff, "may": !no_more });
                desk.record(&mut db, known.organisation, None, Act::RuleOwnerNamed, detail).await?;
                db.commit().await?;
                Ok(Done { text: line(&known), json: value(&known) })
            }
            Self::TestPage(command) => command.run(desk).await,
            Self::List { organisation } => {
                let all = staff::list(&mut *desk.store.owner.acquire().await?, organisation).await?;
                Ok(Done {
                    text: lines(all.iter().map(line), "There are no staff yet."),
                    json: json!({ "staff": all.iter().map(value).collect::<Vec<_>>() }),
                })
            }
        }
    }
}

impl Add {
    async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        let password = self.password.given()?;
        let mut db = desk.store.owner.begin().await?;
        organisation::get(&mut db, self.organisation).await?.with_context(|| {
            format!("there is no organisation {}; `derwent admin organisation list` shows them", self.organisation)
        })?;
        let new = Staff {
            staff: random::new_id(),
            organisation: self.organisation,
            name: self.name,
            email: self.email,
            role: self.role.name().to_owned(),
            profession: self.profession,
        };
        let now = desk.clock.machine_now();
        let new = insert(&mut db, new, now).await?;
        if let Some(key) = &self.pager_key {
            contact_point::vouch(&mut db, new.staff, Channel::Pager, key, now).await?;
        }
        let link = match password {
            Some(hash) => {
                credential::set(&mut db, new.staff, &hash, now).await?;
                None
            }
            None => Some(self.door.link(&invite::make(&mut db, new.staff, now, By::Hand).await?)),
        };
        for wanted in self.team {
            let known = team::get(&mut db, wanted).await?.filter(|team| team.organisation == new.organisation);
            known.with_context(|| {
                format!("there is no team {wanted} in this organisation; `derwent admin team list` shows them")
            })?;
            team::add_member(&mut db, wanted, new.staff).await?;
        }
        desk.record(&mut db, new.organisation, None, Act::StaffAdded, json!({ "staff": new.staff })).await?;
        db.commit().await?;
        Ok(told(&new, link.as_deref()))
    }
}

impl Door {
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn link(&self, token: &str) -> String {
        invite::link(&self.origin, token)
    }
}

/// With the address as it is kept; refused where another has it. Pages go there.
pub async fn insert(db: &mut PgConnection, new: Staff, now: Timestamp) -> anyhow::Result<Staff> {
    let email = new.email.trim().to_lowercase();
    if email.parse::<lettre::Address>().is_err() {
        bail!("{email:?} is no e-mail address; write it as ida@example.org");
    }
    if staff::is_taken(db, &email).await? {
        bail!("{email} is taken by another member of staff; use another address");
    }
    let new = Staff { email, ..new };
    staff::insert(db, &new).await?;
    contact_point::vouch(db, new.staff, Channel::Email, &new.email.clone().into(), now).await?;
    Ok(new)
}

async fn known(db: &mut PgConnection, staff: Uuid) -> anyhow::Result<Staff> {
    staff::get(db, staff)
        .await?
        .with_context(|| format!("there is no member of staff {staff}; `derwent admin staff list` shows them"))
}

/// By e-mail address or id.
pub async fn anybody(db: &mut PgConnection, who: &str) -> anyhow::Result<Staff> {
    let named = |person: &Staff| person.email == who.to_lowercase() || person.staff.to_string() == who;
    let found = staff::list(db, None).await?.into_iter().find(named);
    found.with_context(|| format!("there is no member of staff {who}; `derwent admin staff list` shows them"))
}

/// `link` is that of an invitation.
pub fn told(staff: &Staff, link: Option<&str>) -> Done {
    let mut json = value(staff);
    let mut text = line(staff);
    if let Some(link) = link {
        json["invitation"] = json!(link);
        text.push_str(&format!(
            "\ninvitation {link}\n(works once, within 72 hours; hand it to them and to nobody else)"
        ));
    }
    Done { text, json }
}

fn line(of: &Staff) -> String {
    format!("staff {}  {} <{}>, {}", of.staff, of.name, of.email, of.role)
}

fn value(of: &Staff) -> Value {
    json!({
        "staff": of.staff, "organisation": of.organisation, "name": of.name, "email": of.email, "role": of.role,
        "profession": of.profession,
    })
}
