//! What the worker's process meets: limits of memory and of files, signals, locks, errors, other workers. It survives, says so,
//! and each call is one dial.

use std::time::{Duration, Instant};

use retell_simulator::{Config, CreateFault, Script, Simulator, WebhookFault};
use rustix::process::{Pid, Signal, kill_process};
use vioc_tests::cluster::{as_server_user, new_directory};
use vioc_tests::practice::{APP, Practice, Queued, call_contact, cluster, new_number};
use vioc_tests::wait::{LONG, poll, wait_until};
use vioc_tests::{Cluster, Stop};

/// Sets a limit of a running process: `--nofile=40:`, `--as=400000000:`.
#[track_caller]
fn limit(pid: i32, limit: &str) {
    let mut tool = as_server_user("prlimit");
    tool.args(["--pid", &pid.to_string(), limit]);
    assert!(tool.status().unwrap().success(), "{limit}");
}

fn bytes_of_address_space(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("VmSize:"));
    let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
    kilobytes.parse::<u64>().unwrap() * 1024
}

fn starts(cluster: &Cluster) -> usize {
    let log = cluster.log();
    log.matches("terminated by signal").count()
}

fn calls(practice: &Practice, count: usize) -> Vec<Queued> {
    let call = |_| practice.call_number(&new_number());
    (0..count).map(call).collect()
}

#[test]
fn answers_larger_together_than_the_memory_end_nothing_and_it_is_said() {
    const MIB: u64 = 1024 * 1024;
    let practice = Practice::builder()
        .setting("vioconcierge.max_in_flight", 64)
        .retell(|it| it.deliver_webhooks = false)
        .open();
    let all = calls(&practice, 48);
    for call in &all {
        practice.wait_for_call(call.id, &["placed"]);
    }
    assert!(practice.retell.wait_until_idle(LONG));
    let worker = practice.cluster.worker_pid(APP);
    limit(
        worker,
        &format!("--as={}:", bytes_of_address_space(worker) + 300 * MIB),
    );
    // as long as they may be, to many questions at once: 32 times 7 MiB
    practice
        .retell
        .script(Script::path("/v2/get-call/").answer(CreateFault::huge(7 * 1024 * 1024)));
    practice.run("update vioc.calls set look_up_at = now() where status <> 'completed'");
    practice.wait_for(
        "the worker to say that answers were cut",
        "select last_error ~ 'an answer of Retell was cut' from vioc.worker_status",
    );
    practice.wait_for(
        "the doctor to say so, or that a statement had no memory",
        "select bool_or(detail ~ 'was cut|out of memory') from vioc_doctor() where check_name = 'worker'",
    );
    // nobody else waits, and what was cut is asked for again
    let other = practice.call_number(&new_number());
    practice.wait_for_call(other.id, &["placed"]);
    practice.retell.clear_scripts();
    assert!(practice.retell.wait_until_idle(LONG));
    practice.wait_for("all to be known", "with again as (update vioc.calls set look_up_at = now() where is_open and status <> 'ended' and look_up_at > now() + interval '5 s' returning 1) select not exists (select from vioc.calls where is_open)");
    assert_eq!(practice.cluster.worker_pid(APP), worker, "it lives");
    assert_eq!(starts(&practice.cluster), 0, "and so does the server");
    for call in all.iter().chain([&other]) {
        assert_eq!(practice.dials(call), 1);
    }
}

#[test]
fn an_answer_longer_than_any_may_be_is_said_to_be_cut() {
    let practice = Practice::builder()
        .setting("vioconcierge.max_body_size", "64kB")
        .open();
    let phone = new_number();
    practice.retell.script(
        Script::to_number(&phone)
            .times(1)
            .create(CreateFault::huge(200_000)),
    );
    let call = practice.call_number(&phone);
    practice.wait_for(
        "the worker to say so",
        "select last_error ~ 'vioconcierge.max_body_size' from vioc.worker_status",
    );
    // its webhooks are small
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.dials(&call), 1);
}

