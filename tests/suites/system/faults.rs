//! What goes wrong between here and Retell, and that one call is one dial all the same.

use std::time::{Duration, Instant};

use retell_simulator::{ApiKey, CreateFault, Fate, RequestLog, Script, WebhookFault};
use vioc_tests::cluster::new_directory;
use vioc_tests::practice::{Builder, KEY, Practice, Queued, call_contact, new_number};
use vioc_tests::wait::LONG;

/// Quick to give up on an answer, and to believe that Retell never got a request.
fn impatient() -> Builder {
    Practice::builder()
        .setting("vioconcierge.request_timeout", "1s")
        .setting("vioconcierge.connect_timeout", "1s")
        .setting("vioconcierge.reconcile_after", "1s")
}

/// A call whose first create goes wrong.
fn faulty_call(
    practice: &Practice,
    script: impl FnOnce(Script) -> Script,
    fault: CreateFault,
) -> Queued {
    let phone = new_number();
    let when = Script::to_number(&phone);
    practice.retell.script(script(when).times(1).create(fault));
    practice.call_number(&phone)
}

fn creates_of(practice: &Practice, call: &Queued) -> Vec<RequestLog> {
    let mut creates = practice.creates();
    creates.retain(|it| it.json()["idempotency_key"] == call.session_id.as_str());
    creates
}

/// Faults after which a phone rings although no answer says so.
fn faults_that_dial() -> Vec<(&'static str, CreateFault)> {
    vec![
        ("hang", CreateFault::hang_after_creating()),
        ("reset", CreateFault::reset_after_creating()),
        ("500", CreateFault::status_after_creating(500)),
        ("502", CreateFault::status_after_creating(502)),
        ("503", CreateFault::status_after_creating(503)),
        ("no body", CreateFault::empty_body()),
        ("no call_id", CreateFault::without_call_id()),
        ("malformed", CreateFault::malformed()),
        ("huge", CreateFault::huge(20 << 20)),
        ("endless", CreateFault::endless()),
        ("a page", CreateFault::wrong_content_type()),
        ("half", CreateFault::close_mid_body()),
    ]
}

/// Faults after which no phone rings although no answer says so.
fn faults_that_may_have_dialled() -> Vec<(&'static str, CreateFault)> {
    vec![
        ("hang", CreateFault::hang_before_creating()),
        ("reset", CreateFault::reset_before_creating()),
        ("500", CreateFault::status(500, "")),
        ("502", CreateFault::status(502, "")),
        ("503", CreateFault::status(503, "")),
        ("409", CreateFault::status(409, "")),
    ]
}

#[test]
fn a_call_that_retell_made_without_saying_so_is_found_and_not_dialled_again() {
    let practice = impatient().open();
    // No webhooks: the look-ups alone must find the call and its end.
    let calls: Vec<_> = faults_that_dial()
        .into_iter()
        .map(|(name, fault)| {
            (
                name,
                faulty_call(&practice, |it| it.webhook(WebhookFault::never()), fault),
            )
        })
        .collect();
    for (name, call) in &calls {
        practice.wait_for_call(call.id, &["unconfirmed"]);
        assert!(creates_of(&practice, call).len() == 1, "{name}");
    }
    for (name, call) in &calls {
        practice.wait_for_call(call.id, &["completed"]);
        assert_eq!(
            practice.outcome(call.id).as_deref(),
            Some("confirmed"),
            "{name}"
        );
        assert_eq!(practice.dials(call), 1, "{name}");
        assert_eq!(
            creates_of(&practice, call).len(),
            1,
            "{name}: it was not to be sent again"
        );
    }
}

#[test]
fn a_webhook_settles_a_call_whose_answer_was_lost() {
    let practice = impatient().open();
    let calls: Vec<_> = faults_that_dial()
        .into_iter()
        .map(|(name, fault)| (name, faulty_call(&practice, |it| it, fault)))
        .collect();
    for (name, call) in &calls {
        practice.wait_for_call(call.id, &["completed"]);
        assert_eq!(
            practice.outcome(call.id).as_deref(),
            Some("confirmed"),
            "{name}"
        );
    }
    // The barrier: whatever would be looked up or sent again has been.
    let later = practice.call_number(&new_number());
    practice.wait_for_call(later.id, &["completed"]);
    for (name, call) in &calls {
        assert_eq!(practice.dials(call), 1, "{name}");
        assert_eq!(creates_of(&practice, call).len(), 1, "{name}");
    }
}

