//! Whether an answer is the one to what was asked.
//!
//! On a kept connection an answer is known by its place alone: one that comes twice, or out of turn, is read as
//! the next request's. So what it says of itself is compared. What it does not say contradicts nothing: Retell's
//! description makes `to_number` compulsory in the answer to a creation and returns the metadata that was sent,
//! but the contract counts an answer with a `call_id` as placed, and later answers may be scrubbed.

//!
//! Nothing of an answer is kept but what is compared: read into a tree, eight megabytes would become hundreds.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{CREATE_PATH, Exchange};

/// What is compared of an answer, or of a call in a list, as it was sent.
#[derive(Default, Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    call_id: Option<&'a RawValue>,
    #[serde(borrow)]
    to_number: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    items: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    session_id: Option<&'a RawValue>,
}

impl<'a> Said<'a> {
    /// Nothing, if this is no object.
    fn read(json: &'a [u8]) -> Option<Self> {
        json.trim_ascii_start()
            .starts_with(b"{")
            .then(|| serde_json::from_slice(json).ok())
            .flatten()
    }

    fn session(&self) -> Option<String> {
        let metadata = self.metadata?.get();
        let metadata = metadata.starts_with('{').then_some(metadata)?;
        text(
            serde_json::from_str::<Metadata<'_>>(metadata)
                .ok()?
                .session_id,
        )
    }
}

/// What is no text is none.
fn text(value: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(value?.get()).ok()
}

/// Whether this answer to a request is surely another request's. A refusal names no call, so it never is.
#[must_use]
pub fn is_about_another(path: &str, request: Option<&str>, exchange: &Exchange) -> bool {
    let Exchange::Response { status, body, .. } = exchange else {
        return false;
    };
    if !(200..300).contains(status) {
        return false;
    }
    let Some(answer) = Said::read(body) else {
        return false;
    };
    let request: Value = request
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let call_id = text(answer.call_id);
    if path == CREATE_PATH {
        return answer.items.is_some()
            || differs(
                answer.session().as_deref(),
                request["metadata"]["session_id"].as_str(),
            )
            || differs(
                text(answer.to_number).as_deref(),
                request["to_number"].as_str(),
            );
    }
    if path == "/v3/list-calls" {
        return call_id.is_some()
            || answer
                .items
                .is_some_and(|items| has_another_session(items, wanted_session(&request)));
    }
    if let Some((_, asked)) = path
        .strip_prefix("/v2/")
        .and_then(|rest| rest.split_once("-call/"))
    {
        return answer.items.is_some()
            || call_id.is_some_and(|call_id| !is_escaped(&call_id, asked));
    }
    // about keys, agents, lines
    call_id.is_some() || answer.items.is_some()
}

/// Whether a call of this list is of another session. One after the other: there may be very many.
fn has_another_session(items: &RawValue, wanted: Option<&str>) -> bool {
    struct Items<'w>(Option<&'w str>);
    impl<'de> Visitor<'de> for Items<'_> {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
            let mut is_another = false;
            while let Some(item) = items.next_element::<&RawValue>()? {
                let item = Said::read(item.get().as_bytes());
                let session = item.and_then(|item| item.session());
                is_another |= differs(session.as_deref(), self.0);
            }
            Ok(is_another)
        }
    }
    let mut items = serde_json::Deserializer::from_str(items.get());
    items.deserialize_any(Items(wanted)).unwrap_or(false)
}

fn differs(said: Option<&str>, asked: Option<&str>) -> bool {
    said.is_some_and(|said| asked.is_some_and(|asked| !said.eq_ignore_ascii_case(asked)))
}

/// The session that a list was asked for, if it was for one.
fn wanted_session(request: &Value) -> Option<&str> {
    let filters = request["filter_criteria"]["metadata"].as_array()?;
    let filter = filters.iter().find(|it| it["key"] == "session_id")?;
    filter["value"].as_str()
}

