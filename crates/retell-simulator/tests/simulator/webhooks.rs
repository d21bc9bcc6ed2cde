//! Deliveries: what is signed, what is repeated, what goes wrong as told.

use std::collections::BTreeMap;
use std::time::Duration;

use retell_simulator::{
    ApiKey, Config, Fate, Script, Simulator, Timing, WebhookFault, WebhookTrouble, signature,
};
use serde_json::json;

use crate::support::*;

fn config(receiver: &Receiver) -> Config {
    Config {
        timing: Timing::INSTANT,
        default_webhook_url: Some(receiver.url.clone()),
        webhook_retry_spacing: Duration::from_millis(1),
        ..Config::default()
    }
}

fn run(retell: &Simulator) {
    call(retell, &order("s1"));
    settle(retell);
}

/// The messages of one call with those faults.
fn with_faults(faults: impl IntoIterator<Item = WebhookFault>) -> Vec<Message> {
    let receiver = Receiver::start();
    let retell = start(config(&receiver));
    let script = faults.into_iter().fold(Script::any(), Script::webhook);
    retell.script(script);
    run(&retell);
    receiver.all()
}

fn events(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|it| it.text("event")).collect()
}

fn stamp(message: &Message) -> i64 {
    let header = message
        .header("x-retell-signature")
        .expect("a signature of now");
    header[2..]
        .split(',')
        .next()
        .expect("a signature of now")
        .parse()
        .expect("a signature of now")
}

fn verifies(message: &Message, key: &str) -> bool {
    let expected = signature(key, message.body.as_bytes(), stamp(message));
    message.header("x-retell-signature") == Some(&expected)
}

fn now_ms() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().expect("a signature of now");
    i64::try_from(since.as_millis()).expect("a signature of now")
}

