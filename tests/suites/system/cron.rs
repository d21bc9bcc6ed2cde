//! pg_cron decides who becomes due: in the same database, in another one, or not at all.

use std::time::Duration;

use retell_simulator::{Config, Simulator};
use vioc_tests::Cluster;
use vioc_tests::practice::{APP, Practice, cluster, new_number};
use vioc_tests::wait::wait_until;

/// A minute and a little: pg_cron looks at its jobs when the minute begins.
const A_MINUTE: Duration = Duration::from_secs(75);

/// Name, schedule, command, database of the extension's jobs.
fn jobs(cluster: &Cluster, database: &str) -> Vec<(String, String, String, String)> {
    let sql = "select jobname, schedule, command, database from cron.job where jobname like 'vioconcierge%' order by jobname";
    let rows = cluster.connect(database).query(sql, &[]).unwrap();
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3)))
        .collect()
}

fn refusal(practice: &Practice, role: &str, statement: &str) -> String {
    let mut client = practice.cluster.connect_as(APP, role);
    crate::told(&client.batch_execute(statement).unwrap_err())
}

#[test]
fn on_the_minute_pg_cron_calls_the_due_contacts_of_live_tenants_here_and_in_another_database() {
    let retell = Simulator::start(Config::default()).unwrap();
    let cluster = Cluster::builder()
        .databases([APP, "second"])
        .cron_database(APP)
        .setting("vioconcierge.legal_hours", "00:00-24:00")
        .setting("vioconcierge.api_base_url", retell.url())
        .start();
    let practice = Practice::over(cluster, retell);
    practice.run("create extension pg_cron");
    let not_live = practice.new_tenant("Not live", "+12125550101", Some("key_of_the_other_bbbb"));
    let due = practice.due_contacts(practice.tenant, 3);
    practice.due_contacts(not_live, 2);
    let later = practice.contact(&new_number());
    practice.run(&format!("select vioc_go_live({})", practice.tenant));
    practice.run("select vioc_install_schedule()");

    practice.cluster.create_extension("second");
    let mut second = practice.cluster.connect("second");
    second
        .batch_execute(
            "insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number) values ('Second', 'Africa/Abidjan', 'agent_2', '+12125550102');
             select vioc_set_credentials(1, 'key_of_the_second_cccc');
             insert into vioc.contacts (tenant_id, name, phone, appointment_time, call_at) values (1, 'B', '+16462000000', now() + interval '1 day', now());
             select vioc_go_live(1);",
        )
        .unwrap();
    let told = crate::told(
        &second
            .batch_execute("select vioc_install_schedule()")
            .unwrap_err(),
    );
    practice.run(&statement_for(APP, &told));

    practice.wait_at_most(
        "the due contacts to be called by pg_cron",
        A_MINUTE,
        "select count(*) = 3 from vioc.calls where status = 'completed'",
    );
    wait_until(
        "the contact of the other database to be called",
        A_MINUTE,
        || {
            let sql = "select exists (select from vioc.calls where retell_call_id is not null)";
            second
                .query_one(sql, &[])
                .unwrap()
                .get::<_, bool>(0)
                .then_some(())
        },
    );
    practice.wait_for(
        "pg_cron to have written down both runs",
        "select count(distinct database) = 2 from cron.job_run_details where command like '%run_enqueue%' and status = 'succeeded'",
    );
    let called: Vec<i64> = practice.ask(
        "select array_agg(contact_id order by contact_id) from vioc.calls",
        &[],
    );
    assert_eq!(called, due);
    assert_eq!(practice.contact_status(later), "scheduled");
    assert_eq!(practice.retell.counters().dials, 4);
}