#[test]
fn a_call_that_retell_never_got_is_sent_again_with_the_same_bytes_and_dials_once() {
    let practice = impatient().open();
    let calls: Vec<_> = faults_that_may_have_dialled()
        .into_iter()
        .map(|(name, fault)| (name, faulty_call(&practice, |it| it, fault)))
        .collect();
    // What changes meanwhile must not change the bytes.
    for (_, call) in &calls {
        practice.wait_for_call(call.id, &["unconfirmed"]);
    }
    practice.run("update vioc.contacts set name = 'Another Name'");
    for (name, call) in &calls {
        practice.wait_for_call(call.id, &["completed"]);
        let creates = creates_of(&practice, call);
        assert_eq!(creates.len(), 2, "{name}");
        assert_eq!(creates[0].body, creates[1].body, "{name}");
        let apart = creates[1].started - creates[0].started;
        assert!(
            apart >= 1.0,
            "{name}: sent again after {apart} s, before reconcile_after"
        );
        assert_eq!(practice.dials(call), 1, "{name}");
    }
    let asked = practice
        .retell
        .requests()
        .into_iter()
        .filter(|it| it.path == "/v3/list-calls");
    assert!(
        asked.count() >= calls.len(),
        "each was to be looked up before"
    );
}

#[test]
fn a_request_refused_before_it_was_read_is_dialled_once() {
    let practice = impatient().open();
    practice
        .retell
        .script(Script::next(1).create(CreateFault::reset_before_reading()));
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.dials(&call), 1);
}

#[test]
fn a_call_that_appears_late_is_dialled_once() {
    let practice = impatient().open();
    // Before the first look-up, and after it: then only the key keeps the phone from ringing twice.
    let calls: Vec<_> = [3, 8]
        .into_iter()
        .map(|late| {
            faulty_call(
                &practice,
                |it| it,
                CreateFault::create_late(Duration::from_secs(late)),
            )
        })
        .collect();
    for call in &calls {
        practice.wait_for_call(call.id, &["completed"]);
    }
    assert_eq!(creates_of(&practice, &calls[0]).len(), 1);
    assert!(practice.retell.wait_until_idle(LONG));
    for call in &calls {
        assert_eq!(practice.dials(call), 1);
    }
}

#[test]
fn nothing_is_sent_again_before_reconcile_after_is_over() {
    let practice = impatient()
        .setting("vioconcierge.reconcile_after", "9s")
        .open();
    let call = faulty_call(&practice, |it| it, CreateFault::reset_before_creating());
    practice.wait_for_call(call.id, &["completed"]);
    let creates = creates_of(&practice, &call);
    assert_eq!(creates.len(), 2);
    let apart = creates[1].started - creates[0].started;
    assert!(apart >= 9.0, "sent again after {apart} s");
    assert_eq!(practice.dials(&call), 1);
}

#[test]
fn retry_after_is_honoured_for_the_whole_credential() {
    let practice = Practice::open();
    let call = faulty_call(&practice, |it| it, CreateFault::throttled(Some("2")));
    practice.wait_for(
        "the credential to be throttled",
        "select bool_or(throttled_until > now()) from vioc.credentials",
    );
    let other = practice.call_number(&new_number());
    for call in [&call, &other] {
        practice.wait_for_call(call.id, &["completed"]);
        assert_eq!(practice.dials(call), 1);
    }
    let creates = practice.creates();
    assert_eq!(creates.len(), 3);
    for later in &creates[1..] {
        let apart = later.started - creates[0].started;
        assert!(apart >= 2.0, "sent after {apart} s");
    }
    let attempts: Vec<i32> = practice.ask("select array_agg(attempts) from vioc.contacts", &[]);
    assert_eq!(attempts, [1, 1], "a throttled create is no attempt");
}

