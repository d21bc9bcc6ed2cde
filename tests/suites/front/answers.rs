//! What the caller gets back.

use serde_json::json;
use vioc_tests::http::Request;

use crate::{Site, code};

#[test]
fn each_kind_of_result_has_its_form() {
    let site = Site::with(
        "create type receipt as (call_id bigint, status text);
         create function r_void() returns void language sql volatile as $$ select $$;
         create function r_json() returns json language sql volatile as $$ select '{ \"a\" :  1.0 }'::json $$;
         create function r_jsonb() returns jsonb language sql volatile as $$ select '{\"a\":1}'::jsonb $$;
         create function r_int() returns int language sql volatile as $$ select 7 $$;
         create function r_text() returns text language sql volatile as $$ select 'a\"b' $$;
         create function r_null() returns text language sql volatile as $$ select null::text $$;
         create function r_one(id bigint) returns receipt language sql volatile as $$ select id, 'queued' $$;
         create function r_out(out a int, out b int) language sql volatile as $$ select 1, 2 $$;
         create function r_rows() returns table (a int) language sql volatile as $$ select * from generate_series(1, 2) $$;
         create function r_set() returns setof int language sql volatile as $$ select * from generate_series(1, 3) $$;
         create function r_none() returns setof receipt language sql volatile as $$ select 1::bigint, '' where false $$;",
    );
    let cases = [
        ("r_json", r#"{ "a" :  1.0 }"#),
        ("r_jsonb", r#"{"a": 1}"#),
        ("r_int", "7"),
        ("r_text", r#""a\"b""#),
        ("r_null", "null"),
        ("r_out", r#"{"a":1,"b":2}"#),
        ("r_set", "[1, 2, 3]"),
        ("r_none", "[]"),
        ("r_set?limit=2", "[1, 2]"),
    ];
    for (function, body) in cases {
        let answer = site.post(&format!("/rpc/{function}"), "{}");
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, body),
            "{function}"
        );
        assert_eq!(
            answer.last("content-type"),
            Some(&b"application/json; charset=utf-8"[..])
        );
    }
    assert_eq!(
        site.post("/rpc/r_one", r#"{"id":42}"#).json(),
        json!({"call_id": 42, "status": "queued"})
    );
    assert_eq!(
        site.post("/rpc/r_rows", "{}").json(),
        json!([{"a": 1}, {"a": 2}])
    );
    let nothing = site.post("/rpc/r_void", "{}");
    assert_eq!(
        (
            nothing.status,
            nothing.body.len(),
            nothing.last("content-type")
        ),
        (204, 0, None)
    );
}

#[test]
fn a_function_sets_status_and_headers_and_its_rows_are_kept() {
    let site = Site::with(
        "create function refused(json) returns jsonb language plpgsql volatile as $$ begin
           insert into seen values (null, 'refused');
           perform set_config('response.status', '401', true);
           perform set_config('response.headers', '[{\"X-Why\": \"a\"}, {\"X-Line\": \"b\\r\\nX-Injected: c\"}]', true);
           return '{\"status\":\"refused\"}'; end $$;
         create function accepted() returns void language sql volatile as $$ select set_config('response.status', '202', true) $$;
         create function odd_status() returns void language sql volatile as $$ select set_config('response.status', 'x', true) $$;
         create function odd_headers() returns void language sql volatile as $$ select set_config('response.headers', '{}', true) $$;",
    );
    let answer = site.post("/rpc/refused", "{}");
    assert_eq!(
        (answer.status, answer.json()),
        (401, json!({"status": "refused"}))
    );
    assert_eq!(answer.last("x-why"), Some(&b"a"[..]));
    assert_eq!(answer.last("x-injected"), None);
    let line = answer.last("x-line").unwrap_or_default();
    assert!(line.starts_with(b"b") && line.ends_with(b"X-Injected: c"));
    assert_eq!(answer.last("www-authenticate"), None);
    assert_eq!(site.ask("select count(*)::text from seen"), "1");
    let accepted = site.post("/rpc/accepted", "{}");
    assert_eq!((accepted.status, accepted.body.len()), (202, 0));
    assert_eq!(code(&site.post("/rpc/odd_status", "{}")), "PGRST112");
    assert_eq!(code(&site.post("/rpc/odd_headers", "{}")), "PGRST111");
}

#[test]
fn an_error_has_its_status_and_rolls_back() {
    let site = Site::with(
        "create function fail(state text) returns void language plpgsql volatile as $$ begin
           insert into seen values (null, 'lost');
           raise exception 'no' using errcode = state, detail = 'd', hint = 'h'; end $$;",
    );
    let cases = [
        ("PT401", 401),
        ("PT418", 418),
        ("PT503", 503),
        ("P0001", 400),
        ("22023", 400),
        ("23514", 400),
        ("P0002", 500),
        ("40001", 500),
        ("55P03", 500),
        ("57014", 500),
        ("23505", 409),
        ("28000", 403),
        ("42501", 401),
        ("53300", 503),
        ("PTabc", 400),
    ];
    for (state, status) in cases {
        let answer = site.post("/rpc/fail", json!({ "state": state }).to_string());
        assert_eq!(answer.status, status, "{state}: {}", answer.text());
        let expected = if status == 401 {
            Some(&b"Bearer"[..])
        } else {
            None
        };
        assert_eq!(answer.last("www-authenticate"), expected, "{state}");
        assert_eq!(
            answer.last("retry-after"),
            (status == 503).then_some(&b"0"[..]),
            "{state}"
        );
    }
    let answer = site.post("/rpc/fail", r#"{"state":"P0001"}"#);
    assert_eq!(
        answer.json(),
        json!({"code": "P0001", "message": "no", "details": "d", "hint": "h"})
    );
    assert_eq!(
        answer.last("proxy-status"),
        Some(&b"PostgREST; error=P0001"[..])
    );
    assert_eq!(site.ask("select count(*)::text from seen"), "0");
}

#[test]
fn the_message_of_a_pt_error_goes_into_the_status_line_unescaped() {
    let site = Site::with(
        "create function inject() returns void language plpgsql volatile as $$ begin
           raise exception using errcode = 'PT400', message = E'x\\r\\nX-Injected: yes'; end $$;",
    );
    let answer = site.post("/rpc/inject", "{}");
    assert_eq!(
        (answer.reason.as_slice(), answer.last("x-injected")),
        (&b"x"[..], Some(&b"yes"[..]))
    );
}

#[test]
fn an_error_at_commit_becomes_the_answer() {
    let site = Site::with(
        "create table parent (id int primary key);
         create table child (id int references parent deferrable initially deferred);
         grant all on child to public;
         create function orphan() returns void language sql volatile as $$ insert into child values (1) $$;",
    );
    let answer = site.post("/rpc/orphan", "{}");
    assert_eq!((answer.status, code(&answer).as_str()), (409, "23503"));
    assert_eq!(site.ask("select count(*)::text from child"), "0");
}

#[test]
fn an_accept_header_without_json_is_406_and_runs_nothing() {
    let site = Site::with(
        "create function hook(json) returns void language sql volatile as $$ insert into seen values (null, 'x') $$;",
    );
    let send = |accept: &str| {
        site.front
            .send(&Request::post("/rpc/hook", "{}").header("Accept", accept))
    };
    for accept in ["text/html", "text/plain", "application/vnd.x+json"] {
        let answer = send(accept);
        assert_eq!(
            (answer.status, code(&answer).as_str()),
            (406, "PGRST107"),
            "{accept}"
        );
    }
    assert_eq!(site.ask("select count(*)::text from seen"), "0");
    for accept in ["*/*", "application/json", "text/html, */*;q=0.1"] {
        assert_eq!(send(accept).status, 204, "{accept}");
    }
}
