//! Questions that many sockets ask, put to the database together: whatever came while the last were being answered. After a
//! restart ten thousand phones ask the same few things, and in quiet times their sweeps go on asking them.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};

use crate::lifecycle::Lifecycle;
use crate::progress;

/// Questions put to the database at once.
const AT_ONCE: usize = 256;

/// The database did not answer. All who asked with that statement hear it.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct NoAnswer(Arc<sqlx::Error>);

impl From<sqlx::Error> for NoAnswer {
    fn from(error: sqlx::Error) -> Self {
        Self(Arc::new(error))
    }
}

type Asked<Question, Answer> = (Question, oneshot::Sender<Result<Answer, NoAnswer>>);

/// A handle to the task that asks; when the last one is dropped, the task ends.
#[derive(Debug)]
pub struct Together<Question, Answer> {
    queue: mpsc::UnboundedSender<Asked<Question, Answer>>,
}

impl<Question: Send + 'static, Answer: Send + 'static> Together<Question, Answer> {
    /// `answer` gives an answer to each question, in their order; `what` is what it does, for whoever looks whether it does.
    pub fn start<Answering>(
        lifecycle: &Lifecycle,
        what: &'static str,
        pool: &PgPool,
        answer: impl Fn(PgPool, Vec<Question>) -> Answering + Send + Sync + 'static,
    ) -> Self
    where
        Answering: Future<Output = sqlx::Result<Vec<Answer>>> + Send,
    {
        let pool = pool.clone();
        let (queue, mut asked) = mpsc::unbounded_channel::<Asked<Question, Answer>>();
        let turns = lifecycle.progress.begins(what, progress::LIMIT);
        lifecycle.spawn(async move {
            let mut waiting = Vec::new();
            while turns.until(asked.recv_many(&mut waiting, AT_ONCE)).await > 0 {
                // Who has gone meanwhile needs no answer.
                let (questions, replies): (Vec<_>, Vec<_>) =
                    waiting.drain(..).filter(|(_, reply)| !reply.is_closed()).unzip();
                if questions.is_empty() {
                    continue;
                }
                // A task that panicked must not be a task that ended: no phone could connect any more.
                let answered = AssertUnwindSafe(async { answer(pool.clone(), questions).await }).catch_unwind().await;
                match answered.unwrap_or(Err(sqlx::Error::WorkerCrashed)) {
                    Ok(answers) => {
                        for (reply, answer) in replies.into_iter().zip(answers) {
                            let _ = reply.send(Ok(answer));
                        }
                    }
                    Err(error) => {
                        let error = NoAnswer::from(error);
                        for reply in replies {
                            let _ = reply.send(Err(error.clone()));
                        }
                    }
                }
            }
        });
        Self { queue }
    }

    /// May be dropped while it waits.
    pub async fn ask(&self, question: Question) -> Result<Answer, NoAnswer> {
        let (reply, answer) = oneshot::channel();
        // The task ends after its handles, unless it broke.
        let _ = self.queue.send((question, reply));
        answer.await.unwrap_or_else(|_| Err(sqlx::Error::WorkerCrashed.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn what_came_meanwhile_is_asked_together_and_an_error_is_everybodys() {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (go, gone) = tokio::sync::watch::channel(0);
        let pool = PgPool::connect_lazy("postgres://nowhere").expect("an address");
        let together = Together::start(&Lifecycle::new(), "answering", &pool, {
            let asked = asked.clone();
            move |_, questions: Vec<u32>| {
                let (asked, mut gone) = (asked.clone(), gone.clone());
                async move {
                    asked.lock().expect("whole").push(questions.clone());
                    gone.wait_for(|round| *round > 0).await.expect("a sender");
                    if questions.contains(&9) {
                        return Err(sqlx::Error::PoolTimedOut);
                    }
                    Ok(questions.iter().map(|question| question * 10).collect())
                }
            }
        });
        let first = together.ask(1);
        let rest = async {
            tokio::task::yield_now().await;
            let dropped = together.ask(7);
            let asked_and_dropped = tokio::time::timeout(std::time::Duration::ZERO, dropped).await;
            assert!(asked_and_dropped.is_err());
            let release = async {
                tokio::task::yield_now().await;
                go.send(1).expect("a listener");
            };
            tokio::join!(together.ask(2), together.ask(3), release)
        };
        let (first, (second, third, ())) = tokio::join!(first, rest);
        assert_eq!((first.expect("10"), second.expect("20"), third.expect("30")), (10, 20, 30));
        assert_eq!(*asked.lock().expect("whole"), [vec![1], vec![2, 3]]);
        let (one, other) = tokio::join!(together.ask(8), together.ask(9));
        assert!(one.is_err() && other.is_err());
    }

    #[tokio::test]
    async fn after_a_panic_the_next_are_answered() {
        let pool = PgPool::connect_lazy("postgres://nowhere").expect("an address");
        let together = Together::start(&Lifecycle::new(), "answering", &pool, |_, questions: Vec<u32>| async move {
            assert!(!questions.contains(&0), "a row that nobody expected");
            Ok(questions)
        });
        assert!(together.ask(0).await.is_err());
        assert_eq!(together.ask(1).await.expect("an answer"), 1);
    }
}
