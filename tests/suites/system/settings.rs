//! Settings that cannot be used close the way out, however they come: by ALTER SYSTEM, by a file at a reload, by a file at the
//! server's start. In time they are mended, and calls go on by themselves.

use std::fs;
use std::path::PathBuf;

use vioc_tests::cluster::{Stop, new_directory};
use vioc_tests::practice::{APP, Practice, new_number};

/// Setting, a bad value, a good one; the destination, the way to it, a file, hours, a switch.
fn deciding(practice: &Practice) -> [(&'static str, &'static str, String); 5] {
    let directory = new_directory(false);
    fs::create_dir_all(&directory).unwrap();
    [
        ("api_base_url", "127.0.0.1:9000", practice.retell.url()),
        // http to this machine is not sent through it
        (
            "https_proxy",
            "desk:key_planted@closed.example.com:3128",
            "http://desk:key_planted@127.0.0.1:9".to_owned(),
        ),
        (
            "secrets_dir",
            "/no/such/directory",
            directory.display().to_string(),
        ),
        ("legal_hours", "8-24", "00:00-24:00".to_owned()),
        ("simulate", "perhaps", "off".to_owned()),
    ]
}

fn file(practice: &Practice) -> PathBuf {
    practice.cluster.data_dir().join("postgresql.auto.conf")
}

/// As an editor does; ALTER SYSTEM would refuse it.
fn write(practice: &Practice, name: &str, value: &str) {
    let path = file(practice);
    let name = format!("vioconcierge.{name}");
    let text = fs::read_to_string(&path).unwrap();
    let others = text.lines().filter(|it| !it.starts_with(&name));
    let mut lines: Vec<String> = others.map(str::to_owned).collect();
    lines.push(format!("{name} = '{value}'\n"));
    fs::write(&path, lines.join("\n")).unwrap();
}

#[track_caller]
fn is_stopped_because_of(practice: &Practice, name: &str) {
    practice.wait_for(
        &format!("the worker to stop because of {name}"),
        &format!("select state = 'stopped' and settings_error ~ '^vioconcierge.{name}' from vioc.worker_status"),
    );
    let found: Vec<String> = practice.ask(
        "select array_agg(detail || coalesce(hint, '')) from vioc_doctor() where check_name = 'settings' and not ok",
        &[],
    );
    assert!(found.len() == 1 && found[0].contains(name), "{found:#?}");
    assert!(!found[0].contains("key_planted"), "{found:#?}");
    if name != "secrets_dir" {
        assert!(
            found[0].contains("line ") && found[0].contains("postgresql.auto.conf"),
            "{found:#?}"
        );
    }
}

/// One that the worker had its chance to claim: it has gone round since.
fn is_not_claimed(practice: &Practice) -> i64 {
    let before = practice.retell.counters().dials;
    let call = practice.call_number(&new_number()).id;
    practice.wait_for(
        "the worker to have been woken",
        "select last_woken_at > (select max(queued_at) from vioc.calls) - interval '1 second' from vioc.worker_status",
    );
    for _ in 0..2 {
        practice
            .connect()
            .batch_execute("select vioc_doctor()")
            .unwrap();
    }
    assert_eq!(practice.call_status(call), "queued");
    assert_eq!(practice.retell.counters().dials, before);
    call
}

#[test]
fn alter_system_refuses_what_cannot_be_used_with_a_hint_and_calls_go_on() {
    let practice = Practice::open();
    for (name, value) in [
        ("api_base_url", "127.0.0.1:9000"),
        ("api_base_url", "http://retell.example.com"),
        ("webhook_base_url", "calls.example.com"),
        ("legal_hours", "8-24"),
        ("retell_api_key", "key with blanks"),
        ("retell_api_key", "file:../key"),
        ("https_proxy", "closed.example.com:3128"),
        ("https_proxy", "socks5://closed.example.com:1080"),
        (
            "https_proxy",
            "http://desk:key_planted@closed.example.com/x",
        ),
        ("simulate", "perhaps"),
        ("max_in_flight", "0"),
    ] {
        let error = practice
            .connect()
            .batch_execute(&format!("alter system set vioconcierge.{name} = '{value}'"))
            .expect_err(name);
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code().code(), "22023", "{error:?}");
        if !["simulate", "max_in_flight"].contains(&name) {
            assert!(
                error.detail().is_some() && error.hint().is_some(),
                "{error:?}"
            );
        }
        if ["retell_api_key", "https_proxy"].contains(&name) {
            assert!(
                !format!("{error:?}").contains(value),
                "a secret is shown: {error:?}"
            );
        }
    }
    practice.cluster.reload();
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    // no hook reads a file: it may be there later
    practice.run("alter system set vioconcierge.secrets_dir = '/no/such/directory'");
}

