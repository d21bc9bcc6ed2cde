//! vioc_doctor: what needs a server is broken on purpose, found, and well again after its hint was executed. What is
//! SQL alone is in tests/sql/operations.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use retell_simulator::{ApiKey, CreateFault, Script};
use vioc_tests::Cluster;
use vioc_tests::cluster::{Binaries, Stop, as_server_user, new_directory};
use vioc_tests::practice::{APP, KEY, Practice, new_number, signed_ago};
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

/// The other key of the workspace, which signs its webhooks.
const WEBHOOK_KEY: &str = "key_that_signs_webhooks_aaaa";

/// Executes the hints as a superuser would at a psql prompt, or in a shell; what only a person knows is filled in.
#[track_caller]
fn mend(cluster: &Cluster, check: &str, tools: Option<&Path>) {
    for hint in hints(cluster, check) {
        let both = format!("'{KEY}', '{WEBHOOK_KEY}'");
        let hint = hint
            .replace("'key_...', 'key_...'", &both)
            .replace("key_...", KEY)
            .replace("agent_...", "agent_1");
        if hint.contains("after a restart") {
            cluster.restart(Stop::Fast);
        }
        let is_for_a_shell = ["curl ", "timedatectl ", "apt-get "]
            .iter()
            .any(|tool| hint.starts_with(tool));
        let output = if is_for_a_shell {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let path = tools
                .map(Path::to_owned)
                .into_iter()
                .chain(std::env::split_paths(&path));
            let mut shell = Command::new("sh");
            shell.args(["-c", &hint]).env("RETELL_API_KEY", KEY);
            shell.env("PATH", std::env::join_paths(path).unwrap());
            shell.output().unwrap()
        } else {
            cluster.psql(APP, &hint)
        };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{hint}: {said}");
        if hint.contains("then restart") {
            cluster.restart(Stop::Fast);
        }
    }
}

#[track_caller]
fn becomes_well(cluster: &Cluster, check: &str) {
    wait_until(&format!("{check} to be well"), LONG, || {
        (verdict(cluster, check) == Some(true)).then_some(())
    });
}

#[track_caller]
fn is_found(cluster: &Cluster, check: &str) {
    wait_until(&format!("{check} to be found"), LONG, || {
        (verdict(cluster, check) == Some(false)).then_some(())
    });
}

/// The check has found something, and its hints mend it.
#[track_caller]
fn mends(cluster: &Cluster, check: &str) {
    is_found(cluster, check);
    mend(cluster, check, None);
    becomes_well(cluster, check);
}

/// The check is well, finds what is broken on purpose, and its hints mend it.
#[track_caller]
fn breaks(cluster: &Cluster, check: &str, how: impl FnOnce()) {
    becomes_well(cluster, check);
    how();
    mends(cluster, check);
}

/// A program that writes down its arguments, for one that would change this machine.
struct StandIn {
    directory: PathBuf,
}

impl StandIn {
    fn of(name: &str) -> Self {
        let directory = new_directory(false).join("tools");
        std::fs::create_dir_all(&directory).unwrap();
        let program = directory.join(name);
        let text = "#!/bin/sh\nprintf '%s' \"$*\" > \"$(dirname \"$0\")/arguments\"\n";
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { directory }
    }

    fn arguments(&self) -> String {
        std::fs::read_to_string(self.directory.join("arguments")).unwrap_or_default()
    }
}