#[test]
fn without_a_free_descriptor_the_worker_lives_says_so_and_calls_each_once_when_there_are_some() {
    let practice = Practice::builder()
        .setting("vioconcierge.max_in_flight", 64)
        .setting("vioconcierge.reconcile_after", "1s")
        .open();
    let first = practice.call_number(&new_number());
    practice.wait_for_call(first.id, &["completed"]);
    let worker = practice.cluster.worker_pid(APP);
    // fewer than it has open already; and its connection is lost
    limit(worker, "--nofile=20:");
    let phone = new_number();
    practice.retell.script(
        Script::to_number(&phone)
            .times(1)
            .create(CreateFault::reset_before_creating()),
    );
    let mut all = vec![practice.call_number(&phone)];
    all.extend(calls(&practice, 40));
    practice.wait_for(
        "it to say what is capped (the doctor's row is tested there)",
        "select capacity = 1 from vioc.worker_status",
    );
    limit(worker, "--nofile=1024:");
    for call in &all {
        practice.wait_for_call(call.id, &["completed"]);
        assert_eq!(practice.dials(call), 1);
    }
    assert_eq!(practice.cluster.worker_pid(APP), worker, "it lives");
    assert_eq!(starts(&practice.cluster), 0);
}

#[test]
fn a_commit_that_waits_for_an_absent_standby_is_said() {
    let practice = Practice::open();
    let contact = practice.contact(&new_number());
    practice
        .cluster
        .set("synchronous_standby_names", "\"nobody\"");
    let mut app = practice.connect();
    app.batch_execute("set synchronous_commit = local").unwrap();
    let call = call_contact(&mut app, contact);
    practice.wait_at_most(
        "the worker to look stuck",
        Duration::from_secs(60),
        "select state = 'stuck' from vioc.worker_status",
    );
    let (detail, hint): (String, String) = {
        let row = app
            .query_one(
                "select detail, hint from vioc_doctor() where check_name = 'worker' and not ok",
                &[],
            )
            .unwrap();
        (row.get(0), row.get(1))
    };
    assert!(
        detail.contains("its commit waits for a synchronous standby"),
        "{detail}"
    );
    assert!(hint.contains("synchronous_standby_names"), "{hint}");
    assert!(practice.creates().is_empty());
    practice.cluster.reset("synchronous_standby_names");
    practice.wait_for_call(call.id, &["completed"]);
    practice.wait_for(
        "it to be ready",
        "select state = 'ready' from vioc.worker_status",
    );
    assert_eq!(practice.dials(&call), 1);
}

#[test]
fn why_retell_is_not_reached_is_in_worker_status_and_doctor_until_it_is() {
    let practice = Practice::open();
    for (url, reason) in [
        // nobody listens; no such name
        ("http://127.0.0.1:9".to_owned(), "connection refused"),
        (
            "https://no.such.name.invalid".to_owned(),
            "name lookup failed",
        ),
    ] {
        practice.set("vioconcierge.api_base_url", &url);
        let call = practice.call_number(&new_number());
        practice.wait_for(
            &format!("the worker to say {reason}"),
            &format!("select retell_error ~ '{reason}' and retell_error_at is not null from vioc.worker_status"),
        );
        practice.wait_for(
            "the doctor to say it too",
            &format!("select bool_or(not ok and detail ~ '{reason}') from vioc_doctor() where check_name = 'keys_accepted'"),
        );
        practice.set("vioconcierge.api_base_url", &practice.retell.url());
        practice.wait_for_call(call.id, &["completed"]);
        practice.wait_for(
            "it to be forgotten",
            "select retell_error is null from vioc.worker_status",
        );
        assert_eq!(practice.dials(&call), 1);
    }
}