#[test]
fn a_refused_key_suspends_its_credential_and_slows_nobody_else() {
    for (status, message) in [(401, ""), (402, "")] {
        let practice = Practice::open();
        let other = practice.new_tenant("Other", "+12125550101", Some("key_of_the_other_bbbb"));
        practice.retell.script(
            Script::any()
                .with_key(KEY)
                .create(CreateFault::status(status, message)),
        );
        let refused = practice.call_number(&new_number());
        let waiting = practice.contact(&new_number());
        practice.wait_for(
            "the credential to be suspended",
            "select count(*) = 1 from vioc.credentials where suspended_at is not null and suspend_reason <> ''",
        );
        let error = practice
            .connect()
            .query_one("select vioc_call_contact($1)", &[&waiting])
            .unwrap_err();
        assert!(crate::told(&error).starts_with("VC001"), "{error:?}");

        let contact = practice.contact_of(other, &new_number());
        let call = practice.call(contact);
        practice.wait_for_call(call.id, &["completed"]);
        assert_eq!(practice.call_status(refused.id), "queued");
        assert_eq!(
            creates_of(&practice, &refused).len(),
            1,
            "one refusal is enough"
        );

        practice.retell.clear_scripts();
        practice.run(&format!("select vioc_resume({})", practice.tenant));
        practice.wait_for_call(refused.id, &["completed"]);
        assert_eq!(practice.dials(&refused), 1);
    }
}

#[test]
fn a_concurrency_limit_of_retells_is_throttling_and_everybody_is_called_in_the_end() {
    let practice = Practice::builder()
        .retell(|it| {
            it.concurrency_limit = Some(2);
            it.timing.talk = Duration::from_secs(2);
        })
        .open();
    practice.run("update vioc.credentials set max_starts_per_second = 1000");
    let contacts: Vec<i64> = (0..4).map(|_| practice.contact(&new_number())).collect();
    // at once: the worker knows of no limit yet
    let mut client = practice.connect();
    let mut transaction = client.transaction().unwrap();
    let calls: Vec<_> = contacts
        .iter()
        .map(|contact| call_contact(&mut transaction, *contact))
        .collect();
    transaction.commit().unwrap();
    for call in &calls {
        practice.wait_for_call(call.id, &["completed"]);
        assert_eq!(practice.dials(call), 1);
    }
    let refused = practice.creates().iter().any(|it| it.status == Some(429));
    assert!(
        refused,
        "Retell has throttled one: {:?}",
        practice.creates()
    );
}

#[test]
fn a_hanging_retell_does_not_hold_up_the_other_calls() {
    let practice = Practice::open(); // request_timeout 120 s
    let stuck = faulty_call(&practice, |it| it, CreateFault::hang_before_creating());
    practice.wait_for_creates(1);
    let began = Instant::now();
    let other = practice.call_number(&new_number());
    practice.wait_for_call(other.id, &["completed"]);
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(practice.call_status(stuck.id), "dispatching");
}

#[test]
fn webhooks_that_never_come_lose_no_outcome() {
    let practice = Practice::open();
    let phone = new_number();
    practice.retell.script(
        Script::to_number(&phone)
            .fate(Fate::cancelled())
            .webhook(WebhookFault::never()),
    );
    let contact = practice.contact(&phone);
    let call = practice.call(contact);
    practice.wait_for_call(call.id, &["placed"]);
    assert!(practice.retell.wait_until_idle(LONG));
    // The first get-call is ten minutes after the placing: as if they were over.
    practice.run("update vioc.calls set look_up_at = now() where status = 'placed'");
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.contact_status(contact), "cancelled");
}

/// Each call has the id of its own dial, and nobody another's outcome.
fn assert_each_has_its_own(practice: &Practice, calls: &[Queued]) {
    practice.wait_for(
        "all calls to be known",
        "select not exists (select from vioc.calls where retell_call_id is null)",
    );
    let dials = practice.retell.ledger();
    for call in calls {
        let own: Vec<_> = dials
            .iter()
            .filter(|it| it.session_id == call.session_id)
            .map(|it| it.call_id.clone())
            .collect();
        let known: Option<String> = practice.ask(
            "select retell_call_id from vioc.calls where id = $1",
            &[&call.id],
        );
        assert_eq!(own, [known.unwrap_or_default()]);
    }
}

