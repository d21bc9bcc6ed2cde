//! vioc_doctor: what needs a server is broken on purpose, found, and well again after its hint was executed. What is
//! SQL alone is in tests/sql/operating.

use std::process::Command;
use std::time::Duration;

use retell_simulator::{ApiKey, Config, Simulator};
use vioc_tests::Cluster;
use vioc_tests::cluster::Stop;
use vioc_tests::practice::{APP, KEY, Practice, new_number};
use vioc_tests::wait::{LONG, wait_until};

/// `None`: not known at the moment.
fn verdict(cluster: &Cluster, check: &str) -> Option<bool> {
    let sql = "select bool_and(ok) filter (where ok is not null) from vioc_doctor() where check_name = $1";
    let row = cluster.connect(APP).query_one(sql, &[&check]);
    row.unwrap_or_else(|error| panic!("{error:?}")).get(0)
}

#[track_caller]
fn is_well(cluster: &Cluster, check: &str) {
    assert_eq!(verdict(cluster, check), Some(true), "{check}");
}

/// The hints of a check that has found something.
#[track_caller]
fn hints(cluster: &Cluster, check: &str) -> Vec<String> {
    let sql = "select hint from vioc_doctor() where check_name = $1 and not ok";
    let rows = cluster.connect(APP).query(sql, &[&check]).unwrap();
    assert!(!rows.is_empty(), "{check} has found nothing");
    rows.iter().map(|row| row.get(0)).collect()
}

/// Executes the hints as a superuser would at a psql prompt.
#[track_caller]
fn mend(cluster: &Cluster, database: &str, check: &str) {
    for hint in hints(cluster, check) {
        let hint = hint.replace("key_...", KEY).replace("agent_...", "agent_1");
        let output = cluster.psql(database, &hint);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{hint}: {said}");
    }
}

#[track_caller]
fn becomes_well(cluster: &Cluster, check: &str) {
    wait_until(&format!("{check} to be well"), LONG, || {
        (verdict(cluster, check) == Some(true)).then_some(())
    });
}

#[test]
fn a_setting_that_is_wrong_is_found_and_its_hint_mends_it() {
    let practice = Practice::open();
    let cluster = &practice.cluster;
    is_well(cluster, "preload");
    is_well(cluster, "database_listed");
    is_well(cluster, "worker");
    is_well(cluster, "webhook_url");
    is_well(cluster, "tls");
    is_well(cluster, "dry_run");
    let simulator = practice.retell.url();

    for (check, name, value) in [
        ("webhook_url", "vioconcierge.webhook_base_url", ""),
        (
            "tls",
            "vioconcierge.webhook_base_url",
            "http://calls.example.com",
        ),
        ("dry_run", "vioconcierge.dry_run", "on"),
        (
            "base_url",
            "vioconcierge.api_base_url",
            "https://retell.example.com",
        ),
        (
            "tls",
            "vioconcierge.api_base_url",
            "http://retell.example.com",
        ),
        ("durability", "full_page_writes", "off"),
    ] {
        cluster.set(name, value);
        assert_eq!(
            verdict(cluster, check),
            Some(false),
            "{check} with {name} = {value}"
        );
        mend(cluster, APP, check);
        becomes_well(cluster, check);
        if name == "vioconcierge.api_base_url" {
            cluster.set(name, &simulator); // Retell itself is not called from here
        }
    }
}

#[test]
fn a_database_without_its_worker_is_found_and_the_hints_mend_it() {
    let retell = Simulator::start(Config::default()).unwrap();
    let cluster = Cluster::builder()
        .databases([APP])
        .preload("")
        .setting("max_worker_processes", 2)
        .start();
    cluster.create_extension(APP);
    assert_eq!(verdict(&cluster, "preload"), Some(false));
    assert_eq!(verdict(&cluster, "database_listed"), None);
    assert_eq!(verdict(&cluster, "worker"), Some(false));
    mend(&cluster, APP, "preload");
    cluster.restart(Stop::Fast);
    is_well(&cluster, "preload");

    cluster.set("vioconcierge.databases", "another");
    cluster.restart(Stop::Fast);
    assert_eq!(verdict(&cluster, "database_listed"), Some(false));
    mend(&cluster, APP, "database_listed");
    cluster.restart(Stop::Fast);
    is_well(&cluster, "database_listed");

    // the launcher and PostgreSQL's own take the two places
    assert_eq!(verdict(&cluster, "worker"), Some(false));
    mend(&cluster, APP, "worker");
    cluster.restart(Stop::Fast);
    becomes_well(&cluster, "worker");
    drop(retell);
}