/// Here, or in tests/sql/operations/the_doctor_finds_and_mends.sql.
#[test]
fn every_check_of_the_doctor_is_broken_on_purpose_by_a_test() {
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    let here = squeeze(include_str!("doctor.rs"));
    let there = squeeze(include_str!(
        "../../sql/operations/the_doctor_finds_and_mends.sql"
    ));
    let of_the_owner = squeeze(include_str!(
        "../../sql/installation/an_owner_who_is_no_superuser_any_more.sql"
    ));
    let practice = Practice::open();
    let sql = "select distinct check_name from vioc_doctor()";
    let checks = practice.connect().query(sql, &[]).unwrap();
    assert!(checks.len() >= 27, "{}", checks.len());
    for check in checks {
        let check: String = check.get(0);
        if check == "simulated" {
            continue; // it only tells
        }
        let is_here = |how: &str| here.contains(&format!("{how}(cluster,\"{check}\""));
        let its_hint = format!("execute(selecthintfromvioc_doctor()wherecheck_name='{check}')");
        let is_broken = there.contains(&format!("pg_temp.breaks('{check}'"))
            || of_the_owner.contains(&its_hint)
            || is_here("breaks")
            || is_here("mends")
            || (is_here("is_found") && is_here("becomes_well"));
        assert!(is_broken, "no test breaks {check} and mends it by its hint");
    }
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
    is_well(cluster, "simulate");
    let set = |name: &str, value: &str| cluster.set(name, value);
    breaks(cluster, "webhook_url", || {
        set("vioconcierge.webhook_base_url", "");
    });
    breaks(cluster, "tls", || {
        set("vioconcierge.webhook_base_url", "http://calls.example.com");
    });
    mends(cluster, "legal_hours"); // the tests' own
    breaks(cluster, "simulate", || set("vioconcierge.simulate", "on"));
    set("vioconcierge.api_base_url", "https://retell.example.com");
    mends(cluster, "base_url");
}

#[test]
fn a_server_that_may_forget_a_claim_is_found_and_its_hint_mends_it() {
    let practice = Practice::builder().setting("fsync", "on").open();
    let cluster = &practice.cluster;
    for name in ["full_page_writes", "fsync"] {
        breaks(cluster, "durability", || cluster.set(name, "off"));
    }
}

#[test]
fn a_database_without_its_worker_is_found_and_the_hints_mend_it() {
    let cluster = &Cluster::builder()
        .databases([APP])
        .preload("")
        .setting("max_worker_processes", 2)
        .start();
    cluster.create_extension(APP);
    assert_eq!(verdict(cluster, "database_listed"), None);
    assert_eq!(verdict(cluster, "worker"), Some(false));
    mends(cluster, "preload");

    cluster.set("vioconcierge.databases", "another");
    cluster.restart(Stop::Fast);
    mends(cluster, "database_listed");

    // the launcher and PostgreSQL's own take the two places
    mends(cluster, "worker");

    // a worker that ends again and again is started later and later, until somebody reloads
    wait_until("the worker to be away", LONG, || {
        let mut client = cluster.connect(APP);
        let end = "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'vioconcierge worker'";
        client.execute(end, &[]).unwrap();
        let sql = "select coalesce(hint, '') ~ 'pg_reload_conf' from vioc_doctor() where check_name = 'worker'";
        let is_away: bool = client.query_one(sql, &[]).unwrap().get(0);
        is_away.then_some(())
    });
    let reloaded = cluster.psql(APP, "select pg_reload_conf(); -- it starts within seconds");
    assert!(reloaded.status.success());
    becomes_well(cluster, "worker");
}

/// Files of a next version are installed, then its library runs, then the SQL objects are the next version's.
#[test]
fn a_version_that_is_not_the_installed_one_is_found_and_the_hints_mend_it() {
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    let control = include_str!("../../../vioconcierge.control");
    let binaries = Binaries::find().with_extension_files([("vioconcierge.control", control)]);
    let files = binaries.directory("--sharedir").join("extension");
    let practice = Practice::builder()
        .cluster(|it| it.binaries(binaries))
        .open();
    let cluster = &practice.cluster;
    // what the library of that version would say
    let update = "create or replace function vioc.library_version() returns text language sql stable as $$ select '99.0.0' $$;";
    breaks(cluster, "versions", || {
        let next = control.replace(&format!("'{VERSION}'"), "'99.0.0'");
        std::fs::write(files.join("vioconcierge.control"), next).unwrap();
        let script = format!("vioconcierge--{VERSION}--99.0.0.sql");
        std::fs::write(files.join(script), update).unwrap();
        let hint = hints(cluster, "versions").remove(0);
        assert!(hint.contains("after a restart"), "{hint}");
    });

    // the server was restarted already
    practice.run("drop extension vioconcierge cascade");
    practice.run(&format!(
        "create extension vioconcierge version '{VERSION}'; {update}"
    ));
    let hint = hints(cluster, "versions").remove(0);
    assert_eq!(hint, "alter extension vioconcierge update;");
    mends(cluster, "versions");
}

