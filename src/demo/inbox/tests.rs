use lettre::message::MultiPart;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::*;

fn inbox_at() -> Clock {
    Clock::standing("2026-03-01T08:00:00Z".parse().expect("a time"))
}

#[tokio::test]
async fn a_mail_sent_by_a_real_client_is_read_back_whole() {
    let inbox = Inbox::open(inbox_at()).await.expect("an inbox");
    let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&inbox.smtp_url).expect("an address").build();
    let long = "word ".repeat(40);
    let body = format!("High priority, alert A1042 – 20 °C.\n.leading dot\n\n{long}end\n");
    let mail = lettre::Message::builder()
        .from("Derwent <derwent@localhost>".parse().expect("a sender"))
        .to("ida.shaw@belper.example".parse().expect("a recipient"))
        .subject("HIGH A1042: acknowledge by 14:20")
        .message_id(Some("<0198@localhost>".into()))
        .multipart(MultiPart::alternative_plain_html(body.clone(), "<p>Not this.</p>".to_owned()))
        .expect("a mail");
    transport.send(mail.clone()).await.expect("sent");
    transport.send(mail).await.expect("sent again");

    let [first, _] = &inbox.newest(2)[..] else { panic!("two mails") };
    assert_eq!(first.id, "0198");
    assert_eq!(first.to, "ida.shaw@belper.example");
    assert_eq!(first.subject, "HIGH A1042: acknowledge by 14:20");
    assert_eq!(first.priority, Some("high"));
    assert_eq!(first.body.trim_end(), body.trim_end());
    assert_eq!(first.at, "2026-03-01T08:00:00Z".parse().expect("a time"));
    assert_eq!(inbox.counts(), BTreeMap::from([(Channel::Email, 1)]), "a repeat counts once");
}

#[tokio::test]
async fn a_pager_event_is_kept_and_answered() {
    let inbox = Inbox::open(inbox_at()).await.expect("an inbox");
    let event = serde_json::json!({
        "routing_key": "key-of-ida", "event_action": "trigger", "dedup_key": "0199",
        "payload": { "summary": "HIGH A1042: acknowledge by 14:20", "custom_details": { "text": "Waiting since 14:05" } },
    });
    let answer = reqwest::Client::new().post(&inbox.pager_url).json(&event).send().await.expect("an answer");
    assert_eq!(answer.status(), 202);
    let message = inbox.newest(1).remove(0);
    assert_eq!((message.channel, message.to.as_str(), message.priority), (Channel::Pager, "key-of-ida", Some("high")));
    assert_eq!(message.body, "Waiting since 14:05");
}
