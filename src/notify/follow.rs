//! Tells the pager service what became of a page: somebody acknowledged it, or it is over. Until then it goes on ringing.

use futures_util::future;

use crate::notify::channel::Channels;
use crate::notify::retry::{self, Next};
use crate::parts::Parts;
use crate::random;
use crate::store::page::Channel;
use crate::store::page_follow;

const AT_ONCE: i64 = 16;

/// Tells what it does not know yet, once. True if there was anything.
pub async fn follow(parts: &Parts, channels: &Channels) -> anyhow::Result<bool> {
    if !parts.config.channels().contains(&Channel::Pager) {
        return Ok(false);
    }
    let monitor = &parts.store.monitor;
    let taken = page_follow::take(monitor, random::new_id(), parts.clock.machine_now(), AT_ONCE).await?;
    let any = !taken.is_empty();
    let settled = future::join_all(taken.iter().map(async |taken| {
        let Err(not_sent) = channels.follow(taken).await else { return page_follow::settle(monitor, taken).await };
        let error = &not_sent.error;
        match retry::after(Channel::Pager, not_sent.failure, taken.attempts, retry::Page::Other, random::fraction()) {
            Next::Again { after } => {
                tracing::warn!(page = %taken.page, %error, "the pager service was not told; trying again in {after:?}");
                page_follow::settle_again(monitor, taken, parts.clock.machine_now() + after).await
            }
            // It rings too long: that is a nuisance, and no danger.
            Next::GiveUp => {
                tracing::warn!(page = %taken.page, %error, "the pager service could not be told to {}", taken.follow.name());
                page_follow::settle(monitor, taken).await
            }
        }
    }))
    .await;
    settled.into_iter().collect::<Result<(), sqlx::Error>>()?;
    Ok(any)
}