#[test]
fn a_key_file_that_cannot_be_read_is_found_and_the_hint_mends_it() {
    let practice = Practice::open();
    let cluster = &practice.cluster;
    let secrets = new_directory(false).join("secrets");
    std::fs::create_dir_all(&secrets).unwrap();
    let file = secrets.join("retell.key");
    cluster.set("vioconcierge.secrets_dir", secrets.to_str().unwrap());
    let lose: [fn(&Path); 3] = [
        |file| std::fs::remove_file(file).unwrap(),
        |file| std::fs::write(file, "").unwrap(),
        |file| {
            std::fs::remove_file(file).unwrap();
            std::fs::create_dir(file).unwrap();
        },
    ];
    let unreadable =
        "select bool_and(detail ~ 'cannot be read') from vioc_doctor() where check_name = 'keys'";
    for lose in lose {
        std::fs::write(&file, KEY).unwrap();
        practice.run("select vioc_set_credentials(1, 'file:retell.key')");
        breaks(cluster, "keys", || {
            lose(&file);
            assert!(practice.ask::<bool>(unreadable, &[]));
        });
    }

    // the key of those who have none of their own
    practice.new_tenant("Other", "+12125550101", None);
    assert_eq!(verdict(cluster, "keys"), Some(false), "it has none either");
    cluster.set("vioconcierge.retell_api_key", KEY);
    breaks(cluster, "keys", || {
        cluster.set("vioconcierge.retell_api_key", "file:absent");
        assert!(practice.ask::<bool>(unreadable, &[]));
    });
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
    breaks(cluster, "keys_accepted", || {
        practice.run("select vioc_set_credentials(1, 'key_that_was_revoked')");
    });
    // a bill that is paid later, and Retell in trouble for a while
    for (check, path, status) in [
        ("keys_accepted", "/get-api-key-info", 402),
        ("keys_accepted", "/get-api-key-info", 500),
        ("agents", "/get-agent", 500),
    ] {
        let trouble = Script::path(path).answer(CreateFault::status(status, "trouble"));
        practice.retell.script(trouble);
        let is_said = format!(
            "select coalesce(bool_or(detail ~ '{status}'), false) from vioc_doctor() where check_name = '{check}'"
        );
        practice.wait_for("Retell's trouble to be found", &is_said);
        practice.retell.clear_scripts();
        mend(cluster, check, None);
        let is_over = is_said.replacen("select ", "select not ", 1);
        practice.wait_for("Retell's trouble to be over", &is_over);
    }
    is_well(cluster, "keys_accepted");

    // an agent that Retell does not know
    practice.run("update vioc.tenants set retell_agent_id = 'agent_of_another'");
    let is_unknown = "select coalesce(bool_or(detail ~ 'does not know'), false) from vioc_doctor() where check_name = 'agents'";
    practice.wait_for("the agent to be found unknown", is_unknown);
    mend(cluster, "agents", None);

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
    mends(cluster, "agents");

    // nobody answers: the last answer is not repeated as if it were news, and nobody waits longer than five seconds
    cluster.set("vioconcierge.connect_timeout", "1s");
    cluster.set("vioconcierge.api_base_url", "http://127.0.0.1:9");
    is_found(cluster, "keys_accepted");
    let started = std::time::Instant::now();
    verdict(cluster, "keys_accepted");
    assert!(started.elapsed() < Duration::from_secs(8));
    mend(cluster, "keys_accepted", None);
    is_well(cluster, "base_url");
}

/// pg_cron looks at its jobs when the minute begins.
#[track_caller]
fn runs_again(cluster: &Cluster) {
    wait_until("the jobs to run", Duration::from_secs(90), || {
        (verdict(cluster, "enqueue_runs") == Some(true)).then_some(())
    });
}

