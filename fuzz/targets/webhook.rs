//! A webhook body: what is made storable is still JSON, says the same, and has nothing that `jsonb` refuses; only its
//! own signature opens the door. What is read of it in one pass is what a parser of the whole finds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use vioc_core::{json_text, signature, webhook};

const KEY: &str = "key_of_the_fuzzer";
const NOW: i64 = 1_760_000_000_000;

fuzz_target!(|data: &[u8]| {
    let header = signature::sign(data, KEY, NOW);
    assert!(signature::verify(&header, data, &[KEY], NOW));
    let mut longer = data.to_vec();
    longer.push(b' ');
    assert!(!signature::verify(&header, &longer, &[KEY], NOW));

    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let stored = json_text::storable(text).unwrap();
    assert_eq!(json_text::storable(&stored).unwrap(), stored, "once is enough");
    if let Ok(document) = serde_json::from_str::<Value>(text) {
        let again: Value = serde_json::from_str(&stored).expect("still JSON");
        assert!(!has_nul(&again), "a NUL is left");
        if !has_nul(&document) {
            assert_eq!(document, again, "nothing else is changed");
        }
        let content = webhook::read(&stored);
        let call = again.get("call").filter(|it| it.is_object());
        assert_eq!(content.has_call, call.is_some());
        assert_eq!(content.is_inbound, again.get("event").is_some_and(|it| it == "call_inbound"));
        let analysis = content.analysis.map(|it| serde_json::from_str::<Value>(it).expect("still JSON"));
        let found = call.and_then(|it| it.get("call_analysis")).filter(|it| it.is_object());
        assert_eq!(analysis.as_ref(), found);
    }
});

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}