/// Processes of this server whose title has these words, found without asking the server.
fn processes(cluster: &Cluster, title: &str) -> Vec<i32> {
    let pid_file = std::fs::read_to_string(cluster.data_dir().join("postmaster.pid")).unwrap();
    let postmaster = pid_file.lines().next().unwrap().to_owned();
    let children = format!("/proc/{postmaster}/task/{postmaster}/children");
    let children = std::fs::read_to_string(children).unwrap_or_default();
    let has_title = |pid: &&str| {
        std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|it| it.contains(title))
    };
    let found = children.split_whitespace().filter(has_title);
    found.filter_map(|pid| pid.parse().ok()).collect()
}

#[test]
fn a_worker_told_to_stop_while_it_starts_ends() {
    let practice = Practice::open();
    let cluster = &practice.cluster;
    for round in 0..12_u64 {
        let before = cluster.worker_pid(APP);
        kill_process(Pid::from_raw(before).unwrap(), Signal::KILL).unwrap();
        // the server recovers, and starts another one; its title is there before its handlers are
        let began = Instant::now();
        let starting = loop {
            let found = processes(cluster, "vioconcierge worker");
            if let Some(pid) = found.into_iter().find(|pid| *pid != before) {
                break Pid::from_raw(pid).unwrap();
            }
            assert!(began.elapsed() < LONG, "no worker starts");
        };
        // at another moment each time
        let later = Instant::now() + Duration::from_micros(round * round * 60);
        while Instant::now() < later {
            std::hint::spin_loop();
        }
        let _ = kill_process(starting, Signal::TERM);
        wait_until("the worker to end", Duration::from_secs(10), || {
            rustix::process::test_kill_process(starting)
                .is_err()
                .then_some(())
        });
    }
    let began = Instant::now();
    cluster.restart(Stop::Fast);
    assert!(began.elapsed() < Duration::from_secs(15));
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
}

#[test]
fn an_answer_to_a_question_outlives_a_lock_and_a_stop_does_not_wait_for_it() {
    let practice = Practice::builder()
        .setting("vioconcierge.request_timeout", "5s")
        .setting("vioconcierge.reconcile_after", "1s")
        .open();
    let phone = new_number();
    practice.retell.script(
        Script::to_number(&phone)
            .times(1)
            .create(CreateFault::reset_before_creating()),
    );
    practice.retell.script(
        Script::path("/v3/list-calls").answer(CreateFault::answer_after(Duration::from_secs(2))),
    );
    let call = practice.call_number(&phone);
    let questions = || {
        let all = practice.retell.requests();
        all.iter().filter(|it| it.path == "/v3/list-calls").count()
    };
    wait_until("Retell to be asked", LONG, || {
        (questions() > 0).then_some(())
    });
    let asked = questions();
    let mut holder = practice.connect();
    holder
        .batch_execute("begin; lock table vioc.calls in access exclusive mode")
        .unwrap();
    let mut other = practice.connect();
    poll(LONG, || {
        let row = other
            .query_one("select problem ~ '55P03' from vioc.worker_report()", &[])
            .unwrap();
        row.get::<_, Option<bool>>(0)?.then_some(())
    })
    .expect("the worker says that it waits for a lock");
    // until the answer has come and was kept out
    assert!(practice.retell.wait_until_idle(LONG));
    std::thread::sleep(Duration::from_secs(2)); // and its next tries
    holder.batch_execute("rollback").unwrap();
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(
        questions(),
        asked,
        "the answer was there: it is not asked again"
    );
    assert_eq!(practice.dials(&call), 1);

    // told to stop while a table is locked
    let worker = practice.cluster.worker_pid(APP);
    holder
        .batch_execute("begin; lock table vioc.calls in access exclusive mode")
        .unwrap();
    let began = Instant::now();
    let ended: bool = other
        .query_one("select pg_terminate_backend($1, 20000)", &[&worker])
        .unwrap()
        .get(0);
    let took = began.elapsed();
    assert!(ended && took < Duration::from_secs(6), "{took:?}");
    holder.batch_execute("rollback").unwrap();
}

