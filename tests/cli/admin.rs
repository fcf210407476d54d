//! `derwent admin`: every id and code a script needs comes out as JSON; what cannot be is refused, and changes nothing.

use derwent::store::contact_point;
use derwent::store::page::Channel;
use uuid::Uuid;

use crate::harness::service::derwent;
use crate::web::world::{World, id};

#[tokio::test]
async fn a_script_sets_up_a_service_and_gets_every_id_and_code() {
    let world = World::new().await;
    let made = world.admin(&[
        "patient",
        "add",
        "--team",
        &world.team,
        "--given-name",
        "Amir",
        "--family-name",
        "Khan",
        "--born",
        "1961-05-17",
        "--pack",
        "diabetes",
        "--tag",
        "on_insulin=yes",
        "--tag",
        "pregnant=no",
        "--slot",
        "glucose@07:30",
        "--limit",
        "diabetes/hypo_glucose=4.5 mmol/L",
        "--code",
    ]);
    let amir = id(&made, "patient");
    assert_eq!(made["plan_version"], 1);
    let is_code = |code: &str| code.len() == 11 && code.as_bytes()[5] == b'-';
    assert!(is_code(made["code"].as_str().unwrap()), "{made}");

    let carer = world.admin(&[
        "carer",
        "add",
        "--organisation",
        &world.organisation,
        "--name",
        "Rose Field",
        "--born",
        "1970-01-02",
    ]);
    let carer = id(&carer, "carer");
    let code = world.admin(&["code", "new", "--carer", &carer, "--for", &amir, "--for", &world.dorothy]);
    assert!(is_code(code["code"].as_str().unwrap()), "{code}");
    assert_eq!(code["for"].as_array().unwrap().len(), 2);

    let plan = world.admin(&[
        "plan",
        "set",
        "--patient",
        &amir,
        "--slot",
        "glucose@07:30",
        "--slot",
        "glucose@18:00",
        "--why",
        "twice",
    ]);
    assert_eq!(plan["plan_version"], 2);
    let limit =
        world.admin(&["limit", "clear", "--patient", &amir, "--limit", "diabetes/hypo_glucose", "--why", "no longer"]);
    assert_eq!(limit["plan_version"], 3);

    let staff = world.admin(&[
        "staff",
        "add",
        "--organisation",
        &world.organisation,
        "--name",
        "Kay Orme",
        "--email",
        "KAY@example.org",
    ]);
    assert_eq!(staff["email"], "kay@example.org");
    let link = staff["invitation"].as_str().unwrap();
    assert!(
        link.starts_with("http://localhost:8080/staff/invitation#"),
        "an invitation is made and shown once: {link}"
    );
    let listed = world.admin(&["staff", "list", "--organisation", &world.organisation]);
    assert!(!listed.to_string().contains("invitation"), "{listed}");

    let people = world.admin(&["patient", "list", "--organisation", &world.organisation]);
    assert_eq!(people["patients"].as_array().unwrap().len(), 2);
    let roster = world.admin(&["roster", "show", "--team", &world.team]);
    assert_eq!(roster["roster"][0]["name"], "Ida Shaw");
    for noun in ["organisation", "team"] {
        assert!(world.admin(&[noun, "list"]).to_string().contains("Belper"));
    }
    assert_eq!(world.admin(&["device", "list", "--patient", &amir])["devices"].as_array().unwrap().len(), 0);

    let store = world.database.store().await;
    let arrivals: i64 =
        sqlx::query_scalar("SELECT count(*) FROM arrival WHERE cause = 'facts'").fetch_one(&store.owner).await.unwrap();
    assert_eq!(arrivals, 4, "each version of anybody's facts is judged");
    let rows: (i64, i64) =
        sqlx::query_as("SELECT (SELECT count(*) FROM patient_head), (SELECT count(*) FROM patient_judged)")
            .fetch_one(&store.owner)
            .await
            .unwrap();
    assert_eq!(rows, (2, 2));
    let audit: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit WHERE actor = 'operator' AND operator = 'the test'")
            .fetch_one(&store.owner)
            .await
            .unwrap();
    assert!(audit >= 12, "{audit}");
}

