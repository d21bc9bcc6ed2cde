//! Promises about any text at all.

use chrono::{DateTime, NaiveDateTime, NaiveTime};
use proptest::prelude::*;
use serde_json::Value;
use vioc_core::reply::{self, CreateVerdict, Exchange};
use vioc_core::{
    CallbackTime, callback_time, date_words, json_text, phone, retry_after, signature,
};

/// Text that comes near to a phone number more often than chance would.
fn phone_like() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,80}",
        r"[+0-9 ()./x#;-]{0,24}",
        r"\+[1-9][0-9]{6,14}",
        r"(\+1|001|)[2-9][0-9]{2}[2-9][0-9]{6}",
        r"(\+49|0049|0)[1-9][0-9]{5,11}",
        r"(\+54|0054|0|)(9|15|)[1-9][0-9]{7,10}",
        r"(\+39|0)[0-9]{5,11}",
    ]
}

fn country() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(prop_oneof![
        ".{0,4}",
        "[A-Z]{2}",
        "US|GB|DE|FR|ES|BR|AR|MX|IT|AU|JP|IN|CA|ci|SM"
    ])
}

/// Pieces of JSON strings, the awkward ones more often than others.
fn json_string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        r"[a-z0-9 é📞]{1,3}",
        Just(r"\\".to_owned()),
        Just(r"\u0000".to_owned()),
        Just(r"\n".to_owned()),
        Just(r#"\""#.to_owned()),
        (any::<u16>(), any::<bool>()).prop_map(|(unit, upper)| if upper {
            format!(r"\u{unit:04X}")
        } else {
            format!(r"\u{unit:04x}")
        }),
        (0xD7F0u16..=0xE010).prop_map(|unit| format!(r"\u{unit:04x}")),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn time_like() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,250}",
        "(in |on |at |)(today|tomorrow|monday|sun|2026-02-28|9999-12-31|)[ ,]?(at |)[0-9]{1,5}(:[0-9]{2}|)( ?[ap]\\.?m\\.?|)( hours| minutes|)",
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}|)(\.[0-9]{1,12}|)(Z|[+-][0-9]{2}:?[0-9]{2}|)",
    ]
}

fn moment() -> impl Strategy<Value = NaiveDateTime> {
    prop_oneof![
        (-8_000_000_000_000i64..8_000_000_000_000).prop_filter_map("a date", |seconds| {
            DateTime::from_timestamp(seconds, 0).map(|at| at.naive_utc())
        }),
        (1_600_000_000i64..2_000_000_000).prop_filter_map("a date", |seconds| {
            DateTime::from_timestamp(seconds, 0).map(|at| at.naive_utc())
        }),
        Just(NaiveDateTime::MIN),
        Just(NaiveDateTime::MAX),
    ]
}

