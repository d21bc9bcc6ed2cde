//! The agents of `examples/retell-agent`: what they may say and report is what the extension understands.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use retell_simulator::{ApiKey, Config, Simulator, Timing};

use serde_json::Value;
use vioc_tests::Cluster;

const LOCALES: [&str; 3] = ["en-US", "en-GB", "es"];

/// The contract's: what the agent reports, what comes of it.
const DECISIONS: [(&str, &str); 8] = [
    ("confirmed", "completed confirmed / confirmed"),
    ("cancelled", "completed cancelled / cancelled / review"),
    (
        "rescheduled",
        "completed rescheduled / rescheduled / review",
    ),
    ("callback", "completed callback_requested / callback"),
    ("declined", "completed declined / contacted / review"),
    ("wrong_number", "completed wrong_number / wrong_number"),
    ("do_not_call", "completed do_not_call / do_not_call"),
    ("no_decision", "completed completed / contacted / review"),
];

/// What every call carries, what it may carry, and what Retell itself fills in.
const SENT: [&str; 8] = [
    "customer_name",
    "business_name",
    "appointment_date",
    "appointment_time",
    "appointment_type",
    "provider_name",
    "special_instructions",
    "callback_number",
];
const PATIENT: &str = "patient_name";
const RETELLS_OWN: &str = "current_time";

fn kit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/retell-agent")
}

fn text(locale: &str, file: &str) -> String {
    let path = kit().join(locale).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(locale: &str, file: &str) -> Value {
    serde_json::from_str(&text(locale, file))
        .unwrap_or_else(|error| panic!("{locale}/{file}: {error}"))
}

/// The names in `{{name}}`.
fn variables(text: &str) -> BTreeSet<String> {
    let inside = text.split("{{").skip(1);
    inside
        .map(|rest| rest.split("}}").next().unwrap().to_owned())
        .collect()
}

fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

fn strings(value: &Value) -> BTreeSet<String> {
    let items = value.as_array().unwrap().iter();
    items
        .map(|item| item.as_str().unwrap().to_owned())
        .collect()
}

fn analysis<'a>(agent: &'a Value, name: &str) -> &'a Value {
    let fields = agent["post_call_analysis_data"].as_array().unwrap();
    let found = fields.iter().find(|field| field["name"] == name);
    found.unwrap_or_else(|| panic!("no analysis field {name}"))
}

#[test]
fn the_prompt_knows_every_variable_and_no_other() {
    for locale in LOCALES {
        let llm = json(locale, "retell-llm.json");
        let prompt = llm["general_prompt"].as_str().unwrap();
        assert_eq!(
            prompt,
            text(locale, "prompt.md"),
            "{locale}: prompt.md is what people read"
        );
        let known = set(SENT.into_iter().chain([PATIENT, RETELLS_OWN]));
        assert_eq!(variables(prompt), known, "{locale}");
        // Not sent for a contact without one, and then Retell would read out its name.
        assert_eq!(llm["default_dynamic_variables"][PATIENT], "", "{locale}");
        let everything = variables(&text(locale, "retell-llm.json"));
        assert!(everything.is_subset(&known), "{locale}: {everything:?}");
        let agent = variables(&text(locale, "agent.json"));
        assert!(agent.is_subset(&known), "{locale}: {agent:?}");
    }
}

#[test]
fn the_opening_says_who_calls_that_it_is_an_ai_and_how_to_be_left_alone() {
    for (locale, ai, automated, opt_out) in [
        ("en-US", "AI assistant", "automated call", "stop calling"),
        ("en-GB", "AI assistant", "automated call", "stop calling"),
        (
            "es",
            "inteligencia artificial",
            "llamada automática",
            "no me llamen más",
        ),
    ] {
        let llm = json(locale, "retell-llm.json");
        assert_eq!(llm["start_speaker"], "agent", "{locale}");
        let opening = llm["begin_message"].as_str().unwrap();
        for said in ["{{business_name}}", ai, automated, opt_out] {
            assert!(opening.contains(said), "{locale}: {opening} lacks {said}");
        }
        // Before anybody has said who they are.
        assert_eq!(
            variables(opening),
            set(["business_name", "customer_name"]),
            "{locale}"
        );
        assert_eq!(
            json(locale, "agent.json")["enable_dnc_detection"],
            true,
            "{locale}"
        );
    }
}

