//! `derwent admin staff`: a password comes from a file, from stdin, or is made here and printed once.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Desk, Done, lines};
use crate::random;
use crate::secret::Secret;
use crate::store::audit::Act;
use crate::store::staff::{self, Staff};
use crate::store::{organisation, team};
use crate::web::password;

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Add a member of staff
    Add(Box<Add>),
    /// Give somebody a new password
    Password {
        #[arg(long)]
        staff: Uuid,
        #[command(flatten)]
        password: Password,
    },
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
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Role {
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

/// Without any of these one is made and printed once.
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

struct Chosen {
    hash: String,
    /// Made here: to be printed once.
    made: Option<String>,
}

impl Password {
    fn choose(&self) -> anyhow::Result<Chosen> {
        let given = if let Some(path) = &self.password_file {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the password file {}; correct the path", path.display()))?;
            Some(text)
        } else if self.password_stdin {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("cannot read the password from standard input")?;
            Some(text)
        } else {
            None
        };
        match given {
            Some(text) => Ok(Chosen { hash: password::hash(text.lines().next().unwrap_or_default())?, made: None }),
            None => {
                let made = random::token();
                Ok(Chosen { hash: password::hash(&made)?, made: Some(made) })
            }
        }
    }
}

impl Command {
    pub async fn run(self, desk: &Desk) -> anyhow::Result<Done> {
        match self {
            Self::Add(add) => add.run(desk).await,
            Self::Password { staff, password } => {
                let chosen = password.choose()?;
                let mut db = desk.store.owner.begin().await?;
                let known = staff::get(&mut db, staff).await?.with_context(|| unknown(staff))?;
                staff::set_password(&mut db, staff, &chosen.hash).await?;
                desk.record(&mut db, known.organisation, None, Act::PasswordSet, json!({ "staff": staff })).await?;
                db.commit().await?;
                Ok(told(&known, &chosen))
            }
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
        let email = self.email.trim().to_lowercase();
        if email.parse::<lettre::Address>().is_err() {
            bail!("{email:?} is no e-mail address; write it as ida@example.org");
        }
        let chosen = self.password.choose()?;
        let mut db = desk.store.owner.begin().await?;
        organisation::get(&mut db, self.organisation).await?.with_context(|| {
            format!("there is no organisation {}; `derwent admin organisation list` shows them", self.organisation)
        })?;
        if staff::credentials(&mut db, &email).await?.is_some() {
            bail!("{email} is taken by another member of staff; use another address");
        }
        let new = Staff {
            staff: random::new_id(),
            organisation: self.organisation,
            name: self.name,
            email,
            role: self.role.name().to_owned(),
            profession: self.profession,
        };
        staff::insert(&mut db, &new, self.pager_key.as_ref(), Some(&chosen.hash)).await?;
        for wanted in self.team {
            let known = team::get(&mut db, wanted).await?.filter(|team| team.organisation == new.organisation);
            known.with_context(|| {
                format!("there is no team {wanted} in this organisation; `derwent admin team list` shows them")
            })?;
            team::add_member(&mut db, wanted, new.staff).await?;
        }
        desk.record(&mut db, new.organisation, None, Act::StaffAdded, json!({ "staff": new.staff, "role": new.role }))
            .await?;
        db.commit().await?;
        Ok(told(&new, &chosen))
    }
}

fn unknown(staff: Uuid) -> String {
    format!("there is no member of staff {staff}; `derwent admin staff list` shows them")
}

fn told(staff: &Staff, chosen: &Chosen) -> Done {
    let mut json = value(staff);
    let mut text = line(staff);
    if let Some(made) = &chosen.made {
        json["password"] = json!(made);
        text.push_str(&format!("\npassword {made}\n(shown this once)"));
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