fn time() -> impl Strategy<Value = NaiveTime> {
    (0u32..86_400).prop_filter_map("a time", |seconds| {
        NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_normalized_number_is_e164_and_normal(raw in phone_like(), country in country()) {
        if let Ok(e164) = phone::normalize(&raw, country.as_deref()) {
            prop_assert!(e164.starts_with('+') && !e164.starts_with("+0"));
            prop_assert!((8..=16).contains(&e164.len()));
            prop_assert!(e164.bytes().skip(1).all(|byte| byte.is_ascii_digit()));
            for again in [None, country.as_deref(), Some("US"), Some("AR")] {
                prop_assert_eq!(phone::normalize(&e164, again), Ok(e164.clone()));
            }
            let country = phone::country(&e164);
            prop_assert!(country.is_none_or(|code| code.len() == 2));
        }
    }

    #[test]
    fn the_country_of_any_text_can_be_asked(text in phone_like()) {
        prop_assert!(phone::country(&text).is_none_or(|code| code.len() == 2));
    }

    #[test]
    fn storable_json_parses_and_has_no_nul(text in json_string()) {
        let stored = json_text::storable(&text).unwrap();
        let value: Value = serde_json::from_str(&stored).expect("valid JSON without lone surrogates");
        prop_assert!(value.as_str().is_some_and(|text| !text.contains('\0')));
        // What was acceptable before is not touched; what is accepted once is accepted for good.
        if serde_json::from_str::<String>(&text).is_ok_and(|text| !text.contains('\0')) {
            prop_assert_eq!(stored.as_ref(), &text);
        }
        prop_assert_eq!(json_text::storable(&stored).unwrap(), stored.as_ref());
    }

    #[test]
    fn storable_takes_any_text(text in r"(.|\\|u|[dD][89aAcC]|0){0,40}") {
        prop_assert!(json_text::storable(&text).unwrap().len() <= text.len());
    }

    #[test]
    fn a_time_asked_for_is_never_a_panic_and_a_relative_one_never_past(
        text in time_like(), now in moment(), opens in time(), closes in time()
    ) {
        let asked = callback_time::parse(&text, now, opens, closes);
        if text.trim().len() > 200 {
            prop_assert_eq!(asked, None);
        }
        if let Some(CallbackTime::Local(at)) = asked {
            let iso = text.trim().get(..16).is_some_and(|text| text.as_bytes()[13] == b':');
            prop_assert!(iso || at > now, "{text:?} at {now} gave {at}");
        }
    }

    #[test]
    fn a_signature_verifies_with_its_key_and_body_only(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        key in ".{1,40}", other in ".{0,40}", v in any::<i64>(), flip in any::<proptest::sample::Index>()
    ) {
        let v = v.saturating_abs();
        let header = signature::sign(&body, &key, v);
        prop_assert!(signature::verify(&header, &body, &[&other, &key], v));
        prop_assert_eq!(signature::verify(&header, &body, &[&other], v), other == key);
        let mut tampered = body.clone();
        tampered.push(b'0');
        prop_assert!(!signature::verify(&header, &tampered, &[&key], v));
        let mut broken: Vec<u8> = header.into_bytes();
        let at = flip.index(broken.len());
        broken[at] = if broken[at] == b'0' { b'1' } else { b'0' };
        let broken = String::from_utf8(broken).expect("ASCII");
        prop_assert!(!signature::verify(&broken, &body, &[&key], v));
    }

    #[test]
    fn any_header_may_arrive(header in "(v=|)[0-9]{0,25}(,d=|.)(.{0,80}|[0-9a-fA-F]{64})", now in any::<i64>()) {
        let verified = signature::verify(&header, b"{}", &["key"], now);
        prop_assert!(!verified);
    }

    #[test]
    fn any_answer_has_a_verdict_and_no_personal_data(
        status in 0u16..700, text in "[ -~\u{0}é\u{1f4de}]{0,60}", name in "[A-Z][a-z]{2,8} [A-Z][a-zé]{2,8}",
        number in r"\+[1-9][0-9]{7,13}", truncated in any::<bool>(), as_json in any::<bool>()
    ) {
        let request = serde_json::json!({
            "to_number": number, "retell_llm_dynamic_variables": {"customer_name": name},
        });
        let said = format!("{text} {name} {number} {text}");
        let body = if as_json { serde_json::json!({ "message": said }).to_string() } else { said };
        let exchange = Exchange::Response {
            status, retry_after: Some(text.clone()), body: body.into_bytes(), truncated,
        };
        let now = DateTime::from_timestamp(1_760_000_000, 0).expect("a moment");
        let answer = reply::classify_create(&exchange, &request.to_string(), now);
        prop_assert_ne!(answer.verdict, CreateVerdict::Placed);
        let message = answer.message.expect("a message");
        prop_assert!(!message.contains(&name) && !message.contains(&number[1..]), "{message}");
        prop_assert!(message.chars().count() <= 500 && !message.contains('\0'));
        prop_assert!(answer.retry_after_seconds.is_none_or(|seconds| seconds <= 3600));
    }

    #[test]
    fn masking_takes_any_text(message in ".{0,300}", known in proptest::collection::vec(".{0,20}", 0..4)) {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let masked = reply::mask(&message, &known);
        prop_assert!(masked.chars().count() <= 500);
        prop_assert!(!masked.chars().any(char::is_control));
    }

    #[test]
    fn a_wait_is_at_most_an_hour(value in ".{0,70}|[A-Z][a-z]{2}, [0-9]{2} (Jan|Dec) [0-9]{1,6} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT", now in moment()) {
        prop_assert!(retry_after::parse_seconds(&value, now.and_utc()).is_none_or(|seconds| seconds <= 3600));
    }

    #[test]
    fn anything_can_be_spoken_in_any_locale(local in moment(), locale in ".{0,12}|[a-z]{2}[-_][A-Z]{2}") {
        prop_assert!(!date_words::date(local, &locale).is_empty());
        prop_assert!(!date_words::time(local, &locale).is_empty());
    }
}
