use super::*;

const NOW: Duration = Duration::from_secs(1_000);

fn phone(items: Vec<Item>, push_through: u64) -> Phone {
    let identity = Identity { device_id: Uuid::from_u128(1), app_version: "1".into(), notifications: None };
    Phone::restore(identity, items, push_through)
}

fn item(number: u128) -> Item {
    let id = Uuid::from_u128(number);
    let text = format!(r#"{{"id":"{id}","kind":"correction","corrects":"{id}","reason":"not_mine"}}"#);
    serde_json::from_str(&text).expect("an item")
}

/// What each command is, in a word.
fn words(commands: &[Command]) -> Vec<String> {
    let word = |command: &Command| match command {
        Command::Connect => "connect".to_owned(),
        Command::Sign { .. } => "sign".to_owned(),
        Command::Send(ClientMessage::Hello(hello)) => format!("hello {}", hello.resume.push),
        Command::Send(ClientMessage::Submit(submit)) => format!("submit {}", submit.batch),
        Command::Send(ClientMessage::Shown { .. }) => "shown".to_owned(),
        Command::Send(ClientMessage::Ack { through }) => format!("ack {through}"),
        Command::Disconnect => "disconnect".to_owned(),
        Command::Welcomed { .. } => "welcomed".to_owned(),
        Command::Settled { id, .. } => format!("settled {}", id.as_u128()),
        Command::Say(message) => format!("say {}", message.n),
        Command::EnrolAgain => "enrol again".to_owned(),
        other => format!("{other:?}"),
    };
    commands.iter().map(word).collect()
}

const CHALLENGE: &str = r#"{"type":"challenge","nonce":"n","server_time":"2026-03-01T08:00:00Z","protocol":1}"#;

fn welcome() -> String {
    let limits = serde_json::to_string(&Limits::V1).expect("limits");
    format!(
        r#"{{"type":"welcome","session_id":"{}","server_time":"2026-03-01T08:00:00Z","clock_skew_ms":0,"limits":{limits},"people":[]}}"#,
        Uuid::nil()
    )
}

fn signed() -> Input<'static> {
    let at = "2026-03-01T08:00:00Z".parse().expect("a timestamp");
    Input::Signed { proof: "signed".into(), phone_time: PhoneTime::utc(at) }
}

fn talking(items: Vec<Item>) -> Phone {
    let mut phone = phone(items, 0);
    phone.handle(Input::Tick, NOW);
    phone.handle(Input::Text(&welcome()), NOW);
    assert!(phone.is_connected());
    phone
}

fn message(n: u64) -> String {
    format!(
        r#"{{"type":"message","n":{n},"id":"{}","for":"p1","from":"Ida","text":"Hello","at":"2026-03-01T08:00:00Z"}}"#,
        Uuid::nil()
    )
}

#[test]
fn it_connects_proves_itself_and_sends_what_waits() {
    let mut phone = phone(vec![item(1)], 7);
    assert!(!phone.is_connected());
    assert_eq!(phone.push_through(), 7);
    assert_eq!(phone.next_wake(), Some(Duration::ZERO));
    assert_eq!(words(&phone.handle(Input::Tick, NOW)), ["connect"]);
    assert!(phone.handle(Input::Opened, NOW).is_empty());
    assert_eq!(words(&phone.handle(Input::Text(CHALLENGE), NOW)), ["sign"]);
    assert_eq!(words(&phone.handle(signed(), NOW)), ["hello 7"]);
    assert_eq!(words(&phone.handle(Input::Text(&welcome()), NOW)), ["welcomed", "submit 1"]);
    // Out of turn: a second challenge or welcome, or a signature that came late.
    assert!(phone.handle(Input::Text(CHALLENGE), NOW).is_empty());
    assert!(phone.handle(Input::Text(&welcome()), NOW).is_empty());
    assert!(phone.handle(signed(), NOW).is_empty());
}

#[test]
fn a_handshake_or_a_receipt_that_does_not_come_is_hung_up_on() {
    let mut phone = phone(vec![item(1)], 0);
    phone.handle(Input::Tick, NOW);
    let due = NOW + HANDSHAKE_WITHIN;
    assert_eq!(phone.next_wake(), Some(due));
    assert!(phone.handle(Input::Tick, due - Duration::from_millis(1)).is_empty());
    assert_eq!(words(&phone.handle(Input::Tick, due)), ["disconnect"]);
    assert_eq!(phone.next_wake(), None, "the caller says when it is closed");

    let mut phone = talking(vec![item(1)]);
    let due = NOW + Duration::from_secs(Limits::V1.receipt_within_s.into());
    assert_eq!(phone.next_wake(), Some(due));
    assert!(phone.handle(Input::Tick, due - Duration::from_millis(1)).is_empty());
    assert_eq!(words(&phone.handle(Input::Tick, due)), ["disconnect"]);
}

