//! The signature header: nothing but the exact header of one of our keys, of about now, is accepted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vioc_core::signature::{sign, verify};

const KEY: &str = "key_of_the_fuzzer";
const NOW: i64 = 1_760_000_000_000;
const BODY: &[u8] = br#"{"event":"call_ended","call":{"call_id":"call_1"}}"#;

fuzz_target!(|data: &[u8]| {
    let Ok(header) = std::str::from_utf8(data) else {
        return;
    };
    if verify(header, BODY, &["another_key", KEY], NOW) {
        let own = header.trim_matches([' ', '\t']);
        let v = own
            .strip_prefix("v=")
            .and_then(|rest| rest.split_once(','))
            .map(|(v, _)| v);
        let v: i64 = v.and_then(|v| v.parse().ok()).expect("a time");
        assert!(v.abs_diff(NOW) <= 300_000);
        assert_eq!(own.to_ascii_lowercase(), sign(BODY, KEY, v));
    }
    // a header that was right, changed in one place
    let mut changed = sign(BODY, KEY, NOW).into_bytes();
    if let [place, with, ..] = data {
        let place = usize::from(*place) % changed.len();
        let right = changed[place];
        changed[place] = *with;
        if let Ok(changed) = std::str::from_utf8(&changed)
            && !right.eq_ignore_ascii_case(with)
        {
            assert!(!verify(changed, BODY, &[KEY], NOW), "{changed}");
        }
    }
});
