//! The time somebody asked for: never a panic, and what is relative to now lies ahead.
#![no_main]

use chrono::{DateTime, NaiveTime};
use libfuzzer_sys::fuzz_target;
use vioc_core::callback_time::{CallbackTime, parse};

fuzz_target!(|data: &[u8]| {
    let Some((head, text)) = data.split_first_chunk::<8>() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let number = u64::from_le_bytes(*head);
    let clock = |minutes: u64| {
        NaiveTime::from_num_seconds_from_midnight_opt((minutes % 1440) as u32 * 60, 0)
            .expect("a time")
    };
    // two centuries around today
    let at = DateTime::from_timestamp((number % 6_000_000_000) as i64 - 1_000_000_000, 0)
        .expect("a time");
    let now = at.naive_utc();
    let said = parse(text, now, clock(number >> 40), clock(number >> 52));
    if let Some(CallbackTime::Local(time)) = said {
        let is_iso = text
            .trim()
            .bytes()
            .take(4)
            .all(|byte| byte.is_ascii_digit());
        assert!(is_iso || time > now, "{text}");
    }
    assert_eq!(
        said,
        parse(text, now, clock(number >> 40), clock(number >> 52))
    );
});