#[test]
fn the_voicemail_has_no_personal_data() {
    for locale in LOCALES {
        let agent = json(locale, "agent.json");
        let action = &agent["voicemail_option"]["action"];
        assert_eq!(
            action["type"], "static_text",
            "{locale}: a machine is told nothing made up"
        );
        let said = action["text"].as_str().unwrap();
        assert_eq!(
            variables(said),
            set(["business_name", "callback_number"]),
            "{locale}"
        );
    }
}

#[test]
fn tool_and_analysis_report_the_same_fields_and_words_in_every_language() {
    let words = set(DECISIONS.map(|(word, _)| word));
    for locale in LOCALES {
        let agent = json(locale, "agent.json");
        assert_eq!(
            strings(&analysis(&agent, "appointment_action")["choices"]),
            words,
            "{locale}"
        );
        let llm = json(locale, "retell-llm.json");
        let tools = llm["general_tools"].as_array().unwrap();
        let tool = tools.iter().find(|tool| tool["type"] == "custom").unwrap();
        let parameters = &tool["parameters"];
        assert_eq!(
            strings(&parameters["properties"]["appointment_action"]["enum"]),
            words,
            "{locale}"
        );
        assert_eq!(
            strings(&parameters["required"]),
            set(["appointment_action"]),
            "{locale}"
        );
        for (name, parameter) in parameters["properties"].as_object().unwrap() {
            let field = analysis(&agent, name);
            assert_eq!(
                field["description"], parameter["description"],
                "{locale}: {name}"
            );
        }
        assert_eq!(tool["url"], agent["webhook_url"], "{locale}");
    }
}

#[test]
fn the_webhook_is_where_the_extension_has_retell_report_to() {
    for locale in LOCALES {
        let agent = json(locale, "agent.json");
        let url = agent["webhook_url"].as_str().unwrap();
        assert_eq!(
            url, "https://calls.example.com/api/webhook/call-outcome",
            "{locale}"
        );
        let events = strings(&agent["webhook_events"]);
        assert_eq!(
            events,
            set(["call_started", "call_ended", "call_analyzed"]),
            "{locale}"
        );
    }
}

/// Retell's own limits (OpenAPI 3.0.0 of 2026-06-25), as far as these files could break them.
#[test]
fn the_files_are_within_retells_schema() {
    for locale in LOCALES {
        let agent = json(locale, "agent.json");
        let number = |name: &str| {
            agent[name]
                .as_i64()
                .unwrap_or_else(|| panic!("{locale}: {name}"))
        };
        assert!((5_000..=300_000).contains(&number("ring_duration_ms")));
        assert!((60_000..=7_200_000).contains(&number("max_call_duration_ms")));
        assert!(number("end_call_after_silence_ms") >= 10_000);
        assert!((1..=730).contains(&number("data_storage_retention_days")));
        assert_eq!(agent["response_engine"]["type"], "retell-llm");
        for name in ["voice_id", "language", "timezone"] {
            assert!(
                agent[name].as_str().is_some_and(|text| !text.is_empty()),
                "{locale}: {name}"
            );
        }
        for field in agent["post_call_analysis_data"].as_array().unwrap() {
            let kind = field["type"].as_str().unwrap();
            let named = |name: &str| field[name].as_str().is_some_and(|text| !text.is_empty());
            assert!(named("name") && named("description"), "{locale}: {field}");
            match kind {
                "enum" => assert!(!strings(&field["choices"]).is_empty(), "{locale}: {field}"),
                "string" => assert!(!strings(&field["examples"]).is_empty(), "{locale}: {field}"),
                "system-presets" => assert_eq!(field["name"], "call_summary", "{locale}"),
                other => panic!("{locale}: {other}"),
            }
        }
        let mut names = BTreeSet::new();
        for tool in json(locale, "retell-llm.json")["general_tools"]
            .as_array()
            .unwrap()
        {
            let name = tool["name"].as_str().unwrap().to_owned();
            let allowed = name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
            assert!(
                allowed && (1..=64).contains(&name.len()),
                "{locale}: {name}"
            );
            assert!(names.insert(name), "{locale}: two tools have one name");
        }
    }
}

