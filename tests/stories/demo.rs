//! The demo as a story: recordings go through phones, sockets, service and database, and every row is accounted for;
//! also when the service is killed in the middle of loading, again and again.

use crate::harness::service::derwent;

/// A fortnight of one person with a clean meter, and a week of another's, where the meter said HI and LO and `0''`.
const RECORDINGS: [&str; 4] = ["--only", "glucose/data-32", "--only", "glucose/data-40"];

/// The table it printed, if the sums agreed.
fn play(more: &[&str]) -> String {
    let output = derwent().args(["demo", "--until-quiet"]).args(RECORDINGS).args(more).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("every row is accounted for, and all sums agree"), "{said}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn kills_in_the_middle_of_loading_change_nothing_in_the_sums() {
    let undisturbed = play(&[]);
    for line in ["rows read                                           263", "  value_not_a_number: glucose/data-40: 75"]
    {
        assert!(undisturbed.contains(line), "{undisturbed}");
    }
    assert!(!undisturbed.contains("dated_by_arrival"), "the phones' clocks are right: {undisturbed}");
    assert_eq!(undisturbed, play(&["--kills", "3"]));
}