#[test]
fn events_come_in_order_signed_with_the_key_of_the_call() {
    let messages = with_faults([]);
    assert_eq!(
        events(&messages),
        ["call_started", "call_ended", "call_analyzed"]
    );
    for message in &messages {
        assert!(message.first_line.starts_with("POST /hook HTTP/1.1"));
        assert_eq!(message.header("user-agent"), Some("axios/1.15.2"));
        assert_eq!(message.header("content-type"), Some("application/json"));
        assert!(message.body.starts_with(r#"{"event":"call_"#));
        assert!(message.body.contains("José") && !message.body.contains("\": "));
        assert!(verifies(message, KEY));
        assert!((now_ms() - stamp(message)).abs() < 300_000);
    }
    assert_eq!(messages[0].json()["call"]["call_status"], "ongoing");
    assert_eq!(messages[1].json()["call"]["call_status"], "ended");
}

#[test]
fn a_workspace_signs_with_its_webhook_key() {
    let receiver = Receiver::start();
    let api_keys = vec![ApiKey::new(KEY).webhook_key("key_badge")];
    let retell = start(Config {
        api_keys,
        ..config(&receiver)
    });
    run(&retell);
    assert!(receiver.all().iter().all(|it| verifies(it, "key_badge")));
}

#[test]
fn non_ascii_text_can_be_escaped() {
    let receiver = Receiver::start();
    let retell = start(Config {
        escape_non_ascii: true,
        ..config(&receiver)
    });
    retell.script(Script::any().fate(Fate::confirmed().summary("📞")));
    run(&retell);
    let messages = receiver.all();
    assert!(
        messages
            .iter()
            .all(|it| it.body.is_ascii() && verifies(it, KEY))
    );
    assert!(messages[2].body.contains(r"\ud83d\udcde"));
    assert_eq!(
        messages[2].json()["call"]["call_analysis"]["call_summary"],
        "📞"
    );
}

#[test]
fn the_agents_url_wins_and_variables_in_it_are_filled_in() {
    let (account, agent) = (Receiver::start(), Receiver::start());
    let retell = start(config(&account));
    let url = format!("{}/{{{{customer_name}}}}?x={{{{none}}}}", agent.url);
    let own = with(
        order("s1"),
        "agent_override",
        json!({"agent": {"webhook_url": url}}),
    );
    call(&retell, &own);
    settle(&retell);
    assert!(account.all().is_empty());
    let messages = agent.all();
    assert!(
        messages[0]
            .first_line
            .starts_with("POST /hook/Jos%C3%A9?x={{none}} HTTP")
    );
}

#[test]
fn only_subscribed_events_are_sent() {
    let receiver = Receiver::start();
    let retell = start(config(&receiver));
    let agent = json!({"agent": {"webhook_events": ["call_ended"]}});
    call(&retell, &with(order("s1"), "agent_override", agent));
    settle(&retell);
    assert_eq!(receiver.events(), ["call_ended"]);
}

#[test]
fn a_refused_webhook_is_sent_up_to_three_times_more() {
    let receiver = Receiver::start().answering(&[500, 302, 404, 503]);
    let retell = start(config(&receiver));
    retell.script(Script::any().fate(Fate::no_answer().without_analysis()));
    run(&retell);
    let messages = receiver.all();
    assert_eq!(events(&messages), ["call_ended"; 4]);
    assert!(messages.iter().all(|it| verifies(it, KEY)));
    let statuses: Vec<_> = retell.deliveries().iter().map(|it| it.status).collect();
    assert_eq!(statuses, [Some(500), Some(302), Some(404), Some(503)]);
}

#[test]
fn a_webhook_is_sent_again_after_a_timeout_and_then_no_more() {
    let receiver = Receiver::start().answering(&[0]);
    let retell = start(config(&receiver));
    retell.script(Script::any().fate(Fate::no_answer().without_analysis()));
    let agent = json!({"agent": {"webhook_timeout_ms": 50}});
    call(&retell, &with(order("s1"), "agent_override", agent));
    settle(&retell);
    let deliveries = retell.deliveries();
    let results: Vec<_> = deliveries
        .iter()
        .map(|it| (it.attempt, it.status))
        .collect();
    assert_eq!(results, [(1, None), (2, Some(204))]);
    assert_eq!(deliveries[0].error.as_deref(), Some("timeout"));
}

#[test]
fn nothing_is_sent_beyond_this_machine() {
    for url in ["http://192.0.2.1/hook", "https://127.0.0.1/hook"] {
        let default_webhook_url = Some(url.to_owned());
        let retell = start(Config {
            default_webhook_url,
            webhook_retries: 0,
            timing: Timing::INSTANT,
            ..Config::default()
        });
        run(&retell);
        let deliveries = retell.deliveries();
        assert_eq!(deliveries.len(), 3);
        assert!(
            deliveries
                .iter()
                .all(|it| it.error.as_ref().is_some_and(|it| it.contains("only")))
        );
    }
}

#[test]
fn webhooks_can_be_switched_off() {
    let receiver = Receiver::start();
    let retell = start(Config {
        deliver_webhooks: false,
        ..config(&receiver)
    });
    run(&retell);
    assert!(receiver.all().is_empty() && retell.deliveries().is_empty());
}

#[test]
fn an_event_can_be_dropped_and_so_can_all() {
    let messages = with_faults([WebhookFault::on("call_ended", WebhookTrouble::Drop)]);
    assert_eq!(events(&messages), ["call_started", "call_analyzed"]);
    assert!(with_faults([WebhookFault::never()]).is_empty());
}

#[test]
fn an_event_can_come_several_times() {
    let duplicate = WebhookTrouble::Duplicate { copies: 3 };
    let messages = with_faults([WebhookFault::on("call_ended", duplicate)]);
    let mut counts = BTreeMap::new();
    events(&messages)
        .into_iter()
        .for_each(|it| *counts.entry(it).or_insert(0) += 1);
    assert_eq!(counts["call_ended"], 4);
    assert_eq!((counts["call_started"], counts["call_analyzed"]), (1, 1));
}

#[test]
fn a_delayed_event_lets_the_later_ones_pass() {
    let by = Duration::from_millis(300);
    let messages = with_faults([WebhookFault::on(
        "call_started",
        WebhookTrouble::Delay { by },
    )]);
    assert_eq!(
        events(&messages),
        ["call_ended", "call_analyzed", "call_started"]
    );
}

#[test]
fn events_can_come_in_reverse() {
    let messages = with_faults([WebhookFault::reorder()]);
    assert_eq!(
        events(&messages),
        ["call_analyzed", "call_ended", "call_started"]
    );
}

#[test]
fn a_tampered_body_is_json_and_does_not_verify() {
    for message in with_faults([WebhookFault::every(WebhookTrouble::Tamper)]) {
        assert_eq!(message.json()["tampered"], true);
        assert!(!verifies(&message, KEY));
    }
}

#[test]
fn a_stale_signature_is_right_but_for_its_age() {
    for message in with_faults([WebhookFault::stale()]) {
        assert!(verifies(&message, KEY));
        assert!(now_ms() - stamp(&message) > 300_000);
    }
    let future = WebhookFault::every(WebhookTrouble::Stale { ms: -400_000 });
    assert!(
        with_faults([future])
            .iter()
            .all(|it| stamp(it) - now_ms() > 300_000)
    );
}

#[test]
fn signatures_can_be_foreign_missing_or_in_capitals() {
    let every = |trouble| with_faults([WebhookFault::every(trouble)]);
    assert!(
        every(WebhookTrouble::WrongKey)
            .iter()
            .all(|it| !verifies(it, KEY))
    );
    let unsigned = every(WebhookTrouble::NoSignature);
    assert!(
        unsigned
            .iter()
            .all(|it| it.header("x-retell-signature").is_none())
    );
    for message in every(WebhookTrouble::UpperCaseDigest) {
        let header = message.header("x-retell-signature").unwrap();
        let expected = signature(KEY, message.body.as_bytes(), stamp(&message));
        assert!(header != expected && header.eq_ignore_ascii_case(&expected));
    }
}

#[test]
fn an_event_that_nobody_knows_can_come_first() {
    let messages = with_faults([WebhookFault::on(
        "call_started",
        WebhookTrouble::UnknownEventFirst,
    )]);
    assert_eq!(events(&messages)[..2], ["call_levitated", "call_started"]);
    assert!(verifies(&messages[0], KEY));
}
