//! `make demo` keeps its promise: everybody ends as the call left them, and it can be read on a terminal.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::{Duration, Instant};

#[test]
fn the_demo_ends_as_it_says() {
    let began = Instant::now();
    let mut screen = Vec::new();
    let endings = vioc_tests::demo::play(&mut screen);
    let text = String::from_utf8(screen).unwrap();
    let endings = endings.unwrap_or_else(|problem| panic!("{problem}\n{text}"));
    let found: Vec<_> = endings
        .iter()
        .map(|it| {
            let outcome = it.outcome.as_deref().unwrap_or_default();
            (
                it.name.as_str(),
                outcome,
                it.status.as_str(),
                it.next_call,
                it.needs_review,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("Maria Jones", "confirmed", "confirmed", false, false),
            ("Peter Schmidt", "cancelled", "cancelled", false, true),
            ("Aisha Khan", "rescheduled", "rescheduled", false, true),
            ("John Miller", "no_answer", "scheduled", true, false),
            ("Rosa Garcia", "voicemail", "scheduled", true, false),
        ],
        "{text}"
    );
    for line in text.lines() {
        assert!(
            line.chars().count() <= 100 && !line.contains('\u{1b}'),
            "{line}"
        );
    }
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
}
