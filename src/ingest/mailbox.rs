//! What waits for one socket to hear it. Thousands of these wait empty, so an empty one holds next to nothing.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::registry::News;

/// News a socket may be behind with; what does not fit is made up for by its next sweep.
const NEWS_WAITING: usize = 16;

/// News in the order in which they came, the same but once.
#[derive(Debug, Default)]
pub struct Mailbox {
    waiting: Mutex<Vec<News>>,
    came: Notify,
}

impl Mailbox {
    pub fn put(&self, news: News) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !waiting.iter_mut().any(|known| known.takes_in(&news)) && waiting.len() < NEWS_WAITING {
            waiting.push(news);
        }
        drop(waiting);
        self.came.notify_one();
    }

    /// The oldest, when there is any. May be dropped while it waits: nothing is lost.
    pub async fn take(&self) -> News {
        loop {
            if let Some(news) = self.oldest() {
                return news;
            }
            self.came.notified().await;
        }
    }

    fn oldest(&self) -> Option<News> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let news = (!waiting.is_empty()).then(|| waiting.remove(0));
        if waiting.is_empty() {
            *waiting = Vec::new();
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn of_how_far_somebody_is_judged_the_last_counts_and_the_same_waits_once() {
        let (dorothy, joan) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mailbox = Mailbox::default();
        let judged = |patient, through| News::Judged { patient, through };
        for news in
            [judged(dorothy, 1), News::Pushes, judged(joan, 7), judged(dorothy, 3), judged(dorothy, 2), News::Pushes]
        {
            mailbox.put(news);
        }
        let heard: Vec<News> = std::iter::from_fn(|| mailbox.oldest()).collect();
        assert_eq!(heard, [judged(dorothy, 3), News::Pushes, judged(joan, 7)]);
    }

    #[test]
    fn a_socket_that_does_not_listen_costs_no_more_than_so_much() {
        let mailbox = Mailbox::default();
        for patient in 0..1_000 {
            mailbox.put(News::Work { patient: Uuid::from_u128(patient) });
        }
        assert_eq!(std::iter::from_fn(|| mailbox.oldest()).count(), NEWS_WAITING);
    }
}