#[tokio::test]
async fn a_told_reading_is_kept_as_one_and_flagged_like_any_other() {
    let world = World::new().await;
    let told = world.told("1850", "92");
    assert_eq!(told["flags"], serde_json::json!(["impossible"]), "{told}");
    let weight = world.admin(&[
        "reading",
        "--patient",
        &world.dorothy,
        "--staff",
        "ida@example.org",
        "--vital",
        "weight",
        "--weight",
        "11 [stone_av]",
    ]);
    assert_eq!(weight["seq"], 2);
    let store = world.database.store().await;
    let kept: (f64, String, Option<uuid::Uuid>, bool) = sqlx::query_as(
        "SELECT reading.value, reading.unit_given, submission.device, submission.entered_by IS NOT NULL
         FROM reading JOIN submission USING (patient, seq)
         WHERE reading.component = 'weight' AND reading.effective_at > '2026-01-01'",
    )
    .fetch_one(&store.owner)
    .await
    .unwrap();
    assert!((kept.0 - 69.85).abs() < 0.01, "{kept:?}");
    assert_eq!((kept.1.as_str(), kept.2, kept.3), ("[stone_av]", None, true));
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_a_sentence_and_changes_nothing() {
    let world = World::new().await;
    let nobody = "019ab000-0000-7000-8000-000000000000";
    let (team, dorothy, organisation) = (world.team.as_str(), world.dorothy.as_str(), world.organisation.as_str());
    let patient = ["patient", "add", "--team", team, "--given-name", "A", "--family-name", "B"];
    let with =
        |more: &[&'static str]| -> Vec<String> { patient.iter().chain(more).map(|text| (*text).to_owned()).collect() };
    let given = |all: &[&str]| -> Vec<String> { all.iter().map(|text| (*text).to_owned()).collect() };
    let wrong: Vec<(Vec<String>, &str)> = vec![
        (with(&["--born", "2190-01-01"]), "nobody is born on"),
        (with(&["--born", "1950-01-01", "--pack", "headache"]), "there is no pack \"headache\"; there are"),
        (
            with(&[
                "--born",
                "1950-01-01",
                "--pack",
                "hypertension",
                "--tag",
                "pregnant=no",
                "--limit",
                "hypertension/severe_systolic=250 mmHg",
            ]),
            "may be from 160 to 200 mmHg",
        ),
        (
            with(&[
                "--born",
                "1950-01-01",
                "--pack",
                "hypertension",
                "--tag",
                "pregnant=no",
                "--limit",
                "hypertension/severe_systolic=170 kg",
            ]),
            "is given in mmHg",
        ),
        (
            with(&["--born", "1990-01-01", "--pack", "hypertension"]),
            "it is not known whether the pack hypertension is for this person",
        ),
        (
            with(&["--born", "1990-01-01", "--pack", "hypertension", "--tag", "pregnant=yes"]),
            "the pack hypertension is not for this person: it applies when age is at or above 18",
        ),
        (with(&["--born", "1950-01-01", "--limit", "diabetes/hypo_glucose=4 mmol/L"]), "add the pack diabetes"),
        (with(&["--born", "1950-01-01", "--slot", "mood@08:00"]), "neither a vital nor a questionnaire"),
        (
            given(&["team", "add", "--organisation", nobody, "--name", "x", "--phone", "1", "--cover", "all-day"]),
            "there is no organisation",
        ),
        (given(&["organisation", "add", "--name", "x", "--time-zone", "Derbyshire"]), "is no time zone"),
        (
            given(&["staff", "add", "--organisation", organisation, "--name", "x", "--email", "ida@example.org"]),
            "is taken",
        ),
        (
            given(&["staff", "add", "--organisation", organisation, "--name", "x", "--email", "x"]),
            "is no e-mail address",
        ),
        (given(&["roster", "set", "--team", team, "--shift", "eve@example.org=all-day"]), "neither works in this team"),
        (given(&["code", "new", "--patient", nobody]), "there is no patient"),
        (given(&["code", "new", "--patient", dorothy, "--replaces", nobody]), "there is no device"),
        (given(&["device", "revoke", "--device", nobody, "--why", "lost"]), "there is no device"),
        (
            given(&[
                "reading",
                "--patient",
                dorothy,
                "--staff",
                "ida@example.org",
                "--vital",
                "blood_pressure",
                "--systolic",
                "148",
            ]),
            "needs diastolic",
        ),
        (
            given(&[
                "reading",
                "--patient",
                dorothy,
                "--staff",
                "ida@example.org",
                "--vital",
                "weight",
                "--weight",
                "71 mmHg",
            ]),
            "is not a unit of weight",
        ),
        (
            given(&["limit", "clear", "--patient", dorothy, "--limit", "hypertension/severe_systolic", "--why", "x"]),
            "nothing was changed",
        ),
    ];
    let counts = "SELECT (SELECT count(*) FROM patient) + (SELECT count(*) FROM patient_facts) + (SELECT count(*) FROM staff)
                  + (SELECT count(*) FROM enrolment_code) + (SELECT count(*) FROM submission) + (SELECT count(*) FROM roster)";
    let store = world.database.store().await;
    let before: i64 = sqlx::query_scalar(counts).fetch_one(&store.owner).await.unwrap();
    for (arguments, sentence) in wrong {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = world.try_admin(&arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?} was taken");
        assert!(said.contains(sentence), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    let after: i64 = sqlx::query_scalar(counts).fetch_one(&store.owner).await.unwrap();
    assert_eq!(before, after);
}

/// What a command that is refused says.
fn refusal(world: &World, arguments: &[&str]) -> String {
    let output = world.try_admin(arguments);
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn whoever_runs_the_service_tries_whether_pages_reach_somebody() {
    let world = World::live().await;
    let store = world.database.store().await;
    let service = world.serve();
    let test = |whom| ["staff", "test-page", "--origin", "https://derwent.example", "--staff", whom];
    let sent = world.admin(&test("IDA@example.org"));
    let pages = sent["pages"].as_array().unwrap();
    assert_eq!((pages.len(), &pages[0]["channel"]), (1, &"email".into()), "{sent}");
    let page = id(&pages[0], "page");
    let shown = || {
        let mut command = derwent();
        command.args(["pages", "--page", &page]).env("DERWENT_DATABASE_URL", &world.database.url);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    for _ in 0..1000 {
        if shown().contains("now     handed over") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let life = shown();
    for line in ["now     handed over", "a test page", "to      Ida Shaw by e-mail"] {
        assert!(life.contains(line), "{line:?} is missing in\n{life}");
    }
    let mails = std::fs::read_dir(world.mails.path()).unwrap().map(|file| file.unwrap().path());
    let mails: Vec<String> = mails.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let mail = mails.iter().find(|mail| mail.contains(&page)).expect("the mail");
    for words in
        ["To: ida@example.org", "This is a test, sent by whoever runs the", "https://derwent.example/staff/account"]
    {
        assert!(mail.replace("=\r\n", "").contains(words), "{words:?} is missing in\n{mail}");
    }
    assert!(service.end());

    // Over each way that is proven, or over one kind; and what is refused leaves nothing.
    let tom: Uuid = sqlx::query_scalar("SELECT staff FROM staff WHERE email = 'tom@example.org'")
        .fetch_one(&store.owner)
        .await
        .unwrap();
    let mut db = store.owner.acquire().await.unwrap();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let key = "tom's pager".to_owned().into();
    contact_point::vouch(&mut db, tom, Channel::Pager, &key, now).await.unwrap();
    let number = "+447700900123".to_owned().into();
    let unproven = contact_point::New {
        staff: tom,
        channel: Channel::Sms,
        address: &number,
        secret: None,
        made_at: now,
        verified_at: None,
    };
    contact_point::insert(&mut db, &unproven).await.unwrap();
    drop(db);
    let tom = tom.to_string();
    let of = |kind| [&test(&tom)[..], &["--kind", kind]].concat();
    assert_eq!(world.admin(&test(&tom))["pages"].as_array().unwrap().len(), 2);
    let only = world.admin(&of("pager"));
    assert_eq!((only["pages"].as_array().unwrap().len(), &only["pages"][0]["channel"]), (1, &"pager".into()));
    for refused in
        [refusal(&world, &of("sms")), refusal(&world, &of("pigeon")), refusal(&world, &test("nobody@example.org"))]
    {
        assert!(
            ["no such way", "possible values", "there is no member"].iter().any(|why| refused.contains(why)),
            "{refused}"
        );
    }
    world.admin(&test(&tom));
    let too_many = refusal(&world, &test(&tom));
    assert!(too_many.contains("no more than 6 test pages an hour"), "{too_many}");
    let counts: (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM page WHERE test),
                (SELECT count(*) FROM audit JOIN page ON page.page::text = detail ->> 'page'
                 WHERE what = 'staff.test_page_sent' AND actor = 'operator' AND test)",
    )
    .fetch_one(&store.owner)
    .await
    .unwrap();
    assert_eq!(counts, (6, 6));
    sqlx::query("UPDATE staff SET deactivated_at = now() WHERE email = 'ida@example.org'")
        .execute(&store.owner)
        .await
        .unwrap();
    assert!(refusal(&world, &test("ida@example.org")).contains("works here no more"));
    store.close().await;
}