#[test]
fn a_null_or_an_unknown_request_is_an_error_and_asks_nothing_of_retell() {
    let practice = Practice::open();
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    practice.run(
        "create or replace function vioc.claim_look_ups(p_limit integer, p_now timestamptz)
         returns table (call_id bigint, kind text, path text, body text, api_key text)
         language sql as $$ select 1::bigint, 'guess', '/v2/get-call/x', null, 'key' $$",
    );
    practice.wait_for(
        "the request to be refused",
        "select last_error like '%knows no request to Retell named guess%' from vioc.worker_status",
    );
    practice.run(
        "create or replace function vioc.claim_look_ups(p_limit integer, p_now timestamptz)
         returns table (call_id bigint, kind text, path text, body text, api_key text)
         language sql as $$ select null::bigint, 'get', '/v2/get-call/x', null, 'key' $$",
    );
    practice.wait_for(
        "the null to be refused",
        "select last_error like 'column 1 of a statement of the worker is null%' from vioc.worker_status",
    );
    let asked = practice.retell.requests();
    assert!(!asked.iter().any(|it| it.path == "/v2/get-call/x"));
}

#[test]
fn after_an_error_the_worker_pauses_whatever_traffic_there_is() {
    let practice = Practice::open();
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    let contacts: Vec<_> = (0..150).map(|_| practice.contact(&new_number())).collect();
    practice.run("alter table vioc.calls rename column look_up_at to looked_up");
    practice.wait_for(
        "the error to be said",
        "select last_error like '%SQLSTATE 42703%' from vioc.worker_status",
    );
    let rounds = || {
        let sql = "select xact_rollback from pg_stat_database where datname = current_database()";
        practice.ask::<i64>(sql, &[])
    };
    let before = rounds();
    let began = Instant::now();
    let mut app = practice.connect();
    // each commit wakes it
    let mut woken = 0;
    for contact in contacts.iter().cycle() {
        let sql = "select vioc.wake_worker(), $1::bigint";
        app.query_one(sql, &[contact]).unwrap();
        woken += 1;
        if began.elapsed() > Duration::from_secs(4) {
            break;
        }
    }
    // statistics are written down within a moment
    let failed = rounds() - before;
    assert!(
        woken > 100 && failed <= 12,
        "{failed} rounds failed in four seconds, woken {woken} times"
    );
    let log = practice.cluster.log();
    let complaints = log.matches("SQLSTATE 42703").count();
    assert!(complaints <= 4, "{complaints} lines in the log");
    practice.run("alter table vioc.calls rename column looked_up to look_up_at");
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
}

#[test]
fn another_databases_worker_comes_and_goes_and_connections_stay() {
    let retell = Simulator::start(Config::default()).unwrap();
    let cluster = cluster()
        .databases(["second"])
        .setting("vioconcierge.api_base_url", retell.url())
        .setting("vioconcierge.max_in_flight", 8)
        .start();
    let practice = Practice::over(cluster, retell);
    practice.cluster.worker_pid("second");
    let has_capacity = |capacity: i32| {
        practice.wait_for(
            &format!("a capacity of {capacity}"),
            &format!("select capacity = {capacity} from vioc.worker_status"),
        );
    };
    // a listed database without the extension takes no share
    has_capacity(8);
    practice
        .retell
        .script(Script::any().webhook(WebhookFault::never()));
    let first = practice.call_number(&new_number());
    practice.wait_for_call(first.id, &["placed"]);
    // more than can be sent at once: they wait for a thread while the other worker comes
    practice
        .retell
        .script(Script::any().create(CreateFault::answer_after(Duration::from_millis(400))));
    practice.due_contacts(practice.tenant, 60);
    practice.run("select vioc_go_live(1); select vioc_enqueue_due()");
    practice.wait_for_creates(10);
    practice.cluster.create_extension("second");
    has_capacity(4);
    practice
        .cluster
        .connect("second")
        .batch_execute("drop extension vioconcierge")
        .unwrap();
    has_capacity(8);
    practice.wait_for(
        "all to be placed",
        "select not exists (select from vioc.calls where status in ('queued', 'dispatching'))",
    );
    let given_back: i64 = practice.ask(
        "select count(*) from vioc.calls where error is not null or sends > 1",
        &[],
    );
    assert_eq!(given_back, 0, "no call was returned to the queue");
    assert_eq!(practice.retell.counters().dials, 61);
    let connections: std::collections::BTreeSet<_> =
        practice.creates().iter().map(|it| it.connection).collect();
    assert!(
        connections.len() <= 9,
        "connections were lost: {connections:?}"
    );
}

