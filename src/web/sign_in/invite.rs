//! Invitations: a link with which somebody chooses a password and then sets up a second factor. Its token is in the link's
//! fragment, which browsers send nowhere; the database knows its hash; it serves once, within 72 hours.

use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::random;
use crate::store::invitation;
use crate::web::cookies;

pub const LASTS: SignedDuration = SignedDuration::from_hours(72);

/// How a link gets to the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// To the mailbox that is theirs: whoever follows it has shown that mails reach them there.
    Mail,
    Hand,
}

/// A new invitation's token, in place of the one before.
pub async fn make(db: &mut PgConnection, staff: Uuid, now: Timestamp, by: By) -> Result<String, sqlx::Error> {
    let token = random::token();
    invitation::set(db, &cookies::hash(&token), staff, now, now + LASTS, by == By::Mail).await?;
    Ok(token)
}

pub fn link(origin: &str, token: &str) -> String {
    format!("{origin}/staff/invitation#{token}")
}

/// What the mail says. No patient is in it, and nothing that works without the link.
pub fn letter(name: &str, origin: &str, token: &str) -> String {
    format!(
        "Dear {name},\n\nyou are invited to work with Derwent. Open this link to choose a password and set up a second factor, \
         for which you need a phone with an authenticator app:\n\n{}\n\nIt works once, within {} hours. If you did not expect it, \
         do nothing, and tell your administrator.\n",
        link(origin, token),
        LASTS.as_hours(),
    )
}