#[test]
fn the_schedule_is_installed_once_changed_by_name_and_removed() {
    let practice = Practice::builder()
        .cluster(|it| it.cron_database(APP))
        .open();
    let told = refusal(&practice, "postgres", "select vioc_install_schedule()");
    assert!(
        told.starts_with("55000") && told.contains("create extension pg_cron"),
        "{told}"
    );
    practice.run("create extension pg_cron");
    practice.run("select vioc_install_schedule(); select vioc_install_schedule()");
    let installed = jobs(&practice.cluster, APP);
    let enqueue: Vec<_> = installed
        .iter()
        .filter(|it| it.2.contains("run_enqueue"))
        .collect();
    assert_eq!(enqueue.len(), 1, "{installed:#?}");
    assert_eq!(enqueue[0].1, "* * * * *");
    assert!(installed.iter().all(|it| it.3 == APP), "{installed:#?}");

    practice.run("select vioc_install_schedule(every => '*/5 * * * *')");
    let changed = jobs(&practice.cluster, APP);
    assert_eq!(changed.len(), installed.len());
    assert!(
        changed
            .iter()
            .any(|it| it.1 == "*/5 * * * *" && it.2.contains("run_enqueue")),
        "{changed:#?}"
    );

    let told = refusal(
        &practice,
        "postgres",
        "select vioc_install_schedule('every now and then')",
    );
    assert!(
        told.contains("22023") && told.contains("select vioc_install_schedule('* * * * *');"),
        "{told}"
    );
    assert_eq!(jobs(&practice.cluster, APP), changed);

    practice.run("select cron.schedule('of the practice', '0 0 1 1 *', 'select 1')");
    practice.run("select vioc_remove_schedule(); select vioc_remove_schedule()");
    assert!(jobs(&practice.cluster, APP).is_empty());
    assert_eq!(
        practice.ask::<i64>("select count(*) from cron.job", &[]),
        1,
        "the practice's own job stays"
    );
}

/// What stands behind "in database postgres:" in the hint.
fn statement_for(database: &str, told: &str) -> String {
    let before = format!("in database {database}: ");
    let (_, statement) = told
        .rsplit_once(&before)
        .unwrap_or_else(|| panic!("no statement in: {told}"));
    statement.to_owned()
}

#[test]
fn where_pg_cron_lives_in_another_database_the_hint_is_the_statement_to_run_there() {
    let practice = Practice::open(); // pg_cron lives in database postgres
    practice.run("create role manager login; select vioc_grant('manager', 'admin')");
    for role in ["postgres", "manager"] {
        let there = |statement: &str| {
            let mut client = practice.cluster.connect("postgres");
            client.batch_execute(statement).unwrap();
        };
        let told = refusal(
            &practice,
            role,
            "select vioc_install_schedule('*/2 * * * *')",
        );
        assert!(told.starts_with("55000"), "{told}");
        // also where it is loaded but not created, and twice
        let statement = statement_for("postgres", &told);
        there(&statement);
        there(&statement);
        let installed = jobs(&practice.cluster, "postgres");
        assert_eq!(installed.len(), 3, "{installed:#?}");
        let enqueue: Vec<_> = installed
            .iter()
            .filter(|it| it.2.contains("run_enqueue"))
            .collect();
        assert_eq!(enqueue.len(), 1, "{installed:#?}");
        assert_eq!((&*enqueue[0].1, &*enqueue[0].3), ("*/2 * * * *", APP));
        let contact = practice.contact(&new_number());
        practice.run(&format!(
            "update vioc.contacts set call_at = now() where id = {contact}"
        ));
        practice.run(&format!("select vioc_go_live({})", practice.tenant));
        practice.connect().batch_execute(&enqueue[0].2).unwrap();
        practice.wait_for_contact(contact, &["confirmed"]);

        let told = refusal(&practice, role, "select vioc_remove_schedule()");
        there(&statement_for("postgres", &told));
        assert!(jobs(&practice.cluster, "postgres").is_empty());
    }
}