#[test]
fn a_scheduler_that_stops_is_found_and_the_hint_makes_it_run_here_and_in_another_database() {
    for home in [APP, "postgres"] {
        let practice = Practice::builder()
            .cluster(|it| it.cron_database(home))
            .open();
        let cluster = &practice.cluster;
        is_found(cluster, "enqueue_runs");
        is_found(cluster, "purge_runs");
        mend(cluster, "enqueue_runs", None);
        runs_again(cluster);
        practice.run("select vioc_purge()");
        becomes_well(cluster, "purge_runs");
        // whatever stops it: nothing is asked of pg_cron
        practice.run("update vioc.last_runs set ran_at = now() - interval '16 minutes'");
        let stop = "update cron.job set active = false where jobname ~ 'enqueue'";
        cluster.connect(home).batch_execute(stop).unwrap();
        practice.run("update vioc.last_runs set ran_at = now() - interval '16 minutes'");
        is_found(cluster, "enqueue_runs");
        // and what comes of it
        practice.run(&format!("select vioc_go_live({})", practice.tenant));
        breaks(cluster, "due_contacts", || {
            let contact = practice.contact(&new_number());
            practice.run(&format!(
                "set local vioc.writes_contacts = on; update vioc.contacts set next_call_at = now() - interval '30 days' where id = {contact}"
            ));
        });
        practice.run("update vioc.last_runs set ran_at = now() - interval '16 minutes'");
        mend(cluster, "enqueue_runs", None);
        runs_again(cluster);
        becomes_well(cluster, "enqueue_runs");
    }
}

#[test]
fn a_pg_cron_whose_launcher_ended_with_its_database_is_found_and_a_restart_mends_it() {
    let practice = Practice::builder()
        .cluster(|it| it.cron_database(APP))
        .open();
    let cluster = &practice.cluster;
    let ended = "select not ok and detail ~ 'launcher has ended' from vioc_doctor() where check_name = 'enqueue_runs'";
    assert!(!practice.ask::<bool>(ended, &[]));
    practice.run("select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'pg_cron launcher'");
    practice.wait_for("the launcher to be missed", ended);
    // only by who sees other processes
    practice.run("create role plain; grant usage on schema vioc to plain; grant execute on all functions in schema vioc to plain");
    practice.run("set role plain; do 'begin assert not vioc.cron_has_ended(); end'");
    assert!(practice.ask::<bool>("select vioc.cron_has_ended()", &[]));
    mend(cluster, "enqueue_runs", None);
    runs_again(cluster);
}

#[test]
fn settings_that_cannot_be_used_and_a_server_that_may_open_few_files_are_found() {
    let practice = Practice::open();
    let cluster = &practice.cluster;
    is_well(cluster, "settings");
    let directory = new_directory(false).join("later");
    cluster.set("vioconcierge.secrets_dir", directory.to_str().unwrap());
    is_found(cluster, "settings");
    std::fs::create_dir_all(&directory).unwrap();
    becomes_well(cluster, "settings");

    is_well(cluster, "max_in_flight");
    let allow = |files: &str| {
        let worker = cluster.worker_pid(APP).to_string();
        let mut tool = as_server_user("prlimit");
        tool.args(["--pid", &worker, &format!("--nofile={files}:")]);
        assert!(tool.status().unwrap().success());
    };
    allow("256");
    cluster.set("vioconcierge.max_in_flight", "200");
    is_found(cluster, "max_in_flight");
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    allow("1024");
    cluster.reload();
    becomes_well(cluster, "max_in_flight");
}

#[test]
fn a_worker_that_is_stopped_does_not_look_ready() {
    let practice = Practice::open();
    let cluster = &practice.cluster;
    let worker = cluster.worker_pid(APP);
    let signal = |name: &str| {
        let mut tool = Command::new("kill");
        assert!(
            tool.args([name, &worker.to_string()])
                .status()
                .unwrap()
                .success()
        );
    };
    signal("-STOP");
    let state = "select state = 'stuck' from vioc.worker_status";
    practice.wait_at_most("it to look stuck", Duration::from_secs(60), state);
    let found: bool = practice.ask(
        "select not ok and detail ~ 'has not gone round' from vioc_doctor() where check_name = 'worker'",
        &[],
    );
    assert!(found);
    signal("-CONT");
    practice.wait_for(
        "it to be ready",
        "select state = 'ready' from vioc.worker_status",
    );
}

#[test]
fn a_pg_cron_that_cannot_log_in_is_found_and_the_hint_mends_it() {
    let practice = Practice::builder()
        .cluster(|it| {
            it.cron_database("postgres")
                .setting("cron.use_background_workers", "off")
                // as where a password is asked for
                .setting("cron.host", "/nowhere")
        })
        .open();
    let cluster = &practice.cluster;
    assert!(
        hints(cluster, "enqueue_runs")[0].contains("cron.use_background_workers = on"),
        "the hint says what to set"
    );
    mend(cluster, "enqueue_runs", None);
    runs_again(cluster);
}