#[test]
fn what_a_stop_has_in_hand_is_written_down_together() {
    let practice = Practice::builder()
        .setting("vioconcierge.max_in_flight", 64)
        .setting("track_commit_timestamp", "on")
        .retell(|it| it.deliver_webhooks = false)
        .open();
    practice
        .retell
        .script(Script::any().create(CreateFault::answer_after(Duration::from_millis(1200))));
    practice.due_contacts(practice.tenant, 60);
    practice.run("select vioc_go_live(1); select vioc_enqueue_due()");
    practice.wait_for_creates(60);
    practice.cluster.restart(Stop::Fast);
    let row = practice
        .connect()
        .query_one(
            "select count(*), count(distinct placed_at) from vioc.calls where placed_at is not null and unconfirmed_at is null",
            &[],
        )
        .unwrap();
    let (placed, pieces): (i64, i64) = (row.get(0), row.get(1));
    assert!(placed >= 55, "only {placed} were written down");
    assert!(pieces <= 8, "in {pieces} pieces");
}

#[test]
fn a_key_file_with_a_second_line_is_refused_with_its_reason_and_retell_is_not_blamed() {
    let secrets = new_directory(false).join("secrets");
    std::fs::create_dir_all(&secrets).unwrap();
    let file = secrets.join("retell.key");
    std::fs::write(&file, vioc_tests::practice::KEY).unwrap();
    let practice = Practice::builder()
        .setting("vioconcierge.secrets_dir", secrets.display())
        .open();
    practice.run("select vioc_set_credentials(1, 'file:retell.key'); delete from vioc.credential_keys where valid_until is not null");
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);

    std::fs::write(&file, format!("{}\nkey_old\n", vioc_tests::practice::KEY)).unwrap();
    let contact = practice.contact(&new_number());
    let _ = practice
        .connect()
        .query_one("select vioc_call_contact($1)", &[&contact]);
    practice.wait_for(
        "the doctor to say why",
        "select bool_or(not ok and detail ~ 'more lines than one') from vioc_doctor() where check_name = 'keys'",
    );
    let blamed: bool = practice.ask(
        "select retell_error is not null from vioc.worker_status",
        &[],
    );
    assert!(!blamed);
    std::fs::write(&file, vioc_tests::practice::KEY).unwrap();
    practice.run("select vioc_resume(1)");
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
}

#[test]
fn a_prepared_transaction_is_no_longer_its_sessions() {
    let practice = Practice::builder()
        .setting("max_prepared_transactions", 4)
        .open();
    practice.due_contacts(practice.tenant, 3);
    practice.run("select vioc_go_live(1)");
    let mut app = practice.connect();
    app.batch_execute("begin; select vioc_enqueue_due(); prepare transaction 'later'")
        .unwrap();
    let shown: i64 = practice.ask(
        "select count(*) from vioc.progress where task = 'enqueue'",
        &[],
    );
    assert_eq!(shown, 0, "the work is over");
    // the next one wakes the worker as ever
    let contact = practice.contact(&new_number());
    let began = Instant::now();
    call_contact(&mut app, contact);
    practice.wait_for_creates(1);
    assert!(began.elapsed() < Duration::from_secs(2));
    practice.run("commit prepared 'later'");
    practice.wait_for_creates(4);
}
