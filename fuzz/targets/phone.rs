//! A phone number as somebody wrote it: E.164 that reads the same again, or a problem; never a panic.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use regex::Regex;
use vioc_core::phone;

const COUNTRIES: [&str; 8] = ["US", "GB", "DE", "FR", "BR", "ES", "XX", "us"];
static E164: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\+[1-9][0-9]{6,14}$").expect("a pattern"));

fuzz_target!(|data: &[u8]| {
    let [choice, text @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let country = COUNTRIES
        .get(usize::from(*choice) % (COUNTRIES.len() + 1))
        .copied();
    match phone::normalize(text, country) {
        Ok(number) => {
            assert!(E164.is_match(&number), "{number}");
            assert_eq!(
                phone::normalize(&number, None).as_deref(),
                Ok(number.as_str()),
                "reads the same again"
            );
        }
        Err(problem) => assert!(!problem.as_str().starts_with('+')),
    }
    let _ = phone::country(text);
});