#[test]
fn it_comes_back_after_a_pause_that_doubles_to_a_minute() {
    let mut phone = phone(Vec::new(), 0);
    let mut now = NOW;
    for (least_ms, jitter) in [
        (500, 0.0),
        (1_000, 0.0),
        (2_000, 0.0),
        (6_000, 0.5),
        (8_000, 0.0),
        (16_000, 0.0),
        (30_000, 0.0),
        (45_000, 0.5),
    ] {
        phone.handle(Input::Tick, now);
        assert!(phone.handle(Input::Closed { code: None, jitter }, now).is_empty());
        let again = now + Duration::from_millis(least_ms);
        assert_eq!(phone.next_wake(), Some(again), "{least_ms}");
        assert!(phone.handle(Input::Tick, again - Duration::from_millis(1)).is_empty(), "{least_ms}");
        now = again;
        // Connecting again.
    }
    phone.handle(Input::Tick, now);
    phone.handle(Input::Text(&welcome()), now);
    phone.handle(Input::Text(r#"{"type":"bye","code":"shutting_down","retry_after_s":4}"#), now);
    phone.handle(Input::Closed { code: Some(1012), jitter: 0.0 }, now);
    assert_eq!(phone.next_wake(), Some(now + Duration::from_millis(4_500)), "a welcome ends the doubling");
}

#[test]
fn what_a_close_code_means() {
    let mut revoked = talking(vec![item(1)]);
    assert_eq!(words(&revoked.handle(Input::Closed { code: Some(4001), jitter: 0.0 }, NOW)), ["enrol again"]);
    assert_eq!((revoked.next_wake(), revoked.outbox().count()), (None, 1));

    let mut replaced = talking(vec![item(1)]);
    assert!(replaced.handle(Input::Closed { code: Some(4003), jitter: 0.0 }, NOW).is_empty());
    assert_eq!(replaced.next_wake(), None);
    assert_eq!(words(&replaced.handle(Input::BroughtToFront, NOW)), ["connect"]);

    let mut too_big = talking(vec![item(1)]);
    assert_eq!(words(&too_big.handle(Input::Closed { code: Some(1009), jitter: 0.0 }, NOW)), ["settled 1"]);
    let mut other = talking(vec![item(1)]);
    assert!(other.handle(Input::Closed { code: Some(1001), jitter: 0.0 }, NOW).is_empty());
    assert_eq!(other.outbox().count(), 1);

    let mut told = talking(Vec::new());
    assert_eq!(words(&told.handle(Input::Text(r#"{"type":"bye","code":"revoked"}"#), NOW)), ["enrol again"]);
    assert!(told.handle(Input::Text(r#"{"type":"bye","code":"replaced"}"#), NOW).is_empty());
}

#[test]
fn a_push_is_shown_once_and_acknowledged_each_time_without_a_gap() {
    let mut phone = talking(Vec::new());
    assert_eq!(words(&phone.handle(Input::Text(&message(1)), NOW)), ["ack 1", "say 1"]);
    assert_eq!(words(&phone.handle(Input::Text(&message(1)), NOW)), ["ack 1"]);
    assert_eq!(words(&phone.handle(Input::Text(&message(3)), NOW)), ["ack 1", "say 3"]);
    assert_eq!(words(&phone.handle(Input::Text(&message(3)), NOW)), ["ack 1"]);
    assert_eq!(words(&phone.handle(Input::Text(&message(2)), NOW)), ["ack 3", "say 2"]);
    assert_eq!(phone.push_through(), 3);
    let mut connecting = self::phone(Vec::new(), 0);
    connecting.handle(Input::Tick, NOW);
    assert_eq!(
        words(&connecting.handle(Input::Text(&message(1)), NOW)),
        ["say 1"],
        "nothing is said before the welcome"
    );
}

#[test]
fn what_was_shown_without_a_connection_is_said_with_the_next() {
    let mut phone = phone(Vec::new(), 0);
    assert_eq!(words(&phone.handle(Input::Shown { ask: Uuid::nil() }, NOW)), ["connect"]);
    assert_eq!(words(&phone.handle(Input::Text(&welcome()), NOW)), ["welcomed", "shown"]);
}

#[test]
fn a_batch_refused_whole_settles_an_item_that_was_alone_in_it() {
    let mut phone = talking(vec![item(1)]);
    let refused = |batch: &str| {
        format!(r#"{{"type":"refused","batch":{batch},"reason":"batch_too_big","detail":"too big","retry":false}}"#)
    };
    assert!(phone.handle(Input::Text(&refused("null")), NOW).is_empty());
    assert_eq!(words(&phone.handle(Input::Text(&refused("1")), NOW)), ["settled 1"]);
}

#[test]
fn a_receipt_settles_what_it_speaks_of_and_the_next_batch_goes() {
    let mut phone = talking(vec![item(1), item(2)]);
    let receipt = |batch: &str, items: &str| format!(r#"{{"type":"receipt","batch":{batch},"items":[{items}]}}"#);
    let stored = |number: u128| format!(r#"{{"id":"{}","state":"stored","seq":{number}}}"#, Uuid::from_u128(number));
    assert!(phone.handle(Input::Text(&receipt("null", &stored(1))), NOW).is_empty(), "an answer over HTTP");
    let items = format!("{},{}", stored(1), stored(2));
    assert_eq!(words(&phone.handle(Input::Text(&receipt("1", &items)), NOW)), ["settled 1", "settled 2"]);
    assert_eq!(phone.outbox().count(), 0);
    assert_eq!(words(&phone.handle(Input::Submit(Box::new(item(3))), NOW)), ["submit 2"]);
}