#[test]
fn a_server_without_pg_cron_is_found_and_the_hints_lead_to_a_schedule() {
    let installed = Binaries::find();
    let control = |of: &Binaries| {
        let extensions = of.directory("--sharedir").join("extension");
        extensions.join("pg_cron.control")
    };
    let binaries = installed.with_extension_files([]);
    std::fs::remove_file(control(&binaries)).unwrap();
    let cluster = &Cluster::builder()
        .databases([APP])
        .preload("vioconcierge")
        .binaries(binaries.clone())
        .start();
    cluster.create_extension(APP);

    let apt = StandIn::of("apt-get");
    is_found(cluster, "enqueue_runs");
    mend(cluster, "enqueue_runs", Some(&apt.directory));
    let sql = "select current_setting('server_version_num')::integer / 10000";
    let major: i32 = cluster.connect(APP).query_one(sql, &[]).unwrap().get(0);
    assert_eq!(
        apt.arguments(),
        format!("install -y postgresql-{major}-cron")
    );
    // which brings its files
    std::os::unix::fs::symlink(control(&installed), control(&binaries)).unwrap();

    // the next hint has it loaded, the last one created where it wants to live
    is_found(cluster, "enqueue_runs");
    mend(cluster, "enqueue_runs", None);
    is_found(cluster, "enqueue_runs");
    mend(cluster, "enqueue_runs", None);
    runs_again(cluster);
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
    breaks(cluster, "stuck_calls", || {
        practice.run("update vioc.calls set placed_at = now() - interval '4 hours'");
    });
    practice.wait_for_call(call.id, &["completed"]);

    // the same for webhooks that stay away
    practice.run("update vioc.calls set placed_at = now() - interval '20 minutes'");
    is_found(cluster, "webhooks");
    let url = practice.front.url();
    let hint = hints(cluster, "webhooks").remove(0);
    assert!(hint.contains(&url), "{hint}");
    // it says whether the way from outside is open, as it is here: the next webhook arrives
    let shell = Command::new("sh").args(["-c", &hint]).output().unwrap();
    let said = String::from_utf8_lossy(&shell.stdout).into_owned();
    assert!(said.starts_with("HTTP/1.1 401"), "{said}");
    assert_eq!(practice.webhook(started(&call.session_id)).status, 200);
    becomes_well(cluster, "webhooks");
}

/// A webhook's body.
fn started(session_id: &str) -> String {
    format!(
        r#"{{"event": "call_started", "call": {{"call_id": "call_x", "metadata": {{"session_id": "{session_id}"}}}}}}"#
    )
}

#[test]
fn webhooks_sent_nowhere_or_signed_with_another_key_are_found_and_the_hints_mend_it() {
    let practice = Practice::builder()
        .retell(|config| config.api_keys = vec![ApiKey::new(KEY).webhook_key(WEBHOOK_KEY)])
        .open();
    let cluster = &practice.cluster;
    let url = practice.front.url();
    // a call that ended 20 minutes ago, and no webhook told of it
    let call_in_silence = || {
        let call = practice.call_number(&new_number());
        wait_until("Retell to tell when it is asked", LONG, || {
            practice.run("select vioc_reconcile()");
            (practice.call_status(call.id) == "completed").then_some(())
        });
        assert!(practice.retell.wait_until_idle(LONG));
        practice.run("update vioc.calls set placed_at = now() - interval '20 minutes'");
    };
    cluster.set("vioconcierge.webhook_base_url", "");
    call_in_silence();
    is_found(cluster, "webhooks");
    let hint = hints(cluster, "webhooks").remove(0);
    let hint = hint.replace("https://calls.example.com", &url);
    assert!(cluster.psql(APP, &hint).status.success(), "{hint}");

    // now they come, and none can be verified
    call_in_silence();
    let hint = hints(cluster, "webhooks").remove(0);
    assert!(hint.starts_with("select vioc_set_credentials("), "{hint}");
    mend(cluster, "webhooks", None);
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    becomes_well(cluster, "webhooks");
}

