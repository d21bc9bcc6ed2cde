//! What a webhook body says, in one pass over its text.
//!
//! A body is mostly transcript, and nothing here reads that: `jsonb` of the whole body would cost more than all that is done
//! with the rest. The text must be valid JSON that `jsonb` takes ([`crate::json_text::storable`]). As in `jsonb`, the last of
//! several members of one name counts. What is asked for and is not of its kind is not there.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use uuid::Uuid;

/// In bytes of JSON text: no id, reason or link that is kept is longer, and longer text is not unescaped.
const LONGEST_TEXT: usize = 100_000;
/// 2100-01-01: no call is later.
const LATEST_MS: f64 = 4_102_444_800_000.0;

/// The form of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Retell's `{event, call}`.
    Retell,
    /// `{name, args, call}`: a custom function of the agent, of which the call or the arguments may be missing.
    Function,
    /// The flat form: `{session_id, outcome, ...}`.
    Report,
    #[default]
    Other,
}

impl Kind {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Retell => "retell",
            Self::Function => "function",
            Self::Report => "report",
            Self::Other => "other",
        }
    }
}

/// What a body says. Times are milliseconds since 1970.
#[derive(Debug, Default, PartialEq)]
pub struct Content<'a> {
    pub kind: Kind,
    /// Retell's event, at most 100 characters; `function` or `report`.
    pub event: Option<Cow<'a, str>>,
    pub is_inbound: bool,
    /// The tenant that its metadata names, which nobody has proved.
    pub tenant_id: Option<i64>,
    pub session_id: Option<Uuid>,
    pub retell_call_id: Option<String>,
    /// It has Retell's call object, of which the rest is.
    pub has_call: bool,
    pub call_status: Option<String>,
    /// How the call ended: its `disconnection_reason`; without one its status, if that says so.
    pub reason: Option<String>,
    pub started_ms: Option<f64>,
    pub ended_ms: Option<f64>,
    pub duration_ms: Option<i32>,
    /// A number as it stands.
    pub cost: Option<&'a str>,
    /// The link to the recording; the scrubbed one, if that is all that is kept.
    pub recording_url: Option<String>,
    /// The object of the analysis, as it stands.
    pub analysis: Option<&'a str>,
}

/// Reads a body.
#[must_use]
pub fn read(body: &str) -> Content<'_> {
    let mut content = Content::default();
    let mut event = None;
    let mut name = None;
    let (mut has_args, mut call, mut metadata) = (false, None, None);
    let (mut session_id, mut call_id) = (None, None);
    members(body, |key, value| match key {
        "event" => event = value.string(),
        "name" => name = value.string(),
        "args" => has_args = value.is_object(),
        "call" => call = value.object(),
        "call_id" => call_id = value.text(),
        "metadata" => metadata = value.object(),
        "session_id" => session_id = value.text(),
        _ => {}
    });
    let is_flat = session_id.is_some();
    let mut of_body = Metadata::read(metadata);
    let mut of_call = Metadata::default();
    if let Some(call) = call {
        content.has_call = true;
        let mut of_call_id = None;
        let (mut reason, mut urls) = (None, [None, None]);
        let mut call_metadata = None;
        members(call, |key, value| match key {
            "call_id" => of_call_id = value.text(),
            "metadata" => call_metadata = value.object(),
            "call_status" => content.call_status = value.text(),
            "disconnection_reason" => reason = value.string(),
            "start_timestamp" => content.started_ms = value.milliseconds(),
            "end_timestamp" => content.ended_ms = value.milliseconds(),
            "duration_ms" => content.duration_ms = value.integer(),
            "call_cost" => content.cost = value.object().and_then(combined_cost),
            "recording_url" => urls[0] = value.link(),
            "scrubbed_recording_url" => urls[1] = value.link(),
            "call_analysis" => content.analysis = value.object(),
            _ => {}
        });
        call_id = of_call_id.or(call_id);
        of_call = Metadata::read(call_metadata);
        content.recording_url = urls.into_iter().flatten().next();
        content.reason = reason.as_deref().and_then(reason_of).or_else(|| {
            content
                .call_status
                .clone()
                .filter(|it| matches!(it.as_str(), "not_connected" | "error"))
        });
    }
    content.is_inbound = event.as_deref() == Some("call_inbound");
    content.retell_call_id = call_id.filter(|it| (1..=200).contains(&it.chars().count()));
    content.session_id = [
        session_id,
        of_body.session_id.take(),
        of_call.session_id.take(),
    ]
    .into_iter()
    .flatten()
    .find_map(|it| uuid(&it));
    content.tenant_id = of_call
        .tenant_id
        .or(of_body.tenant_id)
        .and_then(|it| tenant_id(&it));
    (content.kind, content.event) = match event {
        Some(event) if content.has_call => {
            let event = event.chars().take(100).collect::<String>();
            (Kind::Retell, Some(event.into()))
        }
        _ if name.is_some() && (has_args || (content.has_call && !is_flat)) => {
            (Kind::Function, Some("function".into()))
        }
        _ if content.session_id.is_some() || content.retell_call_id.is_some() => {
            (Kind::Report, Some("report".into()))
        }
        _ => (Kind::Other, None),
    };
    content
}

