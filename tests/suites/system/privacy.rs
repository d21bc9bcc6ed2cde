//! Names, numbers, keys and what was said never reach the server's log.

use retell_simulator::{CreateFault, Fate, Script, WebhookFault, WebhookTrouble};
use serde_json::json;
use vioc_tests::practice::{KEY, Practice};
use vioc_tests::wait::LONG;

const NAME: &str = "Xaverine Quillfeather";
const PATIENT: &str = "Balthazarina Quillfeather";
const NOTE: &str = "allergic to zinnwaldite";
const SAID: &str = "my secret is zirconium";
const SECRET: &str = "key_planted_5f3a9c_dddd";

fn digits(n: u32) -> String {
    format!("646287{:04}", 9000 + n)
}

/// A contact with everything planted, and a call to it with this fault.
fn call(practice: &Practice, tenant: i64, n: u32, change: impl FnOnce(Script) -> Script) -> i64 {
    let phone = format!("+1{}", digits(n));
    let fate = Fate::confirmed()
        .transcript(SAID)
        .summary(SAID)
        .extra("note", json!(SAID));
    practice
        .retell
        .script(change(Script::to_number(&phone).times(1).fate(fate)));
    let contact: i64 = practice.ask(
        "insert into vioc.contacts (tenant_id, name, patient_name, phone, special_instructions, appointment_time) \
         values ($1, $2, $3, $4, $5, now() + interval '2 days') returning id",
        &[&tenant, &NAME, &PATIENT, &phone, &NOTE],
    );
    practice.call(contact).id
}