/// Half of these people cancel and half confirm; so many requests of theirs meet the fault.
fn mixed_up(fault: &CreateFault, meeting_it: u32) {
    let practice = impatient()
        .setting("vioconcierge.max_in_flight", "4")
        .retell(|it| it.deliver_webhooks = false)
        .open();
    practice
        .retell
        .script(Script::next(meeting_it).create(fault.clone()));
    let calls: Vec<_> = (0..40)
        .map(|n| {
            let phone = new_number();
            let fate = Fate::named(["confirmed", "cancelled"][n % 2]).unwrap();
            practice.retell.script(Script::to_number(&phone).fate(fate));
            practice.call_number(&phone)
        })
        .collect();
    assert_each_has_its_own(&practice, &calls);
    assert!(practice.retell.wait_until_idle(LONG));
    // what get-call says reaches the contact it was said to
    practice.run("update vioc.calls set look_up_at = now() where status in ('placed', 'ongoing')");
    for (n, call) in calls.iter().enumerate() {
        practice.wait_for_call(call.id, &["completed"]);
        let said = ["confirmed", "cancelled"][n % 2];
        assert_eq!(practice.outcome(call.id).as_deref(), Some(said));
    }
    assert!(calls.iter().all(|call| practice.dials(call) == 1));
}

#[test]
fn an_answer_that_comes_twice_is_taken_for_no_other_call() {
    mixed_up(&CreateFault::answered_twice(), 20);
}

#[test]
fn swapped_answers_are_taken_for_no_other_call() {
    mixed_up(&CreateFault::swapped(), 8);
}

#[test]
fn a_call_in_doubt_is_not_sent_again_with_the_key_that_a_file_holds_now() {
    const OTHER_KEY: &str = "key_of_workspace_two_bbbb";
    let secrets = new_directory(false).join("secrets");
    std::fs::create_dir_all(&secrets).unwrap();
    let file = secrets.join("retell.key");
    std::fs::write(&file, KEY).unwrap();
    let practice = impatient()
        .setting("vioconcierge.secrets_dir", secrets.display())
        .retell(|it| it.api_keys = vec![ApiKey::new(KEY), ApiKey::new(OTHER_KEY)])
        .open();
    practice.run("select vioc_set_credentials(1, 'file:retell.key'); delete from vioc.credential_keys where valid_until is not null");
    let call = faulty_call(&practice, |it| it, CreateFault::hang_before_creating());
    practice.wait_for_call(call.id, &["unconfirmed"]);

    std::fs::write(&file, OTHER_KEY).unwrap();
    let asked_with = |suffix: &str| {
        let asked = practice.retell.wait_for(
            |now| {
                now.requests()
                    .iter()
                    .any(|it| it.path == "/v3/list-calls" && it.key_suffix == suffix)
            },
            LONG,
        );
        assert!(asked, "not asked with the key that ends {suffix}");
    };
    asked_with("bbbb");
    let other = practice.call_number(&new_number());
    practice.wait_for_call(other.id, &["placed", "ongoing", "ended", "completed"]);
    assert_eq!(practice.call_status(call.id), "unconfirmed");
    assert_eq!(creates_of(&practice, &call).len(), 1);

    // its own workspace does not have it: there it is safe to be sent again
    std::fs::write(&file, KEY).unwrap();
    practice.run("update vioc.calls set look_up_at = now() where status = 'unconfirmed'");
    practice.wait_for_call(call.id, &["placed", "ongoing", "ended", "completed"]);
    let keys: Vec<_> = creates_of(&practice, &call)
        .into_iter()
        .map(|it| it.key_suffix)
        .collect();
    assert_eq!(keys, ["aaaa", "aaaa"]);
    assert_eq!(practice.dials(&call), 1);
}