/// Whether `text` is `escaped` as a part of a path.
fn is_escaped(text: &str, escaped: &str) -> bool {
    let mut rest = escaped.bytes();
    text.bytes().all(|byte| match rest.next() {
        Some(b'%') => {
            let digits = [rest.next(), rest.next()].map(|digit| {
                let digit = char::from(digit.unwrap_or_default()).to_digit(16);
                digit.and_then(|digit| u8::try_from(digit).ok())
            });
            matches!(digits, [Some(high), Some(low)] if high * 16 + low == byte)
        }
        other => other == Some(byte),
    }) && rest.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATE: &str = r#"{"to_number": "+12125550142", "metadata": {"session_id": "a1"}}"#;
    const FIND: &str =
        r#"{"filter_criteria": {"metadata": [{"key": "session_id", "value": "a1"}]}}"#;

    fn is_other(path: &str, request: Option<&str>, status: u16, body: &str) -> bool {
        let exchange = Exchange::Response {
            status,
            retry_after: None,
            body: body.as_bytes().to_vec(),
            truncated: false,
        };
        is_about_another(path, request, &exchange)
    }

    #[test]
    fn an_answer_is_what_it_says_of_itself() {
        for (path, request, body, expected) in [
            // a creation: the session and the number that were sent
            (CREATE_PATH, Some(CREATE), r#"{"call_id": "c"}"#, false),
            (
                CREATE_PATH,
                Some(CREATE),
                r#"{"call_id": "c", "to_number": "+12125550142", "metadata": {"session_id": "A1"}}"#,
                false,
            ),
            (
                CREATE_PATH,
                Some(CREATE),
                r#"{"call_id": "c", "metadata": {"session_id": "b2"}}"#,
                true,
            ),
            (
                CREATE_PATH,
                Some(CREATE),
                r#"{"call_id": "c", "metadata": {"session_id": "a1"}, "to_number": "+12125550143"}"#,
                true,
            ),
            (
                CREATE_PATH,
                Some(CREATE),
                r#"{"call_id": "c", "metadata": null, "to_number": null}"#,
                false,
            ),
            (CREATE_PATH, Some(CREATE), r#"{"items": []}"#, true),
            // of another type than expected: it says nothing
            (
                CREATE_PATH,
                Some(CREATE),
                r#"{"call_id": 7, "to_number": [1], "metadata": "b2"}"#,
                false,
            ),
            (
                CREATE_PATH,
                Some(CREATE),
                r#"{"metadata": {"session_id": {"b": 2}}}"#,
                false,
            ),
            (CREATE_PATH, Some(CREATE), r#"["c", "+1", {}, []]"#, false),
            (CREATE_PATH, Some(CREATE), "nonsense", false),
            // a list: of the session that was asked for
            ("/v3/list-calls", Some(FIND), r#"{"items": []}"#, false),
            (
                "/v3/list-calls",
                Some(FIND),
                r#"{"items": [{"metadata": {"session_id": "a1"}}]}"#,
                false,
            ),
            (
                "/v3/list-calls",
                Some(FIND),
                r#"{"items": [{"metadata": {"session_id": "b2"}}]}"#,
                true,
            ),
            ("/v3/list-calls", Some(FIND), r#"{"call_id": "c"}"#, true),
            (
                "/v3/list-calls",
                Some(FIND),
                r#"{"items": [7, [], {"metadata": 7}, {"metadata": {"session_id": "A1"}}]}"#,
                false,
            ),
            (
                "/v3/list-calls",
                Some(FIND),
                r#"{"items": [{}, {"metadata": {"session_id": "a1"}}, {"metadata": {"session_id": "b2"}}]}"#,
                true,
            ),
            ("/v3/list-calls", Some(FIND), r#"{"items": "b2"}"#, false),
            (
                "/v3/list-calls",
                Some(r#"{"limit": 250}"#),
                r#"{"items": [{"metadata": {"session_id": "b2"}}]}"#,
                false,
            ),
            // one call
            ("/v2/get-call/c%2F1", None, r#"{"call_id": "c/1"}"#, false),
            ("/v2/get-call/c%2F1", None, r#"{"call_id": "c/12"}"#, true),
            ("/v2/get-call/c%2F1", None, r#"{"call_id": "c/"}"#, true),
            ("/v2/stop-call/c", None, "", false),
            ("/v2/delete-call/c", None, r#"{"call_id": "d"}"#, true),
            ("/v2/get-call/c", None, r#"{"items": []}"#, true),
            // no call at all
            (
                "/get-concurrency",
                None,
                r#"{"concurrency_limit": 20}"#,
                false,
            ),
            ("/get-concurrency", None, r#"{"call_id": "c"}"#, true),
        ] {
            assert_eq!(
                is_other(path, request, 200, body),
                expected,
                "{path} {body}"
            );
        }
    }

    #[test]
    fn a_refusal_names_no_call() {
        assert!(!is_other(
            CREATE_PATH,
            Some(CREATE),
            400,
            r#"{"call_id": "c", "metadata": {"session_id": "b2"}}"#
        ));
        let lost = Exchange::Unknown {
            reason: String::new(),
        };
        assert!(!is_about_another(CREATE_PATH, Some(CREATE), &lost));
    }
}