#[test]
fn a_run_with_every_kind_of_error_leaves_no_personal_data_and_no_key_in_the_log() {
    let practice = Practice::builder()
        .setting("log_min_messages", "info")
        .setting("log_statement", "none")
        .setting("vioconcierge.request_timeout", "1s")
        .setting("vioconcierge.reconcile_after", "1s")
        .setting("vioconcierge.retell_api_key", SECRET)
        .open();
    let refused = practice.new_tenant("Refused", "+12125550107", None);
    let echoing = |n: u32| {
        format!(
            "request/body/to_number +1{} of {NAME} ({NOTE}) is not valid",
            digits(n)
        )
    };

    let completed = [
        call(&practice, 1, 0, |it| it),
        call(&practice, 1, 1, |it| {
            it.create(CreateFault::hang_after_creating())
        }),
        call(&practice, 1, 2, |it| {
            it.create(CreateFault::reset_before_creating())
        }),
        call(&practice, 1, 3, |it| it.create(CreateFault::malformed())),
        call(&practice, 1, 4, |it| it.webhook(WebhookFault::reorder())),
    ];
    let failed = call(&practice, 1, 5, |it| {
        it.create(CreateFault::status(400, &echoing(5)))
    });
    let forged = call(&practice, 1, 6, |it| {
        it.webhook(WebhookFault::every(WebhookTrouble::Tamper))
    });
    let in_doubt = call(&practice, 1, 7, |it| {
        it.create(CreateFault::status_after_creating(500).body(&echoing(7)))
    });
    call(&practice, refused, 8, |it| {
        it.create(CreateFault::status(
            401,
            &format!("API key {SECRET} is invalid"),
        ))
    });
    for id in completed {
        practice.wait_for_call(id, &["completed"]);
    }
    practice.wait_for_call(failed, &["failed"]);
    practice.wait_for_call(in_doubt, &["completed"]);
    practice.wait_for_call(forged, &["placed"]);
    practice.wait_for(
        "the refused key to be suspended",
        "select exists (select from vioc.credentials where suspended_at is not null)",
    );
    assert!(practice.retell.wait_until_idle(LONG));

    // The app's own mistakes, with values as parameters, as an app sends them.
    let mut app = practice.connect();
    // Also what only the extension writes: a constraint must not print it either.
    app.batch_execute("set vioc.writes_contacts = on").unwrap();
    for (sql, value) in [
        (
            "insert into vioc.contacts (tenant_id, name, phone) values (1, $1, '911') returning phone_problem",
            NAME,
        ),
        (
            "update vioc.contacts set appointment_status = $1::text where id = 1",
            NAME,
        ),
        // A value that is no time zone, and one that is no outcome, are quoted; nobody's name is a time zone.
        (
            "update vioc.contacts set time_zone = $1 where id = 1",
            "Mars/Olympus_Mons",
        ),
        (
            "update vioc.contacts set extra_variables = to_jsonb($1::text) where id = 1",
            NAME,
        ),
        ("update vioc.contacts set locale = $1 where id = 1", PATIENT),
        (
            "select vioc_set_credentials(1, $1)",
            "file:../planted_5f3a9c",
        ),
        ("select vioc_set_credentials(999, $1)", SECRET),
        ("select vioc_do_not_call(1, $1)", "not a number 6462879999"),
        ("select vioc_mark_reviewed(1, $1)", "levitated"),
        // Rows that a constraint would print, and what would print a value.
        (
            "update vioc.contacts set phone_problem = $1 where name is not null",
            NAME,
        ),
        (
            "update vioc.contacts set status = 'confirmed', requested_text = $1 where id = 1",
            NAME,
        ),
        (
            "update vioc.contacts set needs_review = null, name = $1",
            PATIENT,
        ),
        ("select vioc_grant($1, 'viewer')", "no role"),
        ("select vioc_forget_phone(1, $1)", "6462879000 or so"),
        ("select vioc_forget_contact(999, $1)", NAME),
        ("select vioc_call_report(999, $1, null, null)", "6462879000"),
        ("select vioc_ingest_outcome(to_jsonb($1::text))", NAME),
        ("select vioc_forget_phone(1, $1)", "6462879004"),
        (
            "insert into vioc.tenants (company_name, time_zone, retell_agent_number) values ('T', 'Africa/Abidjan', $1::text)",
            "6462879998",
        ),
    ] {
        let _ = app.execute(sql, &[&value]);
    }
    // Signed, and making no sense.
    for body in [
        json!({"event": "call_analyzed", "call": {"call_id": practice.retell.ledger()[0].call_id, "start_timestamp": SAID,
            "duration_ms": SAID, "call_analysis": {"call_summary": SAID, "custom_analysis_data": [SAID]}, "transcript": SAID}}),
        json!({"session_id": "00000000-0000-0000-0000-000000000000", "appointment_action": SAID, "name": NAME}),
        json!({"event": SAID, "call": {"to_number": format!("+1{}", digits(0)), "metadata": {"tenant_id": "999999999999999999999"}}}),
    ] {
        let answer = practice.webhook(body.to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    assert_eq!(
        practice
            .post(json!({"name": NAME}).to_string(), Some("v=1,d=00"))
            .status,
        401
    );
    let pid = practice.cluster.worker_pid("app");
    practice
        .cluster
        .connect("postgres")
        .execute("select pg_terminate_backend($1, 5000)", &[&pid])
        .unwrap();

    let planted = [
        NAME,
        PATIENT,
        NOTE,
        SAID,
        SECRET,
        KEY,
        "Quillfeather",
        "planted_5f3a9c",
        "646287",
    ];
    let log = practice.cluster.log();
    for secret in planted {
        let lines: Vec<_> = log.lines().filter(|line| line.contains(secret)).collect();
        assert!(lines.is_empty(), "{secret} is in the log:\n{lines:#?}");
    }
    // Nor in what is shown of errors.
    let errors: Vec<String> = practice.ask(
        "select array_agg(e) from (select error from vioc.calls union select suspend_reason from vioc.credentials \
         union select suspend_reason from vioc.tenants union select error from vioc.webhook_events) as s (e) where e is not null",
        &[],
    );
    for secret in planted {
        assert!(
            !errors.iter().any(|it| it.contains(secret)),
            "{secret}: {errors:#?}"
        );
    }
    assert!(
        errors.iter().any(|it| it.contains("HTTP 400")),
        "{errors:#?}"
    );
}

#[test]
fn auto_explain_of_every_nested_statement_shows_no_personal_data_and_no_key() {
    let practice = Practice::builder()
        .cluster(|it| it.preload("pg_cron,vioconcierge,auto_explain"))
        .setting("auto_explain.log_min_duration", 0)
        .setting("auto_explain.log_nested_statements", "on")
        .setting("auto_explain.log_triggers", "on")
        .setting("auto_explain.log_parameter_max_length", 0)
        .setting("log_error_verbosity", "terse")
        .open();
    let confirmed = call(&practice, 1, 10, |it| it);
    let unconfirmed = call(&practice, 1, 11, |it| it.create(CreateFault::malformed()));
    for id in [confirmed, unconfirmed] {
        practice.wait_for_call(id, &["completed"]);
    }
    let stopped = call(&practice, 1, 12, |it| {
        it.fate(Fate::do_not_call().transcript(SAID))
    });
    practice.wait_for_call(stopped, &["completed"]);
    let mut app = practice.connect();
    app.batch_execute(
        "create role reception; select vioc_grant('reception', 'admin', 1); set role reception; set plan_cache_mode = force_generic_plan",
    )
    .unwrap();
    let (phone, other) = (digits(10), digits(13));
    for (sql, value) in [
        ("select vioc_set_credentials(1, $1)", SECRET),
        ("select vioc_do_not_call(1, $1)", &*other),
        ("select vioc_allow_call(1, $1, 'by letter')", &*other),
        ("select vioc_call_report(1, $1, null, null)", &*phone),
        ("select vioc_forget_contact(1, $1)", NAME),
        ("select vioc_forget_phone(1, $1)", &*phone),
        ("select count(*) from vioc.contacts where name = $1", NAME),
        ("update vioc.contacts set name = $1", NAME),
    ] {
        // some find nothing
        let _ = app.execute(sql, &[&value]);
    }
    let _ = app.execute(
        "select vioc_preview_call(id), vioc_explain_contact(id) from vioc.contacts",
        &[],
    );
    practice.run("select vioc_enqueue_due(); select vioc_purge(); select vioc_doctor()");
    let log = practice.cluster.log();
    assert!(log.contains("vioc.do_not_call"), "plans are in the log");
    for secret in [NAME, PATIENT, NOTE, SAID, SECRET, "Quillfeather", "646287"] {
        let lines: Vec<_> = log.lines().filter(|line| line.contains(secret)).collect();
        assert!(lines.is_empty(), "{secret} is in the log:\n{lines:#?}");
    }
}
