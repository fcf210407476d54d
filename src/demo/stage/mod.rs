//! The stage: Dorothy's phone, the worklist, the chart and the inbox side by side in a browser, all of them the real
//! thing, while this process holds the time and may kill the service.

mod server;
mod state;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use self::server::{Door, Wish};
use self::state::{Act, Board, INBOX_SHOWN, Progress, ServiceState, State};
use super::cast::Cast;
use super::player::{Player, Preparation};
use super::timeline::Timeline;
use super::{progress, setup};
use crate::clock::Clock;
use crate::store::tally;

/// How long nobody answers.
const SILENCE: SignedDuration = SignedDuration::from_mins(20);
/// How often the counters are read anew.
const REFRESH: Duration = Duration::from_millis(400);
/// Windows played between two looks at the counters.
const WINDOWS_A_LOOK: usize = 20;

/// A stage that is open: the printed link works, and shows what is being waited for.
#[derive(Debug)]
pub struct Stage {
    board: Board,
    wishes: mpsc::Receiver<Wish>,
    session: watch::Sender<Vec<String>>,
    server: JoinHandle<std::io::Result<()>>,
    pub origin: String,
    pub link: String,
}

impl Stage {
    /// Listens, before anything else is there to be shown.
    pub async fn open(listen: SocketAddr, time_zone: &str, clock: &Clock) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen}; choose another port with --listen"))?;
        let origin = format!("http://localhost:{}", listener.local_addr()?.port());
        let board = Board::new(State {
            care_now: clock.care_now(),
            time_zone: time_zone.to_owned(),
            service: ServiceState::Starting,
            progress: Some(Progress { what: "Starting the database and the service".into(), done: 0, total: 0 }),
            phone_url: None,
            worklist_url: None,
            chart_url: None,
            stored: 0,
            judged: 0,
            lost: 0,
            inbox: Vec::new(),
            said: None,
        });
        let (sender, wishes) = mpsc::channel(16);
        let (session, session_seen) = watch::channel(Vec::new());
        let door = Arc::new(Door::new(board.clone(), sender, session_seen));
        let link = format!("{origin}{}", door.way_in());
        let server = tokio::spawn(server::serve(listener, door));
        Ok(Self { board, wishes, session, server, origin, link })
    }

    /// Loads the history for all to see, then plays for as long as it is let.
    pub async fn play(mut self, how: &Preparation, cast: &Cast, timeline: &Timeline) -> anyhow::Result<()> {
        let mut player = Player::prepare(how, cast, timeline).await?;
        let origin = player.service.origin.clone();
        self.session.send_replace(player.coordinator.set_cookie.clone());
        self.board.change(|state| {
            state.service = ServiceState::Up;
            state.worklist_url = Some(format!("{origin}/staff/"));
        });
        let stored = self.load(&mut player, timeline).await?;
        self.hand_dorothy_her_phone(&mut player, cast).await?;
        self.perform(player, stored).await
    }

    /// The history, through the phones; the page and the terminal show how far it is.
    async fn load(&mut self, player: &mut Player, timeline: &Timeline) -> anyhow::Result<Vec<Uuid>> {
        let total = timeline.windows.len();
        let bar = progress::bar(total);
        for (done, window) in timeline.windows.iter().enumerate() {
            player.play(window, false).await?;
            bar.inc(1);
            if done % WINDOWS_A_LOOK == 0 {
                let what = "Loading the recordings through real phones".to_owned();
                self.board.change(|state| state.progress = Some(Progress { what, done, total }));
                self.look(player).await?;
                self.answer_while_loading();
            }
        }
        let now = player.clock.machine_now();
        player.until_quiet(now).await?;
        bar.finish_and_clear();
        Ok(player.switch_phones_off())
    }

    fn answer_while_loading(&mut self) {
        while let Ok(wish) = self.wishes.try_recv() {
            if let Wish::Act(_, answer) = wish {
                // The browser may have gone.
                let _ = answer.send(Err("The recordings are still being loaded.".into()));
            }
        }
    }

    /// The real app, with a code of its own; and care time runs on at real pace from now.
    async fn hand_dorothy_her_phone(&mut self, player: &mut Player, cast: &Cast) -> anyhow::Result<()> {
        player.run().await?;
        let dorothy = player.world.people.first().context("the cast begins with Dorothy")?.patient;
        let machine_now = player.clock.machine_now();
        let code = setup::another_code(&player.store, &player.world, dorothy, machine_now).await?;
        let born = cast.person.first().context("the cast begins with Dorothy")?.born;
        let origin = &player.service.origin;
        self.board.change(|state| {
            state.phone_url = Some(format!("{origin}/app/#code={code}&born={born}"));
            state.chart_url = Some(format!("{origin}/staff/patients/{dorothy}?only=chart"));
            state.progress = None;
        });
        Ok(())
    }

    /// Inputs: wishes from the page, the refreshing of the counters, and the stage's server, should it end.
    async fn perform(mut self, mut player: Player, mut stored: Vec<Uuid>) -> anyhow::Result<()> {
        let mut refresh = tokio::time::interval(REFRESH);
        loop {
            tokio::select! {
                _ = refresh.tick() => self.look(&player).await?,
                wish = self.wishes.recv() => match wish {
                    Some(Wish::Receipts(ids)) => {
                        stored.extend(&ids);
                        self.count_lost(&player, &stored).await?;
                    }
                    Some(Wish::Act(act, answer)) => {
                        let done = self.act(act, &mut player).await;
                        self.count_lost(&player, &stored).await?;
                        // The browser may have gone.
                        let _ = answer.send(done.map_err(|error| format!("{error:#}")));
                    }
                    None => anyhow::bail!("the stage's server ended"),
                },
                server = &mut self.server => {
                    server??;
                    anyhow::bail!("the stage's server ended");
                }
            }
        }
    }

    async fn act(&mut self, act: Act, player: &mut Player) -> anyhow::Result<()> {
        match act {
            Act::NobodyAnswers => {
                self.board.change(|state| state.said = Some("Twenty minutes pass, and nobody answers.".into()));
                player.pass(SILENCE).await?;
                self.board.change(|state| state.said = Some("Twenty minutes have passed. Nobody answered.".into()));
            }
            Act::Kill => {
                self.board.change(|state| {
                    state.service = ServiceState::Killed;
                    state.said = Some("The server was killed without warning.".into());
                });
                player.kill_and_restart().await?;
                player.run().await?;
                self.board.change(|state| {
                    state.service = ServiceState::Up;
                    state.said = Some("The server is back. Phones connect again by themselves.".into());
                });
            }
        }
        Ok(())
    }

    async fn look(&self, player: &Player) -> anyhow::Result<()> {
        let (stored, judged) = tally::progress(&player.store.owner).await?;
        let inbox = player.inbox.newest(INBOX_SHOWN);
        self.board.change(|state| {
            state.care_now = player.clock.care_now();
            state.stored = stored;
            state.judged = judged;
            state.inbox = inbox;
        });
        Ok(())
    }

    /// Everything a phone was ever told is stored must still be there.
    async fn count_lost(&self, player: &Player, stored: &[Uuid]) -> anyhow::Result<()> {
        let there = tally::stored_among(&player.store.owner, stored).await?;
        let told = i64::try_from(stored.iter().collect::<std::collections::BTreeSet<_>>().len())?;
        self.board.change(|state| state.lost = told - there);
        self.look(player).await
    }
}