#[derive(Default)]
struct Metadata {
    session_id: Option<String>,
    tenant_id: Option<String>,
}

impl Metadata {
    fn read(object: Option<&str>) -> Self {
        let mut metadata = Self::default();
        members(object.unwrap_or_default(), |key, value| match key {
            "session_id" => metadata.session_id = value.text(),
            "tenant_id" => metadata.tenant_id = value.text(),
            _ => {}
        });
        metadata
    }
}

fn combined_cost(object: &str) -> Option<&str> {
    let mut cost = None;
    members(object, |key, value| {
        if key == "combined_cost" {
            cost = value
                .number()
                .filter(|it| (0.0..=1e12).contains(it))
                .map(|_| value.0);
        }
    });
    cost
}

/// As PostgreSQL's `btrim(left(reason, 100))`.
fn reason_of(text: &str) -> Option<String> {
    let cut: String = text.chars().take(100).collect();
    let reason = cut.trim_matches(' ');
    (!reason.is_empty()).then(|| reason.to_owned())
}

fn uuid(text: &str) -> Option<Uuid> {
    // the hyphenated form alone
    (text.len() == 36).then(|| Uuid::try_parse(text).ok())?
}

fn tenant_id(text: &str) -> Option<i64> {
    let is_number = (1..=18).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// A value as it stands in the text.
#[derive(Clone, Copy)]
struct Value<'a>(&'a str);

impl<'a> Value<'a> {
    fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    fn object(self) -> Option<&'a str> {
        self.is_object().then_some(self.0)
    }

    fn string(self) -> Option<String> {
        let is_text = self.0.starts_with('"') && self.0.len() <= LONGEST_TEXT;
        is_text.then(|| serde_json::from_str(self.0).ok())?
    }

    /// As `->>` has it; of an object or an array nothing.
    fn text(self) -> Option<String> {
        match self.0.as_bytes().first()? {
            b'"' => self.string(),
            b'{' | b'[' | b'n' => None,
            _ => (self.0.len() <= LONGEST_TEXT).then(|| self.0.to_owned()),
        }
    }

    fn number(self) -> Option<f64> {
        let is_number = matches!(self.0.as_bytes().first()?, b'-' | b'0'..=b'9');
        is_number.then(|| self.0.parse().ok())?
    }

    fn milliseconds(self) -> Option<f64> {
        self.number().filter(|it| (0.0..=LATEST_MS).contains(it))
    }

    #[expect(clippy::cast_possible_truncation, reason = "it fits")]
    fn integer(self) -> Option<i32> {
        let number = self.number()?;
        (0.0..=f64::from(i32::MAX))
            .contains(&number)
            .then(|| number.round() as i32)
    }

    /// A link that does not fit is none: cut short it leads nowhere.
    fn link(self) -> Option<String> {
        self.string()
            .filter(|it| (1..=8192).contains(&it.chars().count()))
    }
}