/// Functions of the same names and arguments as all public ones in a new schema public, and in a schema that is searched
/// before PostgreSQL's own, with the operators that a job needs. Each notes who ran it.
const LOOK_ALIKES: &str = r#"
    set role owner;
    alter schema public rename to once_public;
    create schema public;
    create schema evil;
    create table evil.ran (what text, who text);
    create function evil.note(what text) returns void language plpgsql as $$
      begin insert into evil.ran values (what, current_user || ' ' || session_user); end $$;
    do $$
    declare
      f record;
    begin
      for f in
        select p.oid, p.proname, pg_get_function_identity_arguments(p.oid) as arguments, n.nspname
        from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
        where p.proname ~ '^vioc_' and n.nspname = 'once_public' and p.prokind = 'f'
      loop
        execute format('create function public.%I(%s) returns integer language plpgsql as %L', f.proname,
          (select string_agg(format_type(a.t, null), ', ') from unnest((select proargtypes from pg_proc where oid = f.oid)::oid[]) as a (t)),
          format('begin perform evil.note(%L); return 0; end', f.proname));
      end loop;
      for f in
        select o.oid, o.oprname, format_type(o.oprleft, null) as l, format_type(o.oprright, null) as r
        from pg_operator as o
        where o.oprname in ('=', '<', '<=', '-') and o.oprleft in ('integer'::regtype, 'name'::regtype, 'oid'::regtype, 'text'::regtype, '"char"'::regtype, 'timestamptz'::regtype)
          and o.oprright <> 0
      loop
        execute format('create function evil.operate_%s(%s, %s) returns boolean language plpgsql as %L', f.oid, f.l, f.r, format('begin perform evil.note(%L); return true; end', f.oprname));
        execute format('create operator evil.%s (function = evil.operate_%s, leftarg = %s, rightarg = %s)', f.oprname, f.oid, f.l, f.r);
      end loop;
    end $$;
    create function evil.set_config(text, text, boolean) returns text language plpgsql as $$ begin perform evil.note('set_config'); return ''; end $$;
    create function evil.now() returns timestamptz language plpgsql as $$ begin perform evil.note('now'); return null; end $$;
    create function evil.to_regprocedure(text) returns regprocedure language plpgsql as $$ begin perform evil.note('to_regprocedure'); return null; end $$;
    alter database app set search_path = evil, pg_catalog;"#;

