use super::*;
use crate::message::{Told, Work};

const NOW: Duration = Duration::from_secs(1_000);

fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

fn session(pushed_through: u64) -> Session {
    Session::new(pushed_through, NOW)
}

fn submit(batch: u64) -> String {
    format!(r#"{{"type":"submit","batch":{batch},"items":[]}}"#)
}

/// What each command is, in a word.
fn words(commands: &[Command]) -> Vec<String> {
    let word = |command: &Command| match command {
        Command::Send(ServerMessage::Refused(refused)) => format!("refuse {}", refused.refusal.reason),
        Command::Send(message) => {
            let message = serde_json::to_value(message).expect("a message");
            format!("send {}", message["type"].as_str().expect("a type"))
        }
        Command::Ping => "ping".to_owned(),
        Command::Take { batch, .. } => format!("take {batch}"),
        Command::Shown { id } => format!("shown {id}"),
        Command::Acknowledged { through } => format!("acknowledged {through}"),
        Command::Close(close) => format!("close {}", close.code()),
    };
    commands.iter().map(word).collect()
}

#[test]
fn hello_is_awaited_for_its_time() {
    let (handshake, _) = Handshake::open("n".into(), at("2026-03-01T08:00:00Z"), NOW);
    assert_eq!(handshake.deadline(), NOW + Duration::from_secs(HELLO_WITHIN_S.into()));
}

#[test]
fn a_phones_clock_counts_from_two_minutes_on() {
    let service = at("2026-03-01T08:00:00Z");
    for (phone, skew_ms) in [
        ("2026-03-01T08:00:00Z", 0),
        ("2026-03-01T07:58:00.001Z", 0),
        ("2026-03-01T07:58:00Z", 120_000),
        ("2026-03-01T08:01:59.999Z", 0),
        ("2026-03-01T08:02:00Z", -120_000),
        ("2016-03-01T08:00:00Z", 315_532_800_000),
    ] {
        assert_eq!(clock_skew_ms(service, at(phone)), skew_ms, "{phone}");
    }
}

#[test]
fn two_batches_are_taken_and_the_third_is_told_to_wait() {
    let mut session = session(0);
    assert_eq!(words(&session.handle(Input::Text(&submit(1)), NOW)), ["take 1"]);
    assert_eq!(words(&session.handle(Input::Text(&submit(1)), NOW)), ["refuse out_of_turn"]);
    assert_eq!(words(&session.handle(Input::Text(&submit(2)), NOW)), ["take 2"]);
    assert_eq!(session.in_flight(), 2);
    assert_eq!(words(&session.handle(Input::Text(&submit(3)), NOW)), ["refuse too_many_in_flight"]);
    let decided = Input::Decided { batch: 1, items: Vec::new(), notice: None };
    assert_eq!(words(&session.handle(decided, NOW)), ["send receipt"]);
    assert_eq!(session.in_flight(), 1);
    assert_eq!(words(&session.handle(Input::Text(&submit(2)), NOW)), ["refuse out_of_turn"], "it is not decided yet");
    assert_eq!(words(&session.handle(Input::Text(&submit(3)), NOW)), ["take 3"]);
}

#[test]
fn nothing_is_said_twice_and_news_is_said() {
    let mut session = session(0);
    let mut checked = |whom: &str, through| words(&session.handle(Input::Checked { whom: whom.into(), through }, NOW));
    assert!(checked("p1", 0).is_empty(), "nothing was judged yet");
    assert_eq!(checked("p1", 3), ["send checked"]);
    assert!(checked("p1", 3).is_empty() && checked("p1", 2).is_empty());
    assert_eq!(checked("p2", 2), ["send checked"]);
    assert_eq!(checked("p1", 4), ["send checked"]);

    let seen = |by: &str| Seen { whom: "p1".into(), items: Vec::new(), by: by.into() };
    assert_eq!(words(&session.handle(Input::Seen(seen("Ida")), NOW)), ["send seen"]);
    assert!(session.handle(Input::Seen(seen("Ida")), NOW).is_empty());
    assert_eq!(words(&session.handle(Input::Seen(seen("Tom")), NOW)), ["send seen"]);

    let next = |team: &str| {
        let told = Told::Waits { until: at("2026-03-02T08:00:00Z") };
        let work = Work { items: Vec::new(), team: team.into(), phone: "1".into(), told, by: None };
        Input::Next(Next { whom: "p1".into(), work: if team.is_empty() { Vec::new() } else { vec![work] } })
    };
    assert_eq!(words(&session.handle(next(""), NOW)), ["send next"], "the phone may know of something that is over");
    assert_eq!(words(&session.handle(next("Belper team"), NOW)), ["send next"]);
    assert!(session.handle(next("Belper team"), NOW).is_empty());
    assert_eq!(words(&session.handle(next(""), NOW)), ["send next"]);

    let plan = |version| {
        let team = crate::plan::Team {
            name: "Belper".into(),
            phone: "01773 000000".into(),
            cover_from: "08:00".into(),
            cover_until: "20:00".into(),
            cover: Vec::new(),
            time_zone: "Europe/London".into(),
        };
        Input::Plan(Box::new(Plan {
            whom: "p1".into(),
            version,
            time_zone: "Europe/London".into(),
            team,
            due: Vec::new(),
            vitals: Vec::new(),
            questionnaires: Vec::new(),
            advice: Vec::new(),
            answer_advice: Vec::new(),
            emergency: "Call 999.".into(),
        }))
    };
    assert_eq!(words(&session.handle(plan(1), NOW)), ["send plan"]);
    assert!(session.handle(plan(1), NOW).is_empty());
    assert_eq!(words(&session.handle(plan(2), NOW)), ["send plan"]);
}

#[test]
fn pushes_go_out_once_in_order_from_where_the_phone_is() {
    let push = |n| {
        let at = at("2026-03-01T08:00:00Z");
        Push::Message(Message { n, id: Uuid::nil(), whom: "p1".into(), from: "Ida".into(), text: "Hello".into(), at })
    };
    let numbers = |commands: Vec<Command>| -> Vec<u64> {
        let number = |command: &Command| match command {
            Command::Send(ServerMessage::Message(message)) => message.n,
            other => panic!("{other:?}"),
        };
        commands.iter().map(number).collect()
    };
    let mut session = session(2);
    assert_eq!(numbers(session.handle(Input::Pushes(vec![push(4), push(2), push(3)]), NOW)), [3, 4]);
    assert_eq!(numbers(session.handle(Input::Pushes(vec![push(3), push(4), push(5)]), NOW)), [5]);
    assert_eq!(numbers(session.handle(Input::Pushes(Vec::new()), NOW)), [0_u64; 0]);
}

#[test]
fn a_phone_that_answers_no_ping_is_gone_at_the_third_and_any_frame_is_an_answer() {
    let every = Duration::from_secs(Limits::V1.ping_every_s.into());
    let mut silent = session(0);
    assert_eq!(silent.next_wake(), NOW + every);
    assert!(silent.handle(Input::Tick, NOW + every - Duration::from_millis(1)).is_empty(), "not yet");
    assert_eq!(words(&silent.handle(Input::Tick, NOW + every)), ["ping"]);
    assert_eq!(silent.next_wake(), NOW + 2 * every);
    assert_eq!(words(&silent.handle(Input::Tick, NOW + 2 * every)), ["ping"]);
    assert_eq!(words(&silent.handle(Input::Tick, NOW + 3 * every)), ["send bye", "close 1001"]);
    assert!(silent.handle(Input::Text(&submit(1)), NOW + 3 * every).is_empty(), "nothing follows");

    for sign in [Input::Heard, Input::Unread, Input::Binary] {
        let mut alive = session(0);
        alive.handle(Input::Tick, NOW + every);
        alive.handle(Input::Tick, NOW + 2 * every);
        alive.handle(sign, NOW + 2 * every);
        assert_eq!(words(&alive.handle(Input::Tick, NOW + 3 * every)), ["ping"]);
    }
}

#[test]
fn frames_are_counted_by_the_minute() {
    let most = Limits::V1.frames_per_minute;
    let mut session = session(0);
    for _ in 0..most {
        assert!(session.handle(Input::Heard, NOW).is_empty());
    }
    // A new minute begins, and counts anew.
    let next = NOW + MINUTE;
    for _ in 0..most {
        assert!(session.handle(Input::Heard, next).is_empty());
    }
    let last = next + MINUTE - Duration::from_millis(1);
    assert_eq!(words(&session.handle(Input::Heard, last)), ["send bye", "close 4008"]);
}

#[test]
fn each_frame_comes_to_its_own_command() {
    let mut session = session(0);
    let id = Uuid::from_u128(7);
    let shown = format!(r#"{{"type":"shown","id":"{id}"}}"#);
    assert_eq!(words(&session.handle(Input::Text(&shown), NOW)), [format!("shown {id}")]);
    let ack = r#"{"type":"ack","through":12}"#;
    assert_eq!(words(&session.handle(Input::Text(ack), NOW)), ["acknowledged 12"]);
    assert_eq!(words(&session.handle(Input::Binary, NOW)), ["refuse not_text"]);
    assert_eq!(words(&session.handle(Input::Text("{}"), NOW)), ["refuse type_missing"]);
}