/// A call is made, and its end or its tool's report arrives with each word that the agent may choose; the same with
/// each example of a time.
#[test]
fn every_word_the_agent_may_choose_has_the_contracts_outcome() {
    let cluster = Cluster::builder().databases(["kit"]).served([]).start();
    cluster.create_extension("kit");
    let clinic = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/clinic.psql");
    let ask = |statement: &str| {
        let script = format!(
            "begin;\n\\set ON_ERROR_STOP 1\n\\i {}\n{statement}\nrollback;\n",
            clinic.display()
        );
        let output = cluster.psql("kit", &script);
        assert!(
            output.status.success(),
            "{statement}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let quoted = |value: &Value| format!("'{}'", value.to_string().replace('\'', "''"));
    for locale in LOCALES {
        let agent = json(locale, "agent.json");
        let llm = json(locale, "retell-llm.json");
        let tool = llm["general_tools"][0]["name"].clone();
        // In the week of the clinic's clock, which is not the examples'.
        let times = |field: &str| {
            let examples = strings(&analysis(&agent, field)["examples"]).into_iter();
            let moved = examples.map(|it| it.replace("2027-01-", "2031-03-"));
            moved.collect::<BTreeSet<_>>()
        };
        for (word, expected) in DECISIONS {
            let field = match word {
                "callback" => "callback_time",
                "rescheduled" => "new_appointment_time",
                _ => "",
            };
            let examples = if field.is_empty() {
                set([""])
            } else {
                times(field)
            };
            for example in examples {
                let mut said = serde_json::json!({"appointment_action": word, "callback_time": "", "new_appointment_time": ""});
                if !field.is_empty() {
                    said[field] = example.clone().into();
                }
                let report = serde_json::json!({"name": tool, "args": said});
                let analysed = ask(&format!(
                    "select pg_temp.placed(:tenant) as call \\gset\n\
                     select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed({})) as state \\gset\n\
                     select pg_temp.told(:call);",
                    quoted(&said)
                ));
                let reported = ask(&format!(
                    "select pg_temp.placed(:tenant) as call \\gset\n\
                     select pg_temp.arrives({} || jsonb_build_object('call', pg_temp.body(:call, '') -> 'call')) as state \\gset\n\
                     select pg_temp.hear(:call, 'call_analyzed', pg_temp.analysed(null)) as state \\gset\n\
                     select pg_temp.told(:call);",
                    quoted(&report)
                ));
                // A wish in words nobody can turn into an instant is a person's to read.
                let readable = ask(&format!(
                    "select vioc.requested_time({}, array['America/New_York'], '09:00', '18:00', pg_temp.at()) is not null;",
                    quoted_text(&example)
                ));
                let expected = if word == "callback" && readable != "t" {
                    format!("{expected} / review")
                } else {
                    expected.to_owned()
                };
                assert_eq!(analysed, expected, "{locale}, analysis: {said}");
                assert_eq!(reported, expected, "{locale}, tool: {report}");
            }
        }
        // The form that the prompt asks for is read as a time.
        for field in ["callback_time", "new_appointment_time"] {
            let exact = times(field).into_iter().find(|it| it.starts_with("2031-"));
            let sql = format!(
                "select vioc.requested_time({}, array['America/New_York'], '09:00', '18:00', pg_temp.at()) is not null;",
                quoted_text(&exact.unwrap())
            );
            assert_eq!(ask(&sql), "t", "{locale}: {field}");
        }
    }
}

fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

const SMOKE_KEY: &str = "key_of_the_smoke_test_1a2b";
/// What retell-contract.md could not know, in its order.
const UNKNOWNS: [&str; 8] = [
    "429 and concurrency",
    "idempotency_key again",
    "webhook_url of a call",
    "retries of webhooks",
    "call_ended to call_analyzed",
    "size of metadata and variables",
    "unknown request keys",
    "BAA",
];

/// The script against a simulated Retell: whether it says that all went well, its lines, and how many telephones rang.
fn smoke(config: Config, key: &str, with_webhooks: bool) -> (bool, Vec<String>, usize) {
    let retell = Simulator::start(Config {
        api_keys: vec![ApiKey::new(SMOKE_KEY)],
        timing: Timing {
            analysis: Duration::from_millis(300),
            ..Timing::default()
        },
        webhook_retry_spacing: Duration::from_millis(700),
        ..config
    })
    .unwrap();
    let mut script = Command::new("python3");
    script
        .arg(kit().join("smoke"))
        .args(["--api", &retell.url(), "--agent", "agent_1", "--yes"])
        .args(["--from", "+12125550100", "--to", "+12125550101"])
        .args(["--wait", "60"])
        .env("RETELL_API_KEY", key);
    if with_webhooks {
        // one that is free
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap().to_string();
        let url = format!("http://{here}");
        script.args(["--listen", &here, "--webhook-url", &url]);
    }
    let output = script.output().expect("python3 is there: make deps");
    let said = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(complaint, "", "{said}");
    for secret in ["2125550100", "2125550101", SMOKE_KEY] {
        assert!(!said.contains(secret), "it can be shown to others: {said}");
    }
    let lines = said.lines().map(str::to_owned).collect();
    (output.status.success(), lines, retell.ledger().len())
}

fn of<'a>(lines: &'a [String], unknown: &str) -> &'a str {
    let number = 1 + UNKNOWNS.iter().position(|it| *it == unknown).unwrap();
    let start = format!("{number}. {unknown}: ");
    let found = lines.iter().find_map(|line| line.strip_prefix(&start));
    found.unwrap_or_else(|| panic!("nothing about {unknown}: {lines:#?}"))
}