#[test]
fn a_clock_that_is_wrong_is_found_and_the_hint_sets_it() {
    let practice = Practice::open();
    let cluster = &practice.cluster;
    let timedatectl = StandIn::of("timedatectl");
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    assert!(practice.retell.wait_until_idle(LONG));
    is_well(cluster, "clock");

    // This machine's clock is left alone: where it would go forward, what is on record goes back.
    let move_record = |by: &str| {
        practice.run(&format!(
            "update vioc.calls set ended_at = ended_at + interval '{by}'"
        ));
    };
    move_record("1 minute");
    is_found(cluster, "clock");
    mend(cluster, "clock", Some(&timedatectl.directory));
    assert_eq!(timedatectl.arguments(), "set-ntp true");
    move_record("-1 minute");
    becomes_well(cluster, "clock");

    // a webhook that seems old, and is sent again when the clock is right
    let body = started(&call.session_id);
    let old = signed_ago(KEY, body.as_bytes(), 600_000);
    assert_eq!(practice.post(body.clone(), Some(&old)).status, 401);
    is_found(cluster, "clock");
    mend(cluster, "clock", Some(&timedatectl.directory));
    assert_eq!(practice.webhook(body).status, 200);
    becomes_well(cluster, "clock");
}

#[test]
fn a_queue_that_does_not_flow_is_found_and_the_hint_widens_what_is_narrow() {
    for (narrow, count) in [
        ("vioc.tenants set max_concurrent_calls = 1", 4),
        ("vioc.credentials set max_concurrent_calls = 1", 4),
        ("vioc.tenants set max_starts_per_second = 1", 200),
        ("vioc.credentials set max_starts_per_second = 1", 200),
    ] {
        // nobody hangs up
        let practice = Practice::builder()
            .retell(|config| config.timing.talk = Duration::from_secs(600))
            .open();
        let cluster = &practice.cluster;
        let hint_of_the_queue =
            "select hint from vioc_doctor() where check_name = 'queue' and not ok";
        let mut first = String::new();
        becomes_well(cluster, "queue");
        practice.run(&format!("update {narrow}"));
        practice.due_contacts(practice.tenant, count);
        practice.run(
            "update vioc.tenants set live = true; select vioc_enqueue_due(); \
             update vioc.calls set due_at = now() - interval '20 minutes', queued_at = now() - interval '20 minutes'",
        );
        is_found(cluster, "queue");
        // each time it is twice as wide
        wait_until("the queue to flow", LONG, || {
            let mut client = cluster.connect(APP);
            let Some(row) = client.query_opt(hint_of_the_queue, &[]).unwrap() else {
                return Some(());
            };
            let hint: String = row.get(0);
            assert!(cluster.psql(APP, &hint).status.success(), "{hint}");
            if first.is_empty() {
                first = hint;
            }
            None
        });
        becomes_well(cluster, "queue");
        let widened = narrow.replace("= 1", "= 2");
        assert!(first.starts_with(&format!("update {widened}")), "{first}");
    }
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

#[test]
fn one_doctor_asks_retell_once_about_each_agent_however_long_that_takes() {
    const AGENTS: usize = 60;
    let practice = Practice::builder()
        .setting("vioconcierge.max_in_flight", 2)
        .open();
    // a round takes longer than what was just asked counts as new
    let slowly = CreateFault::answer_after(Duration::from_millis(60));
    practice
        .retell
        .script(Script::path("/get-agent").answer(slowly));
    practice.run(&format!(
        "insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number, credential_id) \
         select 'Practice ' || n, 'America/New_York', 'agent_of_' || n, '+1212555' || (2000 + n), t.credential_id \
         from vioc.tenants as t, generate_series(1, {AGENTS}) as n where t.id = 1"
    ));
    practice.run("select * from vioc_doctor()");
    practice.wait_for(
        "an answer about each",
        "select count(*) filter (where answered_at >= asked_at) > 60 and bool_and(answered_at >= asked_at) from vioc.retell_checks",
    );
    // whatever the worker would still ask goes before this call's look-up
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    let asked = practice.retell.requests().into_iter();
    let mut times = std::collections::BTreeMap::new();
    for request in asked.filter(|it| it.path.contains("/get-agent/")) {
        *times.entry(request.path).or_insert(0) += 1;
    }
    assert!(times.len() > AGENTS, "{}", times.len());
    times.retain(|_, times| *times > 1);
    assert!(times.is_empty(), "asked more than once: {times:?}");
}
