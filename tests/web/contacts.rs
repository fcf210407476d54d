//! Where staff are paged: added, proven with a code that went there, taken away.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use derwent::store::page::Channel;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::world::{Browser, World, id};

/// Codes in the mails to this address, the newest last.
fn codes(world: &World, email: &str) -> Vec<String> {
    let files = std::fs::read_dir(world.mails.path()).unwrap().map(|file| file.unwrap().path());
    let mut letters: Vec<_> = files.map(|path| (path.metadata().unwrap().modified().unwrap(), path)).collect();
    letters.sort();
    let texts = letters.into_iter().map(|(_, path)| std::fs::read_to_string(path).unwrap());
    texts
        .filter(|text| text.contains(&format!("To: {email}")))
        .filter_map(|text| Some(text.lines().find_map(|line| line.strip_prefix("Subject: "))?.get(..6)?.to_owned()))
        .collect()
}

async fn code(world: &World, email: &str, count: usize) -> String {
    for _ in 0..1000 {
        if let Some(code) = codes(world, email).get(count - 1) {
            return code.clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("expected {count} codes to {email}, got {:?}", codes(world, email));
}

fn refusal((status, body): (StatusCode, Value)) -> (u16, String) {
    (status.as_u16(), id(&body["error"], "code"))
}

#[tokio::test]
async fn a_contact_point_counts_once_a_code_that_went_there_was_typed_in() {
    let world = World::live().await;
    let service = world.serve();
    let mut ida = Browser::signed_in(&service, "ida@example.org").await;
    let list = ida.read("/api/me/contacts").await;
    assert_eq!(list["kinds"], json!(["email"]), "no pager service is set");
    assert_eq!(list["contacts"].as_array().map(Vec::len), Some(1));
    assert_eq!(list["contacts"][0]["address"], "ida@example.org");
    let first = id(&list["contacts"][0], "contact");

    for (kind, address) in
        [("email", "nobody"), ("sms", "07700 900123"), ("webhook", "https://127.0.0.1/"), ("pager", "x")]
    {
        let refused = refusal(ida.post("/api/me/contacts", json!({ "kind": kind, "address": address })).await);
        assert_eq!(refused, (400, "bad_request".into()), "{kind} {address}");
    }
    let at_night = json!({ "kind": "email", "address": " Ida@Night.Example " });
    let added = ida.give("/api/me/contacts", at_night.clone()).await;
    assert_eq!(added["secret"], Value::Null);
    let contact = id(&added, "contact");
    assert_eq!(refusal(ida.post("/api/me/contacts", at_night).await), (409, "there_already".into()));
    let confirm = format!("/api/me/contacts/{contact}/confirm");
    let right = code(&world, "ida@night.example", 1).await;
    let wrong = if right == "000000" { "000001" } else { "000000" };
    assert_eq!(refusal(ida.post(&confirm, json!({ "code": wrong })).await), (409, "wrong_code".into()));

    // Nothing is paged there yet: the only proven one is the one from before.
    assert_eq!(paged_at(&world).await, ["ida@example.org"]);
    assert_eq!(refusal(ida.post(&format!("/api/me/contacts/{first}"), json!({})).await).0, 405);
    let (status, _, body) = ida.send(ida.request(Method::DELETE, &format!("/api/me/contacts/{first}"))).await;
    assert_eq!(refusal((status, body)), (409, "last".into()));

    // Another code: the first counts no more, and five wrong answers end the second.
    ida.give(&format!("/api/me/contacts/{contact}/code"), json!({})).await;
    let second = code(&world, "ida@night.example", 2).await;
    assert_eq!(refusal(ida.post(&confirm, json!({ "code": right })).await), (409, "wrong_code".into()));
    for _ in 0..4 {
        ida.post(&confirm, json!({ "code": wrong })).await;
    }
    assert_eq!(refusal(ida.post(&confirm, json!({ "code": second })).await), (409, "wrong_code".into()));
    ida.give(&format!("/api/me/contacts/{contact}/code"), json!({})).await;
    let third = code(&world, "ida@night.example", 3).await;
    ida.give(&confirm, json!({ "code": format!("{} {}", &third[..3], &third[3..]) })).await;
    assert_eq!(paged_at(&world).await, ["ida@night.example"], "the one proven last");

    // No more than six codes an hour, whatever is taken away in between.
    for _ in 0..3 {
        ida.give(&format!("/api/me/contacts/{contact}/code"), json!({})).await;
    }
    let refused = refusal(ida.post(&format!("/api/me/contacts/{contact}/code"), json!({})).await);
    assert_eq!(refused, (429, "too_many_codes".into()));
    let (status, _, _) = ida.send(ida.request(Method::DELETE, &format!("/api/me/contacts/{contact}"))).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let refused =
        refusal(ida.post("/api/me/contacts", json!({ "kind": "email", "address": "ida@night.example" })).await);
    assert_eq!(refused, (429, "too_many_codes".into()));
    assert_eq!(paged_at(&world).await, ["ida@example.org"]);

    // Somebody else's is nobody's.
    let tom = Browser::signed_in(&service, "tom@example.org").await;
    for path in [format!("/api/me/contacts/{first}/code"), format!("/api/me/contacts/{first}/confirm")] {
        assert_eq!(refusal(tom.post(&path, json!({ "code": "000000" })).await), (404, "not_found".into()), "{path}");
    }
}

/// Its key is that of RFC 8291, section 5.
#[tokio::test]
async fn a_browser_is_added_with_its_keys_and_leads_nowhere_inside() {
    let world = World::live().await;
    let service = world.serve_with(&["--push-networks", "public"]);
    let mut ida = Browser::signed_in(&service, "ida@example.org").await;
    let list = ida.read("/api/me/contacts").await;
    assert_eq!(list["kinds"], json!(["email", "web_push"]));
    let key = BASE64_URL_SAFE_NO_PAD.decode(id(&list, "push_key")).unwrap();
    assert_eq!((key.len(), key[0]), (65, 4), "an uncompressed point of P-256");

    let p256dh = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    let new = |address: &str, p256dh: &str, auth: &str| json!({ "kind": "web_push", "address": address, "keys": { "p256dh": p256dh, "auth": auth } });
    let (endpoint, auth) = ("https://push.example.net/subscription/one-of-ida", "BTBZMqHH6r4Tts7J_aSIgg");
    for wrong in [
        new("https://127.0.0.1/push", p256dh, auth),
        new("http://push.example.net/push", p256dh, auth),
        new(endpoint, auth, p256dh),
        new(endpoint, p256dh, ""),
        json!({ "kind": "web_push", "address": endpoint }),
    ] {
        assert_eq!(refusal(ida.post("/api/me/contacts", wrong.clone()).await), (400, "bad_request".into()), "{wrong}");
    }
    let added = ida.give("/api/me/contacts", new(endpoint, p256dh, auth)).await;
    assert_eq!(added["secret"], Value::Null, "what a browser reads with is nobody's to see");
    let list = ida.read("/api/me/contacts").await;
    assert_eq!(list["contacts"][1]["address"], "push.example.net …of-ida", "nor is its address");
}

/// Where Ida is paged now.
async fn paged_at(world: &World) -> Vec<String> {
    let store = world.database.store().await;
    let mut db = store.owner.acquire().await.unwrap();
    let team = world.team.parse().unwrap();
    let mut rosters = derwent::store::roster::load(&mut db, &[team], jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    derwent::store::contact_point::fill(&mut db, &mut rosters).await.unwrap();
    drop(db);
    store.close().await;
    let ida = rosters[0].shifts.iter().find(|shift| shift.member.name == "Ida Shaw").expect("on the roster");
    let mails = ida.member.contacts.iter().filter(|point| point.channel == Channel::Email);
    mails.map(|point| point.address.expose().to_owned()).collect()
}