#[test]
fn the_smoke_test_makes_one_call_and_says_what_was_seen_of_each_unknown() {
    let (went_well, lines, rang) = smoke(Config::default(), SMOKE_KEY, true);
    assert!(went_well && rang == 1, "{rang} {lines:#?}");
    for unknown in UNKNOWNS {
        assert!(
            !of(&lines, unknown).contains("not seen"),
            "{unknown}: {lines:#?}"
        );
    }
    for (unknown, seen) in [
        ("429 and concurrency", "0 of 1000000 in use"),
        (
            "idempotency_key again",
            "the same body: 201, the same call_id",
        ),
        (
            "idempotency_key again",
            "another body: 201, the same call_id",
        ),
        (
            "webhook_url of a call",
            "honoured: webhooks came to override",
        ),
        ("retries of webhooks", "v fresh each time"),
        ("retries of webhooks", "4 of 4 signed by this key"),
        ("call_ended to call_analyzed", "s between the webhooks"),
        (
            "size of metadata and variables",
            "taken: 60000 bytes and 400 variables, get-call shows 60000 and 400",
        ),
        ("unknown request keys", "ignored"),
        ("BAA", "ask Retell"),
    ] {
        assert!(of(&lines, unknown).contains(seen), "{unknown}: {lines:#?}");
    }
}

#[test]
fn a_smoke_test_that_is_refused_says_how_and_makes_one_call_all_the_same() {
    let config = Config {
        reject_unknown_keys: true,
        ..Config::default()
    };
    let (went_well, lines, rang) = smoke(config, SMOKE_KEY, false);
    assert!(went_well && rang == 1, "{rang} {lines:#?}");
    assert!(of(&lines, "unknown request keys").starts_with("refused"));
    let sizes = of(&lines, "size of metadata and variables");
    assert!(sizes.contains("additional properties"), "{lines:#?}");
    for unknown in ["webhook_url of a call", "retries of webhooks"] {
        let seen = of(&lines, unknown);
        assert!(seen.contains("not seen: give --webhook-url"), "{lines:#?}");
    }
}

#[test]
fn a_smoke_test_whose_key_is_not_honored_stops_the_second_call_and_says_so() {
    let config = Config {
        idempotency_window: Duration::ZERO,
        ..Config::default()
    };
    let (went_well, lines, rang) = smoke(config, SMOKE_KEY, false);
    assert!(went_well && rang == 3, "{rang} {lines:#?}");
    let seen = of(&lines, "idempotency_key again");
    assert_eq!(
        seen.matches("ANOTHER CALL was made (stop-call answered 204)")
            .count(),
        2,
        "{lines:#?}"
    );
}

#[test]
fn a_smoke_test_with_a_wrong_key_calls_nobody() {
    let (went_well, lines, rang) = smoke(Config::default(), "key_of_another", false);
    assert!(!went_well && rang == 0, "{rang} {lines:#?}");
    let last = lines.last().unwrap();
    assert!(
        last.starts_with("not placed: 401 Invalid API Key."),
        "{lines:#?}"
    );
}
