//! A missing or broken configuration: one clear sentence, what to do, and an exit code that is not 0.

use std::process::Command;

use crate::harness::service::derwent;

/// Runs it to its end, which must be a refusal, and returns what it said last.
fn refusal(command: &mut Command) -> String {
    let output = command.output().expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "it ended well; it said: {said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

fn serve() -> Command {
    let mut command = derwent();
    command.arg("serve").env("DERWENT_LISTEN", "127.0.0.1:0").env("DERWENT_SMTP_URL", "smtp://127.0.0.1:1");
    // Whatever is wrong is found before a database is asked for.
    command.env("DERWENT_DATABASE_URL", "postgres://derwent:secret@127.0.0.1:1/derwent");
    command
}

#[test]
fn no_mail_server_is_no_service() {
    let said = refusal(serve().env_remove("DERWENT_SMTP_URL"));
    assert!(said.contains("no mail server") && said.contains("DERWENT_SMTP_URL"), "{said}");
}

#[test]
fn a_database_that_is_none_is_named_without_its_password() {
    let said = refusal(&mut serve());
    assert!(said.contains("127.0.0.1:1 cannot be reached") && !said.contains("secret"), "{said}");
    let said = refusal(serve().env("DERWENT_DATABASE_URL", "mysql://derwent:secret@localhost/derwent"));
    assert!(said.contains("postgres://user:password@host/database") && !said.contains("secret"), "{said}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refusal(serve().env("DERWENT_LISTEN", &address));
    assert!(said.contains(&address) && said.contains("DERWENT_LISTEN"), "{said}");
}

#[test]
fn an_origin_a_certificate_and_a_folder_must_be_what_they_say() {
    for (name, value, sentence) in [
        ("DERWENT_ORIGIN", "derwent.example", "scheme and host only"),
        ("DERWENT_ORIGIN", "https://derwent.example/staff", "scheme and host only"),
        ("DERWENT_RULES", "/no/such/folder", "the rules folder /no/such/folder does not exist"),
        ("DERWENT_SMTP_URL", "carrier-pigeon://coop", "smtp://host:25"),
    ] {
        let said = refusal(serve().env(name, value));
        assert!(said.contains(sentence), "{name}={value}: {said}");
    }
    let said = refusal(serve().env("DERWENT_TLS_CERT", "/no/cert.pem").env("DERWENT_TLS_KEY", "/no/key.pem"));
    assert!(said.contains("the certificate /no/cert.pem does not exist"), "{said}");
}

#[test]
fn a_secret_comes_from_its_file_and_from_one_place_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("database-url");
    std::fs::write(&file, "postgres://derwent:secret@127.0.0.1:1/elsewhere\n").unwrap();
    let said = refusal(serve().env("DERWENT_DATABASE_URL_FILE", &file));
    assert!(said.contains("DERWENT_DATABASE_URL and DERWENT_DATABASE_URL_FILE are both set"), "{said}");
    let from_file = |path: &std::path::Path| {
        refusal(serve().env_remove("DERWENT_DATABASE_URL").env("DERWENT_DATABASE_URL_FILE", path))
    };
    let said = from_file(&file);
    assert!(said.contains("elsewhere") && said.contains("cannot be reached") && !said.contains("secret"), "{said}");
    let said = from_file(&folder.path().join("none"));
    assert!(said.contains("which cannot be read") && said.contains("correct the path"), "{said}");
    let help =
        serve().arg("--help").env_remove("DERWENT_DATABASE_URL").env("DERWENT_DATABASE_URL_FILE", &file).output();
    let help = String::from_utf8(help.unwrap().stdout).unwrap();
    assert!(help.contains("--database-url") && !help.contains("elsewhere"), "{help}");
}

#[test]
fn a_secret_that_everybody_can_read_is_warned_of() {
    let said = refusal(serve().args(["--database-url", "postgres://derwent:secret@127.0.0.1:1/derwent"]));
    assert!(said.contains("everybody on this machine can read --database-url") && !said.contains("secret"), "{said}");
    assert!(!refusal(&mut serve()).contains("everybody on this machine"));
}