#[test]
fn retell_is_asked_about_keys_and_agents() {
    let practice = Practice::builder()
        .retell(|config| {
            config.api_keys = vec![ApiKey::new(KEY)];
            config.agents = vec!["agent_1".to_owned()];
        })
        .open();
    let cluster = &practice.cluster;
    is_well(cluster, "keys_accepted");

    practice.run("select vioc_set_credentials(1, 'key_that_was_revoked')");
    assert_eq!(verdict(cluster, "keys_accepted"), Some(false));
    mend(cluster, APP, "keys_accepted");
    becomes_well(cluster, "keys_accepted");

    // an agent that Retell does not know
    practice.run("update vioc.tenants set retell_agent_id = 'agent_of_another'");
    assert_eq!(verdict(cluster, "agents"), Some(false));
    mend(cluster, APP, "agents");

    // one that does not report the fields that outcomes are made of
    wait_until("the agent's gaps to be found", LONG, || {
        let found: bool = practice.ask("select exists (select from vioc_doctor() where check_name = 'agents' and hint ~ '^curl')", &[]);
        found.then_some(())
    });
    let hint = hints(cluster, "agents").remove(0);
    assert!(
        hint.contains("callback_time") && hint.contains("new_appointment_time"),
        "{hint}"
    );
    let shell = Command::new("sh")
        .args(["-c", &hint])
        .env("RETELL_API_KEY", KEY)
        .output()
        .unwrap();
    assert!(
        shell.status.success(),
        "{hint}: {}",
        String::from_utf8_lossy(&shell.stderr)
    );
    becomes_well(cluster, "agents");

    // nobody answers: the last answer is not repeated as if it were news, and nobody waits longer than five seconds
    cluster.set("vioconcierge.connect_timeout", "1s");
    cluster.set("vioconcierge.api_base_url", "http://127.0.0.1:9");
    wait_until("silence to be found", LONG, || {
        (verdict(cluster, "keys_accepted") == Some(false)).then_some(())
    });
    let started = std::time::Instant::now();
    verdict(cluster, "keys_accepted");
    assert!(started.elapsed() < Duration::from_secs(8));
    mend(cluster, APP, "keys_accepted");
    is_well(cluster, "base_url");
}

#[test]
fn pg_cron_its_jobs_and_their_failures_are_found_here_and_in_another_database() {
    for home in [APP, "postgres"] {
        let practice = Practice::builder()
            .cluster(|it| it.cron_database(home))
            .open();
        let cluster = &practice.cluster;
        assert_eq!(verdict(cluster, "pg_cron"), Some(false), "{home}");
        // a line that names the database says where
        let hint = hints(cluster, "pg_cron").remove(0);
        assert_eq!(
            hint.contains("in database postgres"),
            home == "postgres",
            "{hint}"
        );
        let create = hint.rsplit(": ").next().unwrap();
        assert!(cluster.psql(home, create).status.success());
        is_well(cluster, "pg_cron");

        assert_eq!(verdict(cluster, "schedule"), Some(false), "{home}");
        mend(cluster, APP, "schedule");
        is_well(cluster, "schedule");
        is_well(cluster, "schedule_runs");

        let mut cron = cluster.connect(home);
        cron.batch_execute("update cron.job set active = false")
            .unwrap();
        assert_eq!(verdict(cluster, "schedule"), Some(false), "{home}");
        mend(cluster, APP, "schedule");
        cron.batch_execute("update cron.job set active = true")
            .unwrap();
        is_well(cluster, "schedule");

        // as pg_cron writes it down
        cron.batch_execute(
            "insert into cron.job_run_details (jobid, runid, database, username, command, status, return_message, start_time, end_time)
             select jobid, 1000000, database, username, command, 'failed', 'ERROR: permission denied for function vioc_enqueue_due', now(), now()
             from cron.job where jobname ~ 'enqueue'",
        )
        .unwrap();
        assert_eq!(verdict(cluster, "schedule_runs"), Some(false), "{home}");
        let detail: String = practice.ask(
            "select detail from vioc_doctor() where check_name = 'schedule_runs'",
            &[],
        );
        assert!(detail.contains("permission denied"), "{detail}");
        mend(cluster, APP, "schedule_runs");
        cron.batch_execute(
            "insert into cron.job_run_details (jobid, runid, database, username, command, status, return_message, start_time, end_time)
             select jobid, 1000001, database, username, command, 'succeeded', '1 row', now(), now()
             from cron.job where jobname ~ 'enqueue'",
        )
        .unwrap();
        is_well(cluster, "schedule_runs");
    }
}

#[test]
fn a_call_that_nobody_hears_of_is_found_and_reconciled() {
    let practice = Practice::builder()
        .retell(|config| config.deliver_webhooks = false)
        .open();
    let cluster = &practice.cluster;
    is_well(cluster, "stuck_calls");
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["placed"]);
    assert!(practice.retell.wait_until_idle(LONG));
    practice.run("update vioc.calls set placed_at = now() - interval '4 hours'");
    assert_eq!(verdict(cluster, "stuck_calls"), Some(false));
    mend(cluster, APP, "stuck_calls");
    practice.wait_for_call(call.id, &["completed"]);
    is_well(cluster, "stuck_calls");

    // the same for webhooks that stay away
    practice.run("update vioc.calls set ended_at = now() - interval '20 minutes'");
    assert_eq!(verdict(cluster, "webhooks"), Some(false));
    let url = practice.front.url();
    let hint = hints(cluster, "webhooks").remove(0);
    assert!(hint.contains(&url), "{hint}");
    let shell = Command::new("sh").args(["-c", &hint]).output().unwrap();
    let said = String::from_utf8_lossy(&shell.stdout).into_owned();
    assert!(said.starts_with("HTTP/1.1 401"), "{said}");
    let body = format!(
        r#"{{"event": "call_started", "call": {{"call_id": "call_x", "metadata": {{"session_id": "{}"}}}}}}"#,
        call.session_id
    );
    assert_eq!(practice.webhook(body).status, 200);
    is_well(cluster, "webhooks");
}

#[test]
fn a_viewer_of_one_practice_asks_the_doctor() {
    let practice = Practice::open();
    let other = practice.new_tenant("Other", "+12125550101", None);
    practice.run(&format!(
        "create role reception login; select vioc_grant('reception', 'viewer', {})",
        practice.tenant
    ));
    let rows = practice
        .cluster
        .connect_as(APP, "reception")
        .query("select check_name, detail from vioc_doctor()", &[])
        .unwrap();
    let seen: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert!(seen.iter().any(|(check, _)| check == "worker"));
    let names_other =
        |(_, detail): &&(String, String)| detail.contains(&format!("practice {other} "));
    assert_eq!(seen.iter().find(names_other), None);
}
