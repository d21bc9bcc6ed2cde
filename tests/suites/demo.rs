//! `make demo` keeps its promise: within seconds of the server's start the screen says who was called and what came of it.

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
            (
                it.name.as_str(),
                it.outcome.as_str(),
                it.status.as_str(),
                it.next_call,
                it.needs_review,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("Amy Clark", "confirmed", "confirmed", false, false),
            ("Ben Smith", "cancelled", "cancelled", false, true),
            ("Cora Diaz", "rescheduled", "rescheduled", false, true),
            ("Dan Brown", "no_answer", "scheduled", true, false),
            ("Eve Moore", "voicemail", "scheduled", true, false),
        ],
        "{text}"
    );
    // each is said on one line
    for (name, outcome, status, ..) in found {
        assert!(
            text.lines()
                .any(|line| [name, outcome, status].iter().all(|it| line.contains(it))),
            "{name}\n{text}"
        );
    }
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
