use super::*;
use CreateVerdict::*;

const REQUEST: &str = r#"{"from_number":"+14157774444","to_number":"+12137774445","override_agent_id":"agent_1",
    "agent_id":"agent_1","webhook_url":"https://example.com/api/webhook/call-outcome",
    "retell_llm_dynamic_variables":{"customer_name":"Jane \"JJ\" Lopez","business_name":"Smile Dental",
    "callback_number":"+14157774444","special_instructions":"do not call before nine","provider_name":"a"}}"#;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_760_000_000, 0).unwrap()
}

fn classify(status: u16, body: &str) -> CreateAnswer {
    let exchange = Exchange::Response {
        status,
        retry_after: None,
        body: body.as_bytes().to_vec(),
        truncated: false,
    };
    classify_create(&exchange, REQUEST, now())
}

fn error(text: &str) -> String {
    serde_json::json!({ "error_message": text }).to_string()
}

#[test]
fn only_a_readable_call_id_is_a_placed_call() {
    for (status, body, expected) in [
        (201, r#"{"call_id":"call_1"}"#, Some("call_1")),
        (200, r#" {"x":[1,{}],"call_id":"1"}"#, Some("1")),
        // A lone surrogate elsewhere must not hide that the phone rings.
        (
            201,
            r#"{"metadata":{"a":"\ud83d"},"call_id":"call_1"}"#,
            Some("call_1"),
        ),
        (201, r#"{"call_id":""}"#, None),
        (201, r#"{"call_id":"  "}"#, None),
        (201, r#"{"call_id":"a\u0000"}"#, None),
        (201, r#"{"call_id":7}"#, None),
        (201, r#"{"call_id":null}"#, None),
        (201, r#"{"call_id":"call_1""#, None),
        (201, r#"[{"call_id":"call_1"}]"#, None),
        (202, "<html>", None),
        (204, "", None),
    ] {
        let answer = classify(status, body);
        assert_eq!(
            answer.retell_call_id.as_deref(),
            expected,
            "{status} {body}"
        );
        let verdict = if expected.is_some() {
            Placed
        } else {
            Ambiguous
        };
        assert_eq!(answer.verdict, verdict, "{status} {body}");
        assert_eq!(
            answer.message.is_none(),
            expected.is_some(),
            "{status} {body}"
        );
    }
}

#[test]
fn a_status_decides_unless_the_text_knows_better() {
    for (status, text, expected) in [
        (301, "Moved", RefusedConfig),
        (307, "", RefusedConfig),
        (
            400,
            "request/body/to_number must NOT have fewer than 1 characters",
            RefusedContact,
        ),
        (
            400,
            "request/body/retell_llm_dynamic_variables/dnc must be string",
            RefusedContact,
        ),
        (
            400,
            "request/body/from_number must NOT have fewer than 1 characters",
            RefusedConfig,
        ),
        (
            400,
            "request/body/honor_internal_dnc must be boolean",
            RefusedConfig,
        ),
        (
            400,
            "No outbound agent id set up for phone number.",
            RefusedConfig,
        ),
        (400, "from_number must be in E.164 format", RefusedConfig),
        (400, "Number must be in E.164 format", RefusedContact),
        (400, "from_number and to_number must differ", RefusedContact),
        (400, "Call country not supported: AE", RefusedContact),
        (400, "destination number is not allowed", RefusedContact),
        (400, "Contact is marked as do_not_call", RefusedContact),
        (400, "Concurrency limit reached", Throttled),
        (
            400,
            "You have exceeded the limit of concurrent calls",
            Throttled,
        ),
        (
            400,
            "Invalid request format, please check API reference.",
            RefusedUnknown,
        ),
        (400, "", RefusedUnknown),
        (400, "Insufficient balance", RefusedConfig),
        (400, "KYC is required before outbound calls", RefusedConfig),
        (400, "CPS limit exceeded for this provider", Throttled),
        (400, "You may start 1 call per second", Throttled),
        // A first sending may have been lost in a failover, and rings: it is looked up.
        (
            400,
            "idempotency_key was already used with another request body",
            Ambiguous,
        ),
        (400, "Duplicate idempotency key", Ambiguous),
        (
            422,
            "a request with this idempotency_key is in progress",
            Ambiguous,
        ),
        (
            400,
            "request/body/idempotency_key must match pattern \"^[a-z]+$\"",
            RefusedConfig,
        ),
        (401, "API key is missing or invalid.", RefusedConfig),
        (
            402,
            "Trial has ended, please add payment method.",
            RefusedConfig,
        ),
        (402, "Call country not supported: AE", RefusedContact),
        (
            403,
            "The agent associated with this call failed due to potential violation",
            RefusedConfig,
        ),
        (403, "destination number is not allowed", RefusedContact),
        (
            404,
            "Item +14157774444 not found from phone-number",
            RefusedConfig,
        ),
        (404, "The requested resource was not found.", RefusedConfig),
        (405, "", RefusedConfig),
        (408, "Request timeout", Ambiguous),
        (409, "Resource update conflict.", Ambiguous),
        // As long as it is one contact's: a second one in a row suspends the practice.
        (413, "Request Entity Too Large", RefusedUnknown),
        (414, "", RefusedUnknown),
        (425, "Too Early", Throttled),
        (
            422,
            "Cannot find requested asset under given api key.",
            RefusedConfig,
        ),
        (
            422,
            "request/body/to_number is not a number",
            RefusedContact,
        ),
        (
            429,
            "Account rate limited, please throttle your requests.",
            Throttled,
        ),
        (431, "", RefusedUnknown),
        (500, "An unexpected server error occurred.", Ambiguous),
        (502, "<html>Bad gateway</html>", Ambiguous),
        (503, "Concurrency limit reached", Ambiguous),
        (599, "", Ambiguous),
        (100, "", Ambiguous),
        (0, "", Ambiguous),
    ] {
        for body in [error(text), text.to_owned()] {
            let answer = classify(status, &body);
            assert_eq!(answer.verdict, expected, "{status} {body}");
            assert!(answer.message.is_some(), "{status} {body}");
        }
    }
}

#[test]
fn opt_outs_and_older_names_are_flagged_on_refusals_only() {
    let opted_out = error("Contact is marked as do not call");
    let older_name = error("request/body must NOT have additional properties: agent_id");
    for (status, body, do_not_call, legacy_field) in [
        (400, &opted_out, true, false),
        (403, &opted_out, true, false),
        (401, &opted_out, false, false),
        (500, &opted_out, false, false),
        (400, &older_name, false, true),
        (422, &older_name, false, true),
        (500, &older_name, false, false),
    ] {
        let answer = classify(status, body);
        assert_eq!(answer.do_not_call, do_not_call, "{status} {body}");
        assert_eq!(answer.legacy_field, legacy_field, "{status} {body}");
    }
}

#[test]
fn a_message_is_found_in_either_shape_and_repeats_no_one() {
    for (body, expected) in [
        (
            r#"{"status":"error","message":"Invalid API Key."}"#,
            "Invalid API Key.",
        ),
        (
            r#"{"error_message":"Authorization header required"}"#,
            "Authorization header required",
        ),
        (r#"{"message":"","error_message":"b"}"#, "b"),
        (r#"{"message":7,"error_message":"b"}"#, "b"),
        (r#"{"detail":"no"}"#, r#"{"detail":"no"}"#),
        (r#"{"detail":"Jane \"JJ\" Lopez"}"#, r#"{"detail":"***"}"#),
        ("plain +12137774445 text", "plain *** text"),
        (
            r#"{"message":"jane \"jj\" lopez of Smile Dental"}"#,
            "*** of Smile Dental",
        ),
        (
            r#"{"message":"a number: do not call before nine"}"#,
            "a number: ***",
        ),
        ("", "status 400 without a message"),
    ] {
        assert_eq!(
            classify(400, body).message.as_deref(),
            Some(expected),
            "{body}"
        );
    }
    let long = classify(500, &"x".repeat(100_000)).message.unwrap();
    assert_eq!(long.chars().count(), 500);
    assert!(
        classify(500, "\u{fffd}\u{0}\u{1}x")
            .message
            .is_some_and(|text| text == "\u{fffd}x")
    );
}

#[test]
fn what_was_not_answered_is_safe_or_unknown() {
    let not_sent = Exchange::NotSent {
        reason: "connection refused".into(),
    };
    let unknown = Exchange::Unknown {
        reason: "timeout calling +12137774445".into(),
    };
    let answer = classify_create(&not_sent, REQUEST, now());
    assert_eq!(
        (answer.verdict, answer.message.as_deref()),
        (NotSent, Some("connection refused"))
    );
    let not_begun = Exchange::NotBegun {
        reason: "worker is stopping".into(),
    };
    let answer = classify_create(&not_begun, REQUEST, now());
    assert_eq!(
        (answer.verdict, answer.message.as_deref()),
        (NotBegun, Some("worker is stopping"))
    );
    let answer = classify_create(&unknown, "not json", now());
    assert_eq!(
        (answer.verdict, answer.message.as_deref()),
        (Ambiguous, Some("timeout calling ***"))
    );
}

#[test]
fn retry_after_is_read_from_any_answer() {
    for (status, value, expected) in [
        (429, Some("30"), Some(30)),
        (503, Some("99999"), Some(3600)),
        (201, Some("5"), Some(5)),
        (429, Some("later"), None),
        (429, None, None),
    ] {
        let exchange = Exchange::Response {
            status,
            retry_after: value.map(str::to_owned),
            body: br#"{"call_id":"call_1"}"#.to_vec(),
            truncated: false,
        };
        assert_eq!(
            classify_create(&exchange, REQUEST, now()).retry_after_seconds,
            expected
        );
    }
}

#[test]
fn a_body_cut_short_is_ambiguous() {
    let exchange = Exchange::Response {
        status: 201,
        retry_after: None,
        body: br#"{"call_id":"call_1","metadata":{"a"#.to_vec(),
        truncated: true,
    };
    assert_eq!(
        classify_create(&exchange, REQUEST, now()).verdict,
        Ambiguous
    );
}

#[test]
fn verdicts_have_the_names_that_sql_stores() {
    let names = [
        Placed,
        NotBegun,
        NotSent,
        Throttled,
        RefusedContact,
        RefusedUnknown,
        RefusedConfig,
        Ambiguous,
    ]
    .map(CreateVerdict::as_str);
    assert_eq!(
        names,
        [
            "placed",
            "not_begun",
            "not_sent",
            "throttled",
            "refused_contact",
            "refused_unknown",
            "refused_config",
            "ambiguous"
        ]
    );
}

#[test]
fn what_an_override_has_the_agent_say_is_not_repeated_and_blames_nobody() {
    let request = r#"{"to_number":"+12137774445","agent_override":{"agent":{"voice_id":"11labs-Adrian"},
        "retell_llm":{"begin_message":"Hi, is that Jane of the do not call list?"}}}"#;
    let exchange = Exchange::Response {
        status: 400,
        retry_after: None,
        body: error("odd: 'Hi, is that Jane of the do not call list?' by 11labs-Adrian")
            .into_bytes(),
        truncated: false,
    };
    let answer = classify_create(&exchange, request, now());
    assert_eq!(
        answer.message.as_deref(),
        Some("odd: '***' by 11labs-Adrian")
    );
    assert!(!answer.do_not_call);
    assert_eq!(answer.verdict, RefusedUnknown);
}

#[test]
fn a_refusal_of_the_tenants_own_number_names_it() {
    for (said, expected) in [
        (
            "Item +14157774444 not found from phone-number",
            "Item +14157774444 not found from phone-number",
        ),
        (
            "+14157774444 cannot call +12137774445",
            "+14157774444 cannot call ***",
        ),
        ("Item +14157774445 not found", "Item *** not found"),
    ] {
        let answer = classify(404, &error(said));
        assert_eq!(answer.message.as_deref(), Some(expected), "{said}");
    }
}
