//! A client that we did not write the libraries of, from the README alone.

use std::path::Path;

use derwent::store::enrolment_code::Whose;
use serde_json::Value;

use super::{BORN, Town};

#[tokio::test]
async fn a_python_client_written_from_the_readme_gets_stored_and_checked() {
    let town = Town::start().await;
    let patient = town.patient("Dorothy").await;
    let code = town.code(Whose::Patient(patient), &[patient], None).await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".cache/python/bin/python");
    assert!(python.exists(), "the Python tools are missing: run `make python`");

    let output = tokio::process::Command::new(python)
        .arg(root.join("tests/wire/client.py"))
        .args([&town.service.origin, &code, &BORN.to_string(), "128", "82"])
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let heard: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(heard["given_name"], "Dorothy");
    assert_eq!(
        (&heard["state"], &heard["seq"], &heard["checked"]),
        (&Value::from("stored"), &Value::from(1), &Value::from(1))
    );
}
