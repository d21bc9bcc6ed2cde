//! What the agent is told: dates and times in any year and any locale, and messages that come back, without the values.
#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use vioc_core::reply::mask;
use vioc_core::{date_words, hours, session};

fuzz_target!(|data: &[u8]| {
    let Some((head, rest)) = data.split_first_chunk::<9>() else {
        return;
    };
    let text = String::from_utf8_lossy(rest);
    let (first, second) = text.split_at(
        text.char_indices()
            .nth(usize::from(head[8]))
            .map_or(text.len(), |(at, _)| at),
    );

    let us = i64::from_le_bytes(head[..8].try_into().expect("eight bytes"));
    if let Some(local) = DateTime::from_timestamp_micros(us).map(|at| at.naive_utc()) {
        for locale in ["en-US", "en-GB", "es", "fr", "de", "pt-BR", first] {
            assert!(!date_words::date(local, locale).is_empty());
            assert!(!date_words::time(local, locale).is_empty());
        }
    }
    let masked = mask(second, &[first]);
    assert!(masked.chars().count() <= 600);
    let name = first.trim();
    if name.chars().count() >= 2 && name.chars().all(char::is_alphabetic) {
        // as a word of its own it is gone
        let said = mask(&format!("to {name} now"), &[name]);
        assert!(
            !said.split(' ').any(|word| word == name) || ["to", "now"].contains(&name),
            "{said}"
        );
    }
    let _ = hours::parse(&text);
    let row_id = uuid::Uuid::from_u64_pair(us.cast_unsigned(), 7);
    assert_eq!(
        session::session_id(row_id, 1),
        session::session_id(row_id, 1)
    );
});
