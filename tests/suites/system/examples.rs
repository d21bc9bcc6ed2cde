//! `examples/app` and `examples/monitoring`, executed as they stand.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vioc_tests::practice::{APP, KEY, OWN_NUMBER, Practice, new_number};

fn example(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[track_caller]
fn install(practice: &Practice, path: &str) {
    let output = practice.cluster.psql(APP, &example(path));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{path}: {said}");
}

#[track_caller]
fn appointment(practice: &Practice, patient: &str, phone: &str) -> i64 {
    practice.ask(
        "insert into appointments (patient, phone, starts_at, what, doctor) values ($1, $2, now() + interval '3 days', 'check-up', 'Dr. Smith') returning id",
        &[&patient, &phone],
    )
}

#[test]
fn every_example_of_an_app_is_in_the_list_of_its_readme() {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/app");
    let readme = example("app/README.md");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "README.md" || readme.contains(&format!("[{name}]({name})")),
            "{name}"
        );
    }
}

#[test]
fn an_app_keeps_contacts_in_step_calls_and_reads_outcomes() {
    let practice = Practice::open();
    install(&practice, "app/appointments.sql");
    let number = new_number();
    let before = appointment(&practice, "Ann Lee", &number);
    install(&practice, "app/keep_in_step.sql");
    install(&practice, "app/read_outcomes.sql");
    install(&practice, "app/call_now.sql");
    let names = "select count(*) from vioc.contacts where name = $1 and phone_e164 = $2";
    assert_eq!(
        practice.ask::<i64>(names, &[&"Ann Lee", &number]),
        1,
        "what was there is brought over"
    );

    // moved, cancelled, deleted in the app
    let other = appointment(&practice, "Bob Ray", &new_number());
    practice.run(&format!("update appointments set patient = 'Bob Roy', starts_at = starts_at + interval '1 day' where id = {other}"));
    practice.run(&format!(
        "update appointments set state = 'cancelled' where id = {other}"
    ));
    let status: String = practice.ask(
        "select status::text from vioc.contacts where name = 'Bob Roy'",
        &[],
    );
    assert_eq!(status, "cancelled");
    // a word that the example does not know calls nobody, and no write fails by it
    practice.run("alter table appointments drop constraint appointments_state_check");
    for (state, status) in [("'booked'", "scheduled"), ("'postponed'", "cancelled")] {
        practice.run(&format!(
            "update appointments set state = {state} where id = {other}"
        ));
        let now: String = practice.ask(
            "select status::text from vioc.contacts where name = 'Bob Roy'",
            &[],
        );
        assert_eq!(now, status, "{state}");
    }
    practice.run(&format!("delete from appointments where id = {other}"));
    assert_eq!(
        practice.ask::<i64>("select count(*) from vioc.contacts", &[]),
        1
    );

    // the button
    let call: i64 = practice.ask("select call_patient($1)", &[&before]);
    practice.wait_for_call(call, &["completed"]);
    for function in ["call_patient", "why_not"] {
        let sql = format!("select {function}(0)");
        let error = practice.connect().query(&sql, &[]).unwrap_err();
        let code = error.code().map(|it| it.code().to_owned());
        assert_eq!(code.as_deref(), Some("PT404"), "no such appointment");
    }
    practice.wait_for(
        "the app to read it",
        "select read_outcomes() >= 0 and exists (select from appointments where called = 'confirmed' and state = 'confirmed')",
    );
    practice.wait_for(
        "the feed to be read to its end",
        "select read_outcomes() = 0",
    );
    assert_eq!(
        practice.contact_status(practice.ask("select id from vioc.contacts", &[])),
        "confirmed"
    );

    // moved: what was confirmed is the old time, and its person is called about the new one
    practice.run(
        "set timezone = 'UTC'; update appointments set starts_at = starts_at + interval '2 days'",
    );
    let planned = "select a.state = 'booked' and c.status = 'scheduled' and c.next_call_at > now() \
         and c.appointment_time = a.starts_at from appointments as a, vioc.contacts as c";
    assert!(practice.ask::<bool>(planned, &[]));
    practice.wait_for(
        "the app to read that",
        "select read_outcomes() >= 0 and exists (select from appointments where called = 'scheduled' and state = 'booked')",
    );
    // a confirmation of another time than the app has by now is not taken over
    practice.run(
        "alter table appointments disable trigger user; update appointments set starts_at = starts_at + interval '1 day'; \
         alter table appointments enable trigger user; \
         set local vioc.writes_contacts = on; update vioc.contacts set status = 'confirmed', next_call_at = null, requested_time = '2031-01-19 14:00+00'",
    );
    practice.wait_for(
        "the app to have read it",
        "select read_outcomes() >= 0 and exists (select from appointments where wants is not null)",
    );
    let read: String = practice.ask("select state || ' ' || wants from appointments", &[]);
    assert_eq!(read, "booked 2031-01-19 09:00", "by the practice's clock");

    practice.run("select vioc_pause(1, 'lunch')");
    let why: String = practice.ask("select why_not($1)", &[&before]);
    assert!(why.contains("pause"), "{why}");
}

/// `Practice` has made the roles once.
#[test]
fn the_roles_made_again_leave_the_front_desk_the_tenants_that_it_was_left() {
    let practice = Practice::open();
    practice
        .run("select vioc_grant('frontdesk', 'operator', 1), vioc_revoke('frontdesk', 'operator')");
    install(&practice, "postgrest/roles.sql");
    let tenants: Vec<Option<i64>> = practice.ask(
        "select array_agg(tenant_id) from vioc.access where role_name = 'frontdesk'",
        &[],
    );
    assert_eq!(tenants, [Some(1)]);
    practice.run("select vioc_revoke('frontdesk', 'operator', 1)");
    install(&practice, "postgrest/roles.sql");
    assert_eq!(
        practice.ask::<i64>(
            "select count(*) from vioc.access where role_name = 'frontdesk' and tenant_id is null",
            &[]
        ),
        1,
        "a front desk without access is given all tenants, as at first"
    );
}

