//! Retell's answer to create-phone-call: placed only with a call id, certain only where it is, and no name or number of
//! the request in what is kept of it.
#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use vioc_core::reply::{CreateVerdict, Exchange, classify_create};

const REQUEST: &str = r#"{"to_number":"+12125550142","agent_id":"a","retell_llm_dynamic_variables":{"customer_name":"Xaverine Quillfeather","business_name":"B"}}"#;

fuzz_target!(|data: &[u8]| {
    let [kind, high, low, cut, rest @ ..] = data else {
        return;
    };
    let text = || String::from_utf8_lossy(rest).into_owned();
    let status = u16::from_be_bytes([*high, *low]) % 1000;
    let exchange = match kind % 5 {
        0 => Exchange::NotSent { reason: text() },
        1 => Exchange::Unknown { reason: text() },
        2 => Exchange::NotBegun { reason: text() },
        _ => {
            let (header, body) = rest.split_at(usize::from(*cut).min(rest.len()));
            Exchange::Response {
                status,
                retry_after: std::str::from_utf8(header).ok().map(str::to_owned),
                body: body.to_vec(),
                truncated: *cut == 7,
            }
        }
    };
    let now = DateTime::from_timestamp(1_760_000_000, 0).expect("a time");
    let answer = classify_create(&exchange, REQUEST, now);
    let is_2xx =
        matches!(exchange, Exchange::Response { status, .. } if (200..300).contains(&status));
    assert_eq!(
        answer.verdict == CreateVerdict::Placed,
        answer.retell_call_id.is_some()
    );
    assert!(answer.verdict != CreateVerdict::Placed || is_2xx);
    // what may have dialled somebody is never called certain
    match exchange {
        Exchange::Unknown { .. } => assert_eq!(answer.verdict, CreateVerdict::Ambiguous),
        Exchange::Response { status: 500.., .. } => {
            assert_eq!(answer.verdict, CreateVerdict::Ambiguous)
        }
        Exchange::Response { .. } if is_2xx => assert!(matches!(
            answer.verdict,
            CreateVerdict::Placed | CreateVerdict::Ambiguous
        )),
        _ => {}
    }
    if let Some(id) = &answer.retell_call_id {
        assert!(!id.contains('\0') && !id.trim().is_empty());
    }
    if let Some(message) = &answer.message {
        assert!(
            !message.contains("12125550142") && !message.contains("Xaverine Quillfeather"),
            "{message}"
        );
        assert!(message.chars().count() <= 600);
    }
    let _ = format!("{answer:?}");
});