fn what_ran(practice: &Practice) -> Vec<String> {
    let sql = "select format('%s by %s', what, who) from evil.ran";
    let rows = practice.connect().query(sql, &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn the_jobs_run_nothing_that_the_owner_of_the_database_has_put_in_place_of_the_extension() {
    let practice = Practice::builder()
        .cluster(|it| it.cron_database(APP))
        .open();
    practice.run(
        "create extension pg_cron; create role owner login; alter database app owner to owner",
    );
    practice.run("select vioc_install_schedule()");
    let installed = jobs(&practice.cluster, APP);
    assert_eq!(installed.len(), 3);
    let due = practice.due_contacts(practice.tenant, 2);
    practice.run(&format!("select vioc_go_live({})", practice.tenant));
    practice.run(LOOK_ALIKES);

    // as pg_cron does: a session of its own, as the superuser, one command
    let run = |command: &str| practice.connect().batch_execute(command);
    for job in &installed {
        run(&job.2).unwrap();
    }
    practice.wait_for(
        "the due contacts to be called: the jobs work",
        &format!("select count(*) operator(pg_catalog.=) 2 from vioc.calls where contact_id in ({}, {}) and retell_call_id is not null", due[0], due[1]),
    );
    assert_eq!(what_ran(&practice), Vec::<String>::new());

    // the jobs go with the extension
    practice.run("drop extension vioconcierge");
    assert!(jobs(&practice.cluster, APP).is_empty());

    // and if they had not, or come back with a dump of pg_cron's
    practice.run(
        "set role owner; create schema vioc;
         create function vioc.run_enqueue() returns boolean language plpgsql as $$ begin perform evil.note('run_enqueue'); return false; end $$;
         create function vioc.run_purge() returns boolean language plpgsql as $$ begin perform evil.note('run_purge'); return false; end $$;",
    );
    for job in &installed {
        run(&job.2).unwrap();
    }
    assert_eq!(what_ran(&practice), Vec::<String>::new());
}

#[test]
fn drop_extension_takes_the_jobs_along_for_who_may_drop_it_and_only_with_its_transaction() {
    let practice = Practice::builder()
        .cluster(|it| it.cron_database(APP))
        .open();
    practice.run("create extension pg_cron; create role nobody_in_particular login");
    practice.run("select vioc_install_schedule()");
    let told = refusal(
        &practice,
        "nobody_in_particular",
        "drop extension vioconcierge",
    );
    assert!(told.contains("must be owner of extension"), "{told}");
    practice.run("begin; drop extension vioconcierge; rollback");
    assert_eq!(jobs(&practice.cluster, APP).len(), 3);
    practice.run("drop extension if exists no_such_extension, vioconcierge cascade");
    assert!(jobs(&practice.cluster, APP).is_empty());

    // pg_cron in another database: nothing stops the drop
    let elsewhere = Practice::open();
    elsewhere.run("drop extension vioconcierge");
}

#[test]
fn the_jobs_may_run_as_a_role_that_may_do_nothing_else() {
    let practice = Practice::builder()
        .cluster(|it| it.cron_database(APP))
        .open();
    practice.run("create extension pg_cron");
    let install = "select vioc_install_schedule(run_as => 'clockwork')";
    let told = refusal(&practice, "postgres", install);
    assert!(told.starts_with("42704"), "{told}");
    practice.run("create role clockwork login");
    let told = refusal(&practice, "postgres", install);
    assert!(
        told.starts_with("42501") && told.contains("select vioc_grant('clockwork', 'scheduler')"),
        "{told}"
    );
    practice.run("select vioc_grant('clockwork', 'scheduler')");
    practice.run(install);
    let due = practice.due_contacts(practice.tenant, 1)[0];
    practice.run(&format!("select vioc_go_live({})", practice.tenant));
    practice.wait_at_most(
        "the due contact to be called by the role's job",
        A_MINUTE,
        &format!(
            "select count(*) = 1 from vioc.calls where contact_id = {due} and status = 'completed'"
        ),
    );
    practice.wait_for(
        "the run to be recorded",
        "select bool_or(ran_at is not null) from vioc.last_runs where task = 'enqueue'",
    );
    let by: Vec<String> = practice.ask(
        "select array_agg(distinct username::text) from cron.job where jobname ~ 'enqueue|purge'",
        &[],
    );
    assert_eq!(by, ["clockwork"]);
    for statement in [
        "select vioc_enqueue_due()",
        "select vioc_purge()",
        "select count(*) from vioc.contacts",
        "select count(*) from vioc.calls",
        "select vioc.enqueue_piece(1, 'me')",
        "select vioc_install_schedule()",
    ] {
        let told = refusal(&practice, "clockwork", statement);
        assert!(told.starts_with("42501"), "{statement}: {told}");
    }
    // it goes as any access goes
    practice.run("select vioc_revoke('clockwork', 'scheduler')");
    let told = refusal(&practice, "clockwork", "select vioc.run_enqueue()");
    assert!(told.starts_with("42501"), "{told}");
    practice.run("select vioc_remove_schedule(); drop role clockwork");
}

#[test]
fn without_pg_cron_the_extension_is_created_with_a_notice_and_calls_are_made_by_hand() {
    let retell = Simulator::start(Config::default()).unwrap();
    let cluster = cluster()
        .preload("vioconcierge")
        .setting("client_min_messages", "notice")
        .setting("vioconcierge.api_base_url", retell.url())
        .start();
    // Elsewhere: in the served database the worker would use it at once.
    let output = cluster.psql(
        "postgres",
        "create extension vioconcierge; drop extension vioconcierge;",
    );
    assert!(output.status.success(), "{output:?}");
    let practice = Practice::over(cluster, retell);
    let told = refusal(&practice, "postgres", "select vioc_install_schedule()");
    assert!(
        told.starts_with("55000") && told.contains("pg_cron"),
        "{told}"
    );
    practice.due_contacts(practice.tenant, 2);
    practice.run(&format!("select vioc_go_live({})", practice.tenant));
    assert_eq!(practice.ask::<i32>("select vioc_enqueue_due()", &[]), 2);
    assert_eq!(practice.ask::<i32>("select vioc_enqueue_due()", &[]), 0);
    practice.wait_for(
        "both to be called",
        "select count(*) = 2 from vioc.calls where status = 'completed'",
    );
    let notice = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        notice.contains("NOTICE") && notice.contains("pg_cron"),
        "{notice}"
    );
}
