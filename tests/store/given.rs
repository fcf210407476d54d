//! A database we are given: refused in a sentence when it will not do, and never with its password in the words.

use derwent::config::DatabaseConfig;
use derwent::store::Store;

use crate::harness::database::Database;

async fn refusal(url: &str) -> String {
    let config =
        DatabaseConfig { database_url: Some(url.to_owned().into()), data_dir: "/nowhere".into(), postgres_dir: None };
    let error = Store::open(&config).await.expect_err(url);
    let words = format!("{error:#}");
    assert!(!words.contains("secret"), "the password is in {words:?}");
    words
}

#[tokio::test]
async fn what_is_not_postgresql_is_refused_in_a_sentence() {
    for url in ["mysql://derwent:secret@localhost/derwent", "sqlite:secret.db", "localhost", "postgres://[secret"] {
        let words = refusal(url).await;
        assert!(words.contains("DERWENT_DATABASE_URL") && words.contains("postgres://"), "{words}");
    }
}

#[tokio::test]
async fn what_cannot_be_reached_is_named_without_its_password() {
    let words = refusal("postgres://derwent:secret@127.0.0.1:1/care").await;
    assert!(words.contains("127.0.0.1:1") && words.contains("is it running"), "{words}");
}

#[tokio::test]
async fn a_stranger_that_speaks_something_else_is_refused() {
    // Answers whatever it is asked as a web server would.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        while let Ok((mut stream, _)) = listener.accept().await {
            // The other end may have gone.
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let words = refusal(&format!("postgres://derwent:secret@127.0.0.1:{port}/care?sslmode=disable")).await;
    assert!(words.contains("cannot be reached as PostgreSQL"), "{words}");
}

#[tokio::test]
async fn a_demo_and_a_real_service_never_share_a_database() {
    let now = "2026-03-01T08:00:00Z".parse().unwrap();
    let database = Database::fresh().await;
    let store = database.store().await;
    store.claim(true, now).await.unwrap();
    store.claim(true, now).await.unwrap();
    let words = store.claim(false, now).await.unwrap_err().to_string();
    assert!(words.contains("belongs to a demo"), "{words}");
}
