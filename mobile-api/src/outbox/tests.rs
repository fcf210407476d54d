use super::*;

const NOW: Duration = Duration::from_secs(1_000);

fn item(number: u128) -> Item {
    let id = Uuid::from_u128(number);
    let text = format!(r#"{{"id":"{id}","kind":"correction","corrects":"{id}","reason":"not_mine"}}"#);
    serde_json::from_str(&text).expect("an item")
}

/// With a note of so many letters.
fn long_item(number: u128, letters: usize) -> Item {
    Item { note: Some("x".repeat(letters)), ..item(number) }
}

fn outbox(items: impl IntoIterator<Item = Item>) -> Outbox {
    let mut outbox = Outbox::default();
    items.into_iter().for_each(|item| outbox.push(item, NOW));
    outbox
}

fn ids(submit: &Submit) -> Vec<u128> {
    submit.items.iter().map(|item| item.id.as_u128()).collect()
}

fn refused(number: u128, reason: Reason) -> ReceiptItem {
    let outcome = Outcome::Refused(Refusal::new(reason, "no"));
    ReceiptItem { id: Uuid::from_u128(number).to_string(), outcome }
}

#[test]
fn an_item_too_big_to_be_read_is_settled_and_keeps_nothing_behind_it() {
    let limits = Limits::V1;
    let mut outbox = Outbox::restore(vec![item(1), item(2)]);
    let both = outbox.next_batch(Duration::ZERO, &limits).expect("a batch");
    assert_eq!(both.items.len(), 2);
    assert_eq!(outbox.too_big(), None, "one of two: nobody knows which");
    outbox.connection_lost();

    let alone = outbox.next_batch(Duration::ZERO, &limits).expect("a batch");
    assert_eq!(alone.items.len(), 1);
    assert_eq!(outbox.next_batch(Duration::ZERO, &limits), None, "nothing else is on its way meanwhile");
    assert_eq!(outbox.too_big().map(|(id, _)| id), Some(Uuid::from_u128(1)));
    outbox.connection_lost();
    assert_eq!(outbox.items().map(|item| item.id).collect::<Vec<_>>(), [Uuid::from_u128(2)]);
    assert!(outbox.next_batch(Duration::ZERO, &limits).is_some());
}

#[test]
fn two_batches_are_on_their_way_under_two_numbers_and_the_third_waits() {
    let limits = Limits { batch_items: 1, ..Limits::V1 };
    let mut outbox = outbox([item(1), item(2), item(3)]);
    let first = outbox.next_batch(NOW, &limits).expect("the first");
    let second = outbox.next_batch(NOW, &limits).expect("the second");
    assert_ne!(first.batch, second.batch, "a receipt must say which it is for");
    assert_eq!((ids(&first), ids(&second)), (vec![1], vec![2]));
    assert_eq!(outbox.next_batch(NOW, &limits), None);
    outbox.decided(first.batch, vec![refused(1, Reason::Conflict)], NOW);
    assert_eq!(outbox.next_batch(NOW, &limits).map(|third| ids(&third)), Some(vec![3]));
}

#[test]
fn a_batch_is_as_full_as_it_may_be_and_its_frame_never_fuller() {
    for batch_bytes in 1_000..1_400 {
        let limits = Limits { batch_bytes, ..Limits::V1 };
        let mut outbox = outbox((1..9).map(|number| long_item(number, 100)));
        let first = outbox.next_batch(NOW, &limits).expect("a batch");
        let frame = |submit: Submit| {
            serde_json::to_string(&crate::message::ClientMessage::Submit(submit)).expect("a message").len()
        };
        let one = serde_json::to_string(&first.items[0]).expect("an item").len();
        let count = first.items.len();
        let written = frame(first);
        assert!(written <= batch_bytes, "{written} bytes of {batch_bytes}");
        // Room for `age_ms` of each is kept, and for one more item there is none.
        let kept = FRAME_AROUND_BYTES + (count + 1) * (one + ITEM_AROUND_BYTES);
        assert!(kept > batch_bytes, "one more of {one} bytes had room beside {count} in {batch_bytes}");
    }
}

#[test]
fn what_was_refused_whole_is_taken_apart_and_an_item_refused_alone_is_settled() {
    let limits = Limits::V1;
    let mut outbox = outbox([item(1), item(2)]);
    let both = outbox.next_batch(NOW, &limits).expect("a batch");
    let refusal = Refusal::new(Reason::BatchTooBig, "too big");
    assert_eq!(outbox.batch_refused(both.batch, refusal.clone(), NOW), None);

    outbox.push(item(3), NOW);
    let first = outbox.next_batch(NOW, &limits).expect("the first alone");
    assert_eq!(ids(&first), [1]);
    assert_eq!(outbox.next_batch(NOW, &limits), None, "it travels with nothing else on its way");
    assert_eq!(outbox.batch_refused(first.batch, refusal, NOW).map(|(id, _)| id.as_u128()), Some(1));
    assert_eq!(outbox.next_batch(NOW, &limits).map(|next| ids(&next)), Some(vec![2]));
}

#[test]
fn an_item_that_travels_alone_waits_until_others_have_their_receipts() {
    let limits = Limits::V1;
    let mut outbox = outbox([item(1), item(2)]);
    let both = outbox.next_batch(NOW, &limits).expect("a batch");
    outbox.push(item(3), NOW);
    let third = outbox.next_batch(NOW, &limits).expect("a second batch");
    assert_eq!(ids(&third), [3]);
    outbox.batch_refused(both.batch, Refusal::new(Reason::BatchTooBig, "too big"), NOW);
    assert_eq!(outbox.next_batch(NOW, &limits), None, "the third is still on its way");
    outbox.decided(third.batch, vec![refused(3, Reason::Conflict)], NOW);
    assert_eq!(outbox.next_batch(NOW, &limits).map(|alone| ids(&alone)), Some(vec![1]));
}

#[test]
fn what_is_to_be_sent_later_waits_as_long_as_it_was_told() {
    let limits = Limits::V1;
    let mut outbox = outbox([item(1), item(2)]);
    let both = outbox.next_batch(NOW, &limits).expect("a batch");
    let settled = outbox.decided(both.batch, vec![refused(1, Reason::NotStored), refused(2, Reason::Conflict)], NOW);
    assert_eq!(settled.iter().map(|(id, _)| id.as_u128()).collect::<Vec<_>>(), [2]);
    let wait_s = Reason::NotStored.retry_after_s().expect("it may be sent again");
    let again = NOW + Duration::from_secs(wait_s.into());
    assert_eq!(outbox.next_wake(&limits), Some(again));
    assert_eq!(outbox.next_batch(again - Duration::from_millis(1), &limits), None);
    assert_eq!(outbox.next_batch(again, &limits).map(|next| ids(&next)), Some(vec![1]));

    let both = Refusal::new(Reason::Busy, "busy");
    let told = Duration::from_secs(both.retry_after_s.expect("with every retry").into());
    assert_eq!(outbox.batch_refused(outbox.last_batch, both, again), None);
    assert_eq!(outbox.next_batch(again, &limits), None);
    assert!(outbox.next_batch(again + told, &limits).is_some());
}

#[test]
fn a_late_receipt_of_an_earlier_batch_leaves_what_is_on_its_way_there() {
    let limits = Limits::V1;
    let mut outbox = outbox([item(1)]);
    let first = outbox.next_batch(NOW, &limits).expect("a batch");
    outbox.connection_lost();
    let second = outbox.next_batch(NOW, &limits).expect("sent again");
    outbox.decided(first.batch, vec![refused(1, Reason::NotStored)], NOW);
    let later = NOW + Duration::from_secs(600);
    assert_eq!(outbox.next_batch(later, &limits), None, "batch {} is still on its way", second.batch);
}

#[test]
fn a_receipt_is_overdue_when_its_time_has_come_and_not_before() {
    let limits = Limits::V1;
    let mut outbox = outbox([item(1)]);
    assert_eq!(outbox.next_wake(&limits), Some(Duration::ZERO), "it may go at once");
    outbox.next_batch(NOW, &limits).expect("a batch");
    let due = NOW + Duration::from_secs(limits.receipt_within_s.into());
    assert_eq!(outbox.next_wake(&limits), Some(due));
    assert!(!outbox.receipt_overdue(due - Duration::from_millis(1), &limits));
    assert!(outbox.receipt_overdue(due, &limits));
    outbox.connection_lost();
    assert!(!outbox.receipt_overdue(due, &limits));
}

#[test]
fn an_age_grows_while_it_waits_and_is_not_told_after_a_restart() {
    let limits = Limits::V1;
    let text = r#"{"id":"00000000-0000-0000-0000-000000000001","kind":"reading","taken_at":"2026-03-01T08:00:00Z",
                   "age_ms":700,"vital":"weight","values":{"weight":{"value":80,"unit":"kg"}}}"#;
    let mut aged: Item = serde_json::from_str(text).expect("an item");
    let mut sent = outbox([aged.clone()]);
    let later = NOW + Duration::from_millis(2_300);
    let mut batch = sent.next_batch(later, &limits).expect("a batch");
    assert_eq!(age_ms(&mut batch.items[0].body), Some(&mut Some(3_000)));
    assert_eq!(age_ms(&mut aged.body), Some(&mut Some(700)));
    let mut restored = Outbox::restore(vec![aged]);
    let mut batch = restored.next_batch(later, &limits).expect("a batch");
    assert_eq!(age_ms(&mut batch.items[0].body), Some(&mut None));
}
