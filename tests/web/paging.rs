//! Lives of pages, for administrators and for whoever sees the alert; and pages that try whether they reach somebody.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::region::{Region, nobody};
use super::world::{Browser, World, id};

fn references(paging: &Value) -> Vec<&str> {
    let pages = paging["pages"].as_array().expect("pages").iter();
    pages
        .flat_map(|page| page["about"].as_array().expect("alerts"))
        .map(|of| of["reference"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn an_administrator_sees_whom_the_service_paged_in_their_organisation_and_no_patient() {
    let region = Region::new().await;
    let ada = region.browser("ada@example.org").await;
    let all = ada.read("/api/paging").await;
    let mut seen = references(&all);
    seen.sort_unstable();
    let mut expected = [region.own.reference.as_str(), &region.other_team.reference];
    expected.sort_unstable();
    assert_eq!(seen, expected, "{all:#}");
    let page = all["pages"].as_array().unwrap().iter().find(|page| page["to"] == "Ida Shaw").expect("Ida's");
    assert_eq!((page["state"].as_str(), page["unsettled"].as_bool()), (Some("handed_over"), Some(false)), "{page:#}");
    assert_eq!(page["about"][0]["team"], "Belper team");
    assert_eq!(page["about"][0]["why"], json!(["step 1 of 3, because it is new"]));
    assert!(page["tries"][0]["said"].as_str().unwrap().starts_with("written into the folder"), "{page:#}");
    for secret in ["Dorothy", "Marsh", "Amir", "Khan", "230/120", "@", "hypertension"] {
        assert!(!all.to_string().contains(secret), "{secret}: {all:#}");
    }

    let one = ada.read(&format!("/api/paging/{}", region.other_team.page)).await;
    assert_eq!(one["about"][0]["team"], "Alfreton team", "of a team that is not hers");
    let of_team = ada.read(&format!("/api/paging?team={}", region.other_team.team)).await;
    assert_eq!(references(&of_team), [region.other_team.reference.as_str()]);
    assert_eq!(ada.read("/api/paging?unsettled=true&days=7").await["pages"], json!([]));
    for (address, status) in [
        (format!("/api/paging?team={}", region.other_organisation.team), StatusCode::NOT_FOUND),
        (format!("/api/paging?team={}", nobody().team), StatusCode::NOT_FOUND),
        (format!("/api/paging/{}", region.other_organisation.page), StatusCode::NOT_FOUND),
        ("/api/paging?days=31".to_owned(), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(ada.get(&address).await.0, status, "{address}");
    }

    // Whoever sees the alert sees how it was told; the list is the administrator's.
    let ida = region.browser("ida@example.org").await;
    assert_eq!(ida.get("/api/paging").await.0, StatusCode::FORBIDDEN);
    let told = ida.read(&format!("/api/alerts/{}/pages", region.own.alert)).await;
    assert_eq!(told["pages"][0]["to"], "Ida Shaw");
    assert_eq!(ida.get(&format!("/api/alerts/{}/pages", region.other_team.alert)).await.0, StatusCode::NOT_FOUND);
}

async fn settled(browser: &Browser, path: &str) -> Value {
    for _ in 0..1000 {
        let life = browser.read(path).await;
        if life["state"] != "waits" {
            return life;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{path}: {}", browser.read(path).await);
}

#[tokio::test]
async fn a_test_page_goes_the_way_that_pages_go_and_says_what_came_of_it() {
    let world = World::live().await;
    let made = world.staff_as("Ada Hall", "ada@example.org", "administrator", None);
    let tom = world.admin(&["staff", "list", "--organisation", &world.organisation]);
    let tom =
        tom["staff"].as_array().unwrap().iter().find(|row| row["email"] == "tom@example.org").expect("Tom").clone();
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let contact = id(&ida.read("/api/me/contacts").await["contacts"][0], "contact");
    let test = format!("/api/me/contacts/{contact}/test");
    let (status, sent) = ida.post(&test, json!({})).await;
    assert_eq!(status, StatusCode::OK, "{sent}");
    let life = settled(&ida, &format!("/api/me/pages/{}", id(&sent, "page"))).await;
    assert_eq!((life["state"].as_str(), life["what"].as_str()), (Some("handed_over"), Some("a test page")), "{life:#}");
    assert!(life["tries"][0]["said"].as_str().unwrap().starts_with("written into the folder"), "{life:#}");
    let mails = std::fs::read_dir(world.mails.path()).unwrap().map(|file| file.unwrap().path());
    let mails: Vec<String> = mails.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let is_it =
        |mail: &&String| mail.contains("To: ida@example.org") && mail.contains("Subject: Test page from Derwent");
    assert!(mails.iter().find(is_it).expect("the mail").contains("This is a test, sent by Ida Shaw"));

    // Nobody tries what is a colleague's but whoever administers them.
    let other = Browser::signed_in(&service, "tom@example.org").await;
    assert_eq!(other.post(&test, json!({})).await.0, StatusCode::NOT_FOUND);
    assert_eq!(other.get(&format!("/api/me/pages/{}", id(&sent, "page"))).await.0, StatusCode::NOT_FOUND);
    let ada = Browser::signed_in(&service, "ada@example.org").await;
    let ways = ada.read(&format!("/api/staff/{}/contacts", id(&tom, "staff"))).await;
    assert_eq!(ways["ways"].as_array().map(Vec::len), Some(1), "{ways}");
    assert!(!ways.to_string().contains('@'), "{ways}");
    let way = id(&ways["ways"][0], "contact");
    let (status, sent) = ada.post(&format!("/api/staff/{}/contacts/{way}/test", id(&tom, "staff")), json!({})).await;
    assert_eq!(status, StatusCode::OK, "{sent}");
    let life = settled(&ada, &format!("/api/paging/{}", id(&sent, "page"))).await;
    assert_eq!((life["state"].as_str(), life["to"].as_str()), (Some("handed_over"), Some("Tom Reid")), "{life:#}");
    // Somebody's way with another's name is none.
    let crossed = format!("/api/staff/{}/contacts/{way}/test", id(&made, "staff"));
    assert_eq!(ada.post(&crossed, json!({})).await.0, StatusCode::NOT_FOUND);

    for _ in 1..6 {
        assert_eq!(ida.post(&test, json!({})).await.0, StatusCode::OK);
    }
    let (status, refused) = ida.post(&test, json!({})).await;
    assert_eq!((status.as_u16(), refused["error"]["code"].as_str()), (429, Some("too_many_tests")));
    let store = world.database.store().await;
    let counts: (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM page WHERE test), (SELECT count(*) FROM audit WHERE what = 'staff.test_page_sent')",
    )
    .fetch_one(&store.owner)
    .await
    .unwrap();
    assert_eq!(counts, (7, 7), "what is refused leaves nothing");
}

#[tokio::test]
async fn a_way_that_nobody_confirmed_is_not_tried() {
    let world = World::live().await;
    let service = world.serve();
    let ida = Browser::signed_in(&service, "ida@example.org").await;
    let added = ida.post("/api/me/contacts", json!({ "kind": "email", "address": "ida@night.example" })).await.1;
    let path = format!("/api/me/contacts/{}/test", id(&added, "contact"));
    assert_eq!(ida.post(&path, json!({})).await.0, StatusCode::NOT_FOUND);
}
