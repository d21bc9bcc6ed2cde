//! The README is a program: its `sql` blocks run in order against a fresh cluster. (So far: they can be found.)

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use vioc_tests::readme::readme_blocks;

#[test]
fn every_block_of_the_readme_says_its_language() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    if !path.exists() {
        eprintln!("there is no README.md yet");
        return;
    }
    let text = std::fs::read_to_string(path).unwrap();
    for block in readme_blocks(&text) {
        assert!(
            !block.lang.is_empty(),
            "README.md, line {}: a fence without a language",
            block.line
        );
    }
}