#[test]
fn an_app_that_imports_brings_contacts_into_step_by_merge() {
    let practice = Practice::open();
    install(&practice, "app/appointments.sql");
    let (kept, gone) = (
        appointment(&practice, "Ann Lee", &new_number()),
        appointment(&practice, "Bob Ray", &new_number()),
    );
    install(&practice, "app/keep_in_step_by_merge.sql");
    assert_eq!(
        practice.ask::<i64>("select count(*) from vioc.contacts", &[]),
        2
    );
    practice.run(&format!("delete from appointments where id = {gone}; update appointments set doctor = 'Dr. Who' where id = {kept}"));
    let untouched = "select xmin::text from vioc.contacts where name = 'Ann Lee'";
    practice.run("call bring_into_step()");
    let contacts: Vec<String> =
        practice.ask("select array_agg(owner_name) from vioc.contacts", &[]);
    assert_eq!(contacts, ["Dr. Who"]);
    let before: String = practice.ask(untouched, &[]);
    practice.run("call bring_into_step()");
    assert_eq!(
        practice.ask::<String>(untouched, &[]),
        before,
        "what is in step is not written"
    );
}

#[test]
fn an_agent_knows_who_rings_the_practice() {
    let practice = Practice::open();
    install(&practice, "app/caller_known.sql");
    let number = new_number();
    practice.contact(&number);
    let question = json!({"event": "call_inbound", "call_inbound": {"from_number": number, "to_number": OWN_NUMBER, "agent_id": "agent_1"}});
    let answer = practice.webhook(question.to_string());
    assert_eq!(answer.status, 200);
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    let told = &answer["call_inbound"]["dynamic_variables"];
    assert_eq!(told["customer_name"], "Maria Jones");
    let shown: Value = practice.ask("select who_rings($1)", &[&number]);
    assert_eq!(&shown, told);

    let unknown = json!({"event": "call_inbound", "call_inbound": {"from_number": new_number(), "to_number": OWN_NUMBER, "agent_id": "agent_1"}});
    let answer: Value =
        serde_json::from_slice(&practice.webhook(unknown.to_string()).body).unwrap();
    let told = &answer["call_inbound"]["dynamic_variables"];
    assert_eq!(
        (
            told["customer_name"].as_str(),
            told.as_object().map(serde_json::Map::len)
        ),
        (Some(""), Some(8))
    );
    assert!(!KEY.is_empty());
}

/// The queries of a dashboard, Grafana's macros replaced as Grafana does it.
fn dashboard_queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&example("monitoring/grafana.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().clone();
    let targets = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap().clone());
    targets
        .map(|target| {
            let sql = target["rawSql"].as_str().unwrap().to_owned();
            sql.replace(
                "$__timeFilter(c.queued_at)",
                "c.queued_at between now() - interval '6 hours' and now()",
            )
        })
        .collect()
}

#[test]
fn an_app_outlives_the_extension() {
    let practice = Practice::open();
    for file in [
        "appointments",
        "keep_in_step",
        "keep_in_step_by_merge",
        "read_outcomes",
        "call_now",
        "caller_known",
    ] {
        install(&practice, &format!("app/{file}.sql"));
    }
    let patient = appointment(&practice, "Ann Lee", &new_number());
    let readme = example("app/README.md");
    let before = readme.split("```sql").nth(1).unwrap();
    practice.run(before.split("```").next().unwrap());
    practice.run("drop extension vioconcierge");
    practice.run(&format!(
        "update appointments set starts_at = starts_at + interval '1 day' where id = {patient}"
    ));
}

#[test]
fn what_monitoring_asks_is_answered_to_a_role_that_may_only_look() {
    let practice = Practice::open();
    let readme = example("monitoring/README.md");
    let setup = readme
        .split("```")
        .nth(1)
        .unwrap()
        .trim_start_matches("sql");
    practice.run(setup);
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    practice.wait_for("the feed", "select exists (select from vioc.events)");

    let exporter = example("monitoring/postgres_exporter.yml");
    let query: String = exporter
        .lines()
        .skip_while(|line| !line.contains("query: |"))
        .skip(1)
        .take_while(|line| line.starts_with("    "))
        .collect::<Vec<_>>()
        .join("\n");
    let mut monitor = practice.cluster.connect_as(APP, "monitor");
    let rows = monitor.query(query.as_str(), &[]).unwrap();
    let columns: Vec<_> = rows[0]
        .columns()
        .iter()
        .map(|it| it.name().to_owned())
        .collect();
    for column in &columns {
        assert!(exporter.contains(&format!("- {column}:")), "{column}");
    }
    let named: Vec<String> = rows.iter().map(|row| row.get("name")).collect();
    for wanted in [
        "worker_up",
        "calls_due",
        "worker_posted_total",
        "events_position",
    ] {
        assert!(
            named.iter().any(|name| name == wanted),
            "{wanted} in {named:?}"
        );
    }

    let queries = dashboard_queries();
    assert!(queries.len() > 10);
    for sql in queries
        .iter()
        .chain([&example("monitoring/vioc_doctor.sql")])
    {
        assert!(!sql.contains("$__"), "{sql}");
        monitor
            .query(sql.as_str(), &[])
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
}
