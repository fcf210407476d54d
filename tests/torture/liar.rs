//! A torture that cannot fail proves nothing. `acknowledge-before-commit.patch` makes a server that says *stored* a moment too
//! early, and `make torture-can-fail` succeeds only if torture finds that readings are lost by it. That takes a build of its own,
//! so what is tested here is that the patch still fits.

use std::path::Path;

#[test]
fn the_patch_that_makes_the_server_lie_still_fits() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let patch = include_str!("acknowledge-before-commit.patch");
    let mut hunks = 0;
    for of_file in patch.split("\n+++ b/").skip(1) {
        let (file, changes) = of_file.split_once('\n').expect("a file's name, then its changes");
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let changes = changes.split("\n--- a/").next().expect("a beginning");
        for hunk in changes.split("@@ ").filter(|hunk| hunk.contains('\n')) {
            let before: Vec<&str> = hunk.lines().skip(1).filter_map(|line| line.strip_prefix([' ', '-'])).collect();
            assert!(
                text.contains(&before.join("\n")),
                "{file} has changed; make the patch anew around:\n{}",
                before.join("\n")
            );
            hunks += 1;
        }
    }
    assert!(hunks > 0);
}
