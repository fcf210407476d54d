//! The load generator measures, and says nothing that the database does not agree with. (Ten seconds.)

use serde_json::Value;

use crate::harness::service::derwent;

#[test]
fn a_small_load_is_measured_kept_and_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let (json, page) = (folder.path().join("figures.json"), folder.path().join("figures.md"));
    let output = derwent()
        .args(["load", "--only", "p2", "--patients", "20", "--seconds", "1", "--rates", "20", "--seed", "7", "--json"])
        .arg(&json)
        .arg("--page")
        .arg(&page)
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    let raw = &kept["figures"]["p2"]["raw"];
    // A severe reading for each patient set aside, and what the seed says.
    assert_eq!((&raw["severe_a_phase"], &raw["phases"][0]["due_to_stored"]["count"]), (&4.into(), &4.into()));
    let [stored, checked] = ["due_to_stored", "stored_to_checked"].map(|what| &raw["phases"][1][what]["count"]);
    assert!(stored.as_u64() > Some(4) && stored == checked, "{raw}");
    assert_eq!(raw["phases"][1]["stored_to_mail"]["count"], 4);
    let page = std::fs::read_to_string(&page).unwrap();
    assert!(page.contains("| P4 | *stored* → judged, idle | p99 ≤ 100 ms |"), "{page}");
}
