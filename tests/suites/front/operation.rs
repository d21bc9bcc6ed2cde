//! How it behaves while things around it change.

use vioc_tests::http::Request;
use vioc_tests::wait::{LONG, wait_until};
use vioc_tests::{Cluster, Front, Stop};

use crate::{Site, code};

#[test]
fn a_function_made_later_is_found_after_notify_pgrst() {
    let site = Site::with("");
    let mut client = site.cluster.connect("app");
    client
        .batch_execute("create function late() returns int language sql volatile as $$ select 1 $$")
        .unwrap();
    assert_eq!(code(&site.post("/rpc/late", "{}")), "PGRST202");
    client
        .batch_execute("notify pgrst, 'reload schema'")
        .unwrap();
    wait_until("the front to know the function", LONG, || {
        (site.post("/rpc/late", "{}").status == 200).then_some(())
    });
    client.batch_execute("drop function late()").unwrap();
    let answer = site.post("/rpc/late", "{}");
    assert_eq!((answer.status, code(&answer).as_str()), (404, "42883"));
    site.front.reload_schema();
    assert_eq!(code(&site.post("/rpc/late", "{}")), "PGRST202");
}

#[test]
fn while_the_database_is_down_the_answer_is_503_and_then_it_works_again() {
    let site =
        Site::with("create function one() returns int language sql volatile as $$ select 1 $$;");
    assert_eq!(site.post("/rpc/one", "{}").status, 200);
    site.cluster.stop(Stop::Immediate);
    for _ in 0..5 {
        let answer = site.post("/rpc/one", "{}");
        assert_eq!(
            (answer.status, answer.last("retry-after")),
            (503, Some(&b"0"[..])),
            "{}",
            answer.text()
        );
    }
    site.cluster.start();
    assert_eq!(site.post("/rpc/one", "{}").status, 200);
}

#[test]
fn a_statement_timeout_of_the_function_holds() {
    let site = Site::with(
        "create function slow() returns void language plpgsql volatile set statement_timeout = '50ms'
           as $$ begin perform pg_sleep(60); end $$;",
    );
    let answer = site.post("/rpc/slow", "{}");
    assert_eq!((answer.status, code(&answer).as_str()), (500, "57014"));
}

#[test]
fn requests_run_side_by_side_up_to_the_size_of_the_pool() {
    let site = Site::with(
        "create function together() returns void language plpgsql volatile as $$ begin
           perform pg_advisory_lock_shared(1);
           perform pg_advisory_unlock_shared(1); end $$;",
    );
    let mut gate = site.cluster.connect("app");
    gate.batch_execute("select pg_advisory_lock(1)").unwrap();
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| site.post("/rpc/together", "{}").status))
            .collect();
        let sql = "select count(*)::text from pg_locks where locktype = 'advisory' and not granted";
        wait_until("four requests in the database", LONG, || {
            (site.ask(sql) == "4").then_some(())
        });
        gate.batch_execute("select pg_advisory_unlock(1)").unwrap();
        for request in waiting {
            assert_eq!(request.join().unwrap(), 204);
        }
    });
}

#[test]
fn without_an_anonymous_role_a_token_is_needed_and_other_schemas_need_a_profile() {
    let cluster = Cluster::builder().plain().databases(["app"]).start();
    let script = "create role authenticator login noinherit; create role frontdesk; grant frontdesk to authenticator;
                  create schema api; grant usage on schema api to public;
                  create function api.one() returns int language sql volatile as $$ select 1 $$;
                  create function public.two() returns int language sql volatile as $$ select 2 $$;";
    cluster.connect("app").batch_execute(script).unwrap();
    let builder = Front::builder(&cluster, "app")
        .anon_role(None)
        .schemas(["api", "public"]);
    let front = builder.jwt_secret(crate::SECRET).start();
    assert_eq!(
        code(&front.send(&Request::post("/rpc/one", "{}"))),
        "PGRST302"
    );
    let post = |target: &str| {
        Request::post(target, "{}").header(
            "Authorization",
            format!("Bearer {}", front.token("frontdesk")),
        )
    };
    assert_eq!(front.send(&post("/rpc/one")).json(), 1);
    assert_eq!(front.send(&post("/rpc/two")).status, 404);
    assert_eq!(
        front
            .send(&post("/rpc/two").header("Content-Profile", "public"))
            .json(),
        2
    );
    assert_eq!(
        code(&front.send(&post("/rpc/two").header("Content-Profile", "vioc"))),
        "PGRST106"
    );
}