/// Calls `each` with every member of an object; with none of what is no object.
fn members<'a>(object: &'a str, each: impl FnMut(&str, Value<'a>)) {
    struct Members<F>(F);

    impl<'de, F: FnMut(&str, Value<'de>)> Visitor<'de> for Members<F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
            while let Some(Name(name)) = map.next_key::<Name<'de>>()? {
                let value: &'de RawValue = map.next_value()?;
                (self.0)(&name, Value(value.get()));
            }
            Ok(())
        }
    }

    // what cannot be read ends the reading: valid JSON can
    let _ = serde_json::Deserializer::from_str(object).deserialize_map(Members(each));
}

/// Borrowed wherever it is written without escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0b7d3c3e-5b0a-4e61-9a54-1f2d3c4b5a69";

    #[test]
    fn the_form_of_a_body_is_what_its_members_are() {
        let id = format!(r#""session_id":"{ID}""#);
        for (body, kind, event) in [
            (
                r#"{"event":"call_started","call":{}}"#.to_owned(),
                Kind::Retell,
                Some("call_started"),
            ),
            (
                r#"{"event":"call_started","call":[]}"#.to_owned(),
                Kind::Other,
                None,
            ),
            (
                r#"{"event":7,"call":{"call_id":"c"}}"#.to_owned(),
                Kind::Report,
                Some("report"),
            ),
            (
                r#"{"name":"f","args":{},"call":{}}"#.to_owned(),
                Kind::Function,
                Some("function"),
            ),
            (
                r#"{"name":"f","args":"{}","call":{}}"#.to_owned(),
                Kind::Function,
                Some("function"),
            ),
            (
                r#"{"name":"f","args":null,"call":{}}"#.to_owned(),
                Kind::Function,
                Some("function"),
            ),
            (r#"{"name":"f","args":null}"#.to_owned(), Kind::Other, None),
            (
                format!(
                    r#"{{"name":"Ann","session_id":"{}","call":{{}}}}"#,
                    Uuid::nil()
                ),
                Kind::Report,
                Some("report"),
            ),
            (
                format!(r#"{{{id},"outcome":"confirmed"}}"#),
                Kind::Report,
                Some("report"),
            ),
            (format!(r#" {{ {id} }} "#), Kind::Report, Some("report")),
            (r#"{"outcome":"confirmed"}"#.to_owned(), Kind::Other, None),
            (format!(r#"[{{{id}}}]"#), Kind::Other, None),
            (r#""text""#.to_owned(), Kind::Other, None),
            ("null".to_owned(), Kind::Other, None),
            (String::new(), Kind::Other, None),
        ] {
            let content = read(&body);
            assert_eq!(
                (content.kind, content.event.as_deref()),
                (kind, event),
                "{body}"
            );
        }
    }

    #[test]
    fn the_first_session_id_that_is_one_counts() {
        let other = "11111111-1111-4111-8111-111111111111";
        for (body, expected) in [
            (
                format!(r#"{{"session_id":"{ID}","metadata":{{"session_id":"{other}"}}}}"#),
                Some(ID),
            ),
            (
                format!(r#"{{"session_id":"no","metadata":{{"session_id":"{ID}"}}}}"#),
                Some(ID),
            ),
            (
                format!(r#"{{"call":{{"metadata":{{"session_id":"{ID}"}}}}}}"#),
                Some(ID),
            ),
            (
                format!(r#"{{"session_id":"{}"}}"#, ID.replace('-', "")),
                None,
            ),
            (format!(r#"{{"session_id":"{{{ID}}}"}}"#), None),
            (format!(r#"{{"metadata":["session_id","{ID}"]}}"#), None),
            (
                format!(r#"{{"session_id":"{other}","session_id":"{ID}"}}"#),
                Some(ID),
            ),
            (format!(r#"{{"session\u005fid":"{ID}"}}"#), Some(ID)),
        ] {
            let found = read(&body).session_id.map(|it| it.to_string());
            assert_eq!(found.as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn ids_are_texts_or_numbers_of_a_length() {
        let call_id =
            |text: &str| read(&format!(r#"{{"call":{{"call_id":{text}}}}}"#)).retell_call_id;
        assert_eq!(call_id(r#""call_1""#).as_deref(), Some("call_1"));
        assert_eq!(call_id("17").as_deref(), Some("17"));
        for text in [r#""""#, "null", "{}", &format!(r#""{}""#, "x".repeat(201))] {
            assert_eq!(call_id(text), None, "{text}");
        }
        let tenant =
            |text: &str| read(&format!(r#"{{"metadata":{{"tenant_id":{text}}}}}"#)).tenant_id;
        assert_eq!(tenant(r#""12""#), Some(12));
        assert_eq!(tenant("12"), Some(12));
        for text in [
            r#""-1""#,
            r#""1234567890123456789""#,
            r#""""#,
            "1.5",
            "true",
        ] {
            assert_eq!(tenant(text), None, "{text}");
        }
        // a call's id goes before the body's, and is not replaced by it where it is none
        let both = r#"{"call_id":"of body","call":{"call_id":"of call"}}"#;
        assert_eq!(read(both).retell_call_id.as_deref(), Some("of call"));
        assert_eq!(
            read(r#"{"call_id":"of body","call":{}}"#)
                .retell_call_id
                .as_deref(),
            Some("of body")
        );
    }

    #[test]
    fn the_reason_is_what_retell_says_else_its_status() {
        for (call, expected) in [
            (
                r#"{"disconnection_reason":" user_hangup "}"#,
                Some("user_hangup"),
            ),
            (
                r#"{"disconnection_reason":"","call_status":"error"}"#,
                Some("error"),
            ),
            (
                r#"{"disconnection_reason":7,"call_status":"not_connected"}"#,
                Some("not_connected"),
            ),
            (r#"{"call_status":"ended"}"#, None),
            (
                r#"{"disconnection_reason":"dial_busy","call_status":"error"}"#,
                Some("dial_busy"),
            ),
        ] {
            let body = format!(r#"{{"event":"call_ended","call":{call}}}"#);
            assert_eq!(read(&body).reason.as_deref(), expected, "{call}");
        }
    }

    #[test]
    fn numbers_are_numbers_that_fit() {
        let call = |member: &str| format!(r#"{{"event":"e","call":{{{member}}}}}"#);
        for (text, expected) in [
            ("30000", Some(30_000)),
            ("2.5", Some(3)),
            ("2147483647", Some(i32::MAX)),
            ("2147483648", None),
            ("-1", None),
            ("1e400", None),
            (r#""30""#, None),
            ("true", None),
        ] {
            let body = call(&format!(r#""duration_ms":{text}"#));
            assert_eq!(read(&body).duration_ms, expected, "{text}");
        }
        let body = call(
            r#""start_timestamp":1764490000123,"end_timestamp":4102444800001,"call_cost":{"combined_cost":12.5}"#,
        );
        let content = read(&body);
        assert_eq!(content.started_ms, Some(1_764_490_000_123.0));
        assert_eq!((content.ended_ms, content.cost), (None, Some("12.5")));
    }

    #[test]
    fn a_recording_is_a_link_that_fits() {
        let call = |member: &str| format!(r#"{{"event":"e","call":{{{member}}}}}"#);
        let url = |member: &str| read(&call(member)).recording_url;
        assert_eq!(
            url(r#""scrubbed_recording_url":"b","recording_url":"a""#).as_deref(),
            Some("a")
        );
        assert_eq!(
            url(r#""scrubbed_recording_url":"b","recording_url":null"#).as_deref(),
            Some("b")
        );
        assert_eq!(
            url(&format!(r#""recording_url":"{}""#, "é".repeat(8192))).map(|it| it.len()),
            Some(16_384)
        );
        assert_eq!(
            url(&format!(r#""recording_url":"{}""#, "é".repeat(8193))),
            None
        );
    }

    #[test]
    fn depth_and_length_do_no_harm() {
        let deep = format!(
            r#"{{"x":{}{},"call_id":"c"}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        assert_eq!(read(&deep).retell_call_id.as_deref(), Some("c"));
        let long = format!(
            r#"{{"call_id":"{}","session_id":"{ID}"}}"#,
            "x".repeat(1_000_000)
        );
        assert_eq!(read(&long).kind, Kind::Report);
        assert_eq!(read(&long).retell_call_id, None);
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(body in ".{0,200}") {
            let _ = read(&body);
        }
    }
}