#[test]
fn a_file_with_a_bad_setting_stops_all_claims_at_a_reload_until_it_is_mended() {
    let practice = Practice::open();
    let first = practice.call_number(&new_number());
    practice.wait_for_call(first.id, &["completed"]);
    for (name, bad, good) in deciding(&practice) {
        write(&practice, name, bad);
        practice.run("select pg_reload_conf()");
        is_stopped_because_of(&practice, name);
        let call = is_not_claimed(&practice);
        write(&practice, name, &good);
        practice.run("select pg_reload_conf()");
        practice.wait_for_call(call, &["completed"]);
        practice.wait_for(
            "the worker to say that all is well",
            "select state = 'ready' and settings_error is null from vioc.worker_status",
        );
    }
    // a mere measure: the old value stays, and it is said
    write(&practice, "request_timeout", "soon");
    practice.run("select pg_reload_conf()");
    practice.wait_for(
        "the worker to say it",
        "select state = 'ready' and settings_error ~ '^vioconcierge.request_timeout' from vioc.worker_status",
    );
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    write(&practice, "request_timeout", "100s");
    practice.run("select pg_reload_conf()");
    practice.wait_for(
        "all to be well",
        "select settings_error is null from vioc.worker_status",
    );

    // a line of PostgreSQL's own keeps the server from reading ours: a simulation that was asked for is not in force
    write(&practice, "simulate", "on");
    let text = fs::read_to_string(file(&practice)).unwrap();
    fs::write(file(&practice), format!("{text}this is no setting\n")).unwrap();
    practice.run("select pg_reload_conf()");
    is_stopped_because_of(&practice, "simulate");
    let call = is_not_claimed(&practice);
    fs::write(file(&practice), text).unwrap();
    practice.run("select pg_reload_conf()");
    // queued as a real call: it is made neither really nor simulated
    practice.wait_for_call(call, &["cancelled"]);
    let dials = practice.retell.counters().dials;
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.retell.counters().dials, dials);
}

#[test]
fn a_file_with_a_bad_setting_stops_all_claims_at_the_servers_start_until_it_is_mended() {
    let practice = Practice::open();
    for (name, bad, good) in deciding(&practice) {
        write(&practice, name, bad);
        practice.cluster.restart(Stop::Fast);
        practice.cluster.worker_pid(APP);
        is_stopped_because_of(&practice, name);
        // with the default of the hours Call Now may be refused just now
        let call = (name != "legal_hours").then(|| is_not_claimed(&practice));
        write(&practice, name, &good);
        if name == "api_base_url" {
            // mended but not read: the default, which is Retell itself, is in force
            let worker = practice.cluster.worker_pid(APP);
            practice.run(&format!("select pg_terminate_backend({worker})"));
            practice.wait_for(
                "the next worker to stop too",
                &format!("select state = 'stopped' and pid <> {worker} and settings_error ~ 'not in force' from vioc.worker_status"),
            );
            assert_eq!(
                call.map(|it| practice.call_status(it)).as_deref(),
                Some("queued")
            );
        }
        practice.run("select pg_reload_conf()");
        practice.wait_for(
            "the worker to go on",
            "select state = 'ready' and settings_error is null from vioc.worker_status",
        );
        let call = call.unwrap_or_else(|| practice.call_number(&new_number()).id);
        practice.wait_for_call(call, &["completed"]);
    }
    write(&practice, "max_in_flight", "many");
    practice.cluster.restart(Stop::Fast);
    practice.cluster.worker_pid(APP);
    practice.wait_for(
        "the worker to say it",
        "select state = 'ready' and settings_error ~ '^vioconcierge.max_in_flight' from vioc.worker_status",
    );
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
}
