//! JSON text that `jsonb` takes.
//!
//! PostgreSQL's `json` keeps any escape, but `jsonb` refuses `\u0000` and a surrogate without its pair
//! (documentation, 8.14 "JSON Types"). A transcript may contain either, and must not be lost for it:
//! such an escape becomes U+FFFD, the replacement character. Nothing else is changed; numbers beyond
//! `numeric` and nesting beyond the stack are still refused.

use std::borrow::Cow;
use std::collections::TryReserveError;

const REPLACEMENT: &str = r"\ufffd";
/// `\u` and four digits.
const ESCAPE_LENGTH: usize = 6;

/// `text`, which must be valid JSON, with the escapes that `jsonb` refuses replaced.
///
/// # Errors
///
/// Without memory for it: a body may be long, and an allocation that fails would end the whole server.
pub fn storable(text: &str) -> Result<Cow<'_, str>, TryReserveError> {
    let bytes = text.as_bytes();
    let mut replaced = String::new();
    // Everything before `kept` is in `replaced` already.
    let mut kept = 0;
    let mut at = 0;
    // In JSON a backslash occurs in strings only, so there is no need to know where they begin.
    while let Some(step) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|byte| *byte == b'\\'))
    {
        at += step;
        match escape(bytes, at) {
            None => at += 2, // `\\` and its like: the second character begins no escape
            Some(0xD800..=0xDBFF)
                if matches!(escape(bytes, at + ESCAPE_LENGTH), Some(0xDC00..=0xDFFF)) =>
            {
                at += 2 * ESCAPE_LENGTH;
            }
            Some(0 | 0xD800..=0xDFFF) => {
                // what comes is as long as what was: the first time is enough
                replaced.try_reserve_exact(text.len() - kept)?;
                replaced.push_str(&text[kept..at]);
                replaced.push_str(REPLACEMENT);
                at += ESCAPE_LENGTH;
                kept = at;
            }
            Some(_) => at += ESCAPE_LENGTH,
        }
    }
    if kept == 0 {
        return Ok(Cow::Borrowed(text));
    }
    replaced.push_str(&text[kept..]);
    Ok(Cow::Owned(replaced))
}

/// The code unit of the `\uXXXX` that begins at `at`.
fn escape(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + ESCAPE_LENGTH)?.strip_prefix(br"\u")?;
    digits.iter().try_fold(0, |unit, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_jsonb_refuses_is_replaced() {
        for (text, expected) in [
            (r#""\u0000""#, r#""\ufffd""#),
            (
                r#"{"\u0000":"a\u0000b\u0000"}"#,
                r#"{"\ufffd":"a\ufffdb\ufffd"}"#,
            ),
            (r#""\\u0000""#, r#""\\u0000""#),
            (r#""\\\u0000""#, r#""\\\ufffd""#),
            (r#""\\\\u0000""#, r#""\\\\u0000""#),
            (r#""\"\u0000""#, r#""\"\ufffd""#),
            (r#""\u0001\u00e9\uFFFF""#, r#""\u0001\u00e9\uFFFF""#),
            (r#""\ud83d\udcde""#, r#""\ud83d\udcde""#),
            (r#""\uD83D\uDCDE""#, r#""\uD83D\uDCDE""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\udcde""#, r#""\ufffd""#),
            (r#""\ud83d\ud83d\udcde""#, r#""\ufffd\ud83d\udcde""#),
            (r#""\udcde\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\ud83d\\udcde""#, r#""\ufffd\\udcde""#),
            (r#""\ud83dé\n""#, r#""\ufffdé\n""#),
            (r#""\ud83d\u0041""#, r#""\ufffd\u0041""#),
            (r#"[1, "José 📞"]"#, r#"[1, "José 📞"]"#),
            ("", ""),
        ] {
            assert_eq!(storable(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn unchanged_text_is_not_copied() {
        assert!(matches!(
            storable(r#"{"a":"\\u0000"}"#),
            Ok(Cow::Borrowed(_))
        ));
    }

    #[test]
    fn text_that_is_not_json_does_no_harm() {
        for text in [
            "\\",
            "\\u",
            "\\u00",
            "\\é",
            "\\u00é0",
            "\\uD800\\",
            "\\u+000",
        ] {
            assert!(!storable(text).unwrap().contains("\\u0000"), "{text}");
        }
    }
}
