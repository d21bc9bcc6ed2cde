//! Which function is called, as whom, and what it can see of the request.

use serde_json::{Value, json};
use vioc_tests::front::jwt;
use vioc_tests::http::Request;

use crate::{SECRET, Site, code};

const FUNCTIONS: &str = "
    create function optional(id bigint, force boolean default false) returns text language sql volatile
      as $$ select format('%s %s', id, force) $$;
    create function inner_text(payload json) returns text language sql volatile as $$ select payload::text $$;
    create function nothing() returns text language sql volatile as $$ select 'none' $$;
    create function two(json, int) returns text language sql volatile as $$ select 'two' $$;
    create function trigger_like() returns trigger language plpgsql as $$ begin return new; end $$;
    create function calm(a int default 1) returns text language sql stable as $$ select 'calm' $$;
    create procedure proc() language sql as $$ select 1 $$;";

#[test]
fn the_keys_of_the_body_are_the_arguments() {
    let site = Site::with(FUNCTIONS);
    let cases = [
        ("/rpc/optional", r#"{"id":42}"#, "42 f"),
        ("/rpc/optional", r#"{"id":"42","force":true}"#, "42 t"),
        (
            "/rpc/inner_text",
            r#"{"payload":{ "b" : 1.0 }}"#,
            r#"{ "b" : 1.0 }"#,
        ),
        ("/rpc/nothing", "{}", "none"),
        ("/rpc/nothing", "", "none"),
        ("/rpc/%6eothing", "{}", "none"),
        ("/rpc/calm", "{}", "calm"),
    ];
    for (target, body, expected) in cases {
        let answer = site.post(target, body);
        assert_eq!(
            (answer.status, answer.json()),
            (200, expected.into()),
            "{target} {body}: {}",
            answer.text()
        );
    }
}

#[test]
fn what_cannot_be_called_is_404() {
    let site = Site::with(FUNCTIONS);
    for (target, body) in [
        ("/rpc/missing", "{}"),
        ("/rpc/two", "[1,2]"),
        ("/rpc/trigger_like", "{}"),
        ("/rpc/proc", "{}"),
        ("/rpc/optional", r#"{"force":true}"#),
        ("/rpc/optional", r#"{"id":1,"other":1}"#),
    ] {
        let answer = site.post(
            &format!(
                "{target}{}",
                if body == "[1,2]" { "?columns=_" } else { "" }
            ),
            body,
        );
        assert_eq!(
            (answer.status, code(&answer).as_str()),
            (404, "PGRST202"),
            "{target} {body}"
        );
    }
    for target in ["/rpc/nothing/", "/rpc/", "/a/b"] {
        assert_eq!(site.post(target, "{}").status, 404, "{target}");
    }
    // the description of the schema, which is only read
    let root = site.post("/", "{}");
    assert_eq!((root.status, code(&root).as_str()), (405, "PGRST117"));
}

#[test]
fn other_methods_are_refused_and_get_is_read_only() {
    let site = Site::with(
        "create function hook(json) returns void language sql volatile as $$ select $$;
         create function shown(word text) returns text language sql volatile as $$ select word $$;
         create function written() returns void language sql volatile as $$ insert into seen values (null, 'x') $$;",
    );
    for method in ["PUT", "PATCH", "DELETE"] {
        let answer = site.front.send(&Request::new(method, "/rpc/hook"));
        assert_eq!(
            (answer.status, code(&answer).as_str()),
            (405, "PGRST101"),
            "{method}"
        );
    }
    assert_eq!(
        code(&site.front.send(&Request::get("/rpc/hook"))),
        "PGRST202"
    );
    assert_eq!(
        site.front
            .send(&Request::get("/rpc/shown?word=a+%C3%A9"))
            .json(),
        "a é"
    );
    let written = site.front.send(&Request::get("/rpc/written"));
    assert_eq!((written.status, code(&written).as_str()), (405, "25006"));
    let form = Request::new("POST", "/rpc/shown")
        .header("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(
        site.front.send(&form.body("word=x&word=a+b%21")).json(),
        "a b!"
    );
}

#[test]
fn the_function_sees_the_request_in_its_settings() {
    let site = Site::with(
        "create function hook(json) returns json language sql volatile as $$
           select json_build_object('headers', current_setting('request.headers')::json,
             'cookies', current_setting('request.cookies')::json, 'method', current_setting('request.method'),
             'path', current_setting('request.path'), 'claims', current_setting('request.jwt.claims')::json,
             'user', current_user, 'login', session_user, 'search_path', current_setting('search_path'),
             'isolation', current_setting('transaction_isolation')) $$;",
    );
    let request = Request::post("/rpc/%68ook?columns=_", "{}")
        .header("X-Retell-Signature", " v=1,d=ab \t")
        .header("X-Twice", "first")
        .header("x-twice", "zweite ü")
        .header("x_under", "kept")
        .header("Cookie", "a=b; c=d");
    let seen = site.front.send(&request).json();
    assert_eq!(
        seen["headers"]["x-retell-signature"], "v=1,d=ab \t",
        "leading blanks are cut, trailing ones kept"
    );
    assert_eq!(seen["headers"]["x-twice"], "zweite ü");
    assert_eq!(seen["headers"]["x_under"], "kept");
    assert_eq!(seen["headers"]["content-length"], "2");
    assert_eq!(seen["headers"]["cookie"], Value::Null);
    assert_eq!(seen["cookies"], json!({"a": "b", "c": "d"}));
    assert_eq!(
        (&seen["method"], &seen["path"]),
        (&json!("POST"), &json!("/rpc/%68ook"))
    );
    assert_eq!(
        (&seen["user"], &seen["login"]),
        (&json!("web_anon"), &json!("authenticator"))
    );
    assert_eq!(seen["claims"], json!({"role": "web_anon"}));
    assert_eq!(
        (&seen["search_path"], &seen["isolation"]),
        (&json!("\"public\", \"public\""), &json!("read committed"))
    );
    let mangled = site
        .front
        .send(&Request::post("/rpc/hook", "{}").header("X-Bad", b"\xff".to_vec()));
    assert_eq!(mangled.status, 500);
}

#[test]
fn settings_end_with_their_request() {
    let site = Site::with(
        "create function left_over() returns json language sql volatile as $$
           select json_build_object('other', current_setting('request.headers')::json->'x-other',
             'own', current_setting('my.own', true), 'set', set_config('my.own', 'x', true)) $$;",
    );
    site.front
        .send(&Request::post("/rpc/left_over", "{}").header("X-Other", "1"));
    let seen = site.post("/rpc/left_over", "{}").json();
    assert_eq!(seen["other"], Value::Null);
    assert_eq!(
        seen["own"], "",
        "after its first use in a session a setting is empty, not null"
    );
}

#[test]
fn a_token_chooses_the_role_and_a_missing_privilege_is_403_with_one_and_401_without() {
    let site = Site::with(
        "create function who() returns text language sql volatile as $$ select current_user::text $$;
         create function guarded() returns text language plpgsql volatile as $$ begin return 'in'; end $$;
         revoke execute on function guarded() from public; grant execute on function guarded() to frontdesk;
         create function denied() returns text language plpgsql volatile as $$ begin return 'in'; end $$;
         revoke execute on function denied() from public;",
    );
    assert_eq!(site.post("/rpc/who", "{}").json(), "web_anon");
    assert_eq!(
        site.front.call_as("frontdesk", "who", &json!({})).json(),
        "frontdesk"
    );
    assert_eq!(
        site.front
            .call_as("frontdesk", "guarded", &json!({}))
            .json(),
        "in"
    );
    let anonymous = site.post("/rpc/guarded", "{}");
    assert_eq!(
        (anonymous.status, code(&anonymous).as_str()),
        (401, "42501")
    );
    assert_eq!(anonymous.last("www-authenticate"), Some(&b"Bearer"[..]));
    let known = site.front.call_as("frontdesk", "denied", &json!({}));
    assert_eq!((known.status, code(&known).as_str()), (403, "42501"));
    let foreign = site.front.call_as("postgres", "who", &json!({}));
    assert_eq!((foreign.status, code(&foreign).as_str()), (403, "42501"));
}

#[test]
fn a_bearer_token_that_is_no_valid_jwt_never_reaches_the_function() {
    let hook = "create function hook(json) returns void language sql volatile as $$ insert into seen values (null, 'x') $$;";
    let send = |site: &Site, value: &str| {
        site.front
            .send(&Request::post("/rpc/hook", "{}").header("Authorization", value))
    };
    let with = Site::with(hook);
    for token in [
        "key_123",
        "a.b.c",
        &jwt::sign("another secret", &json!({"role": "frontdesk"})),
    ] {
        let answer = send(&with, &format!("bearer {token}"));
        assert_eq!(
            (answer.status, code(&answer).as_str()),
            (401, "PGRST301"),
            "{token}"
        );
    }
    let expired = jwt::sign(SECRET, &json!({"role": "frontdesk", "exp": 1}));
    assert_eq!(send(&with, &format!("Bearer {expired}")).status, 401);
    let without = Site::without_secret(hook);
    let answer = send(&without, "Bearer key_123");
    assert_eq!((answer.status, code(&answer).as_str()), (500, "PGRST300"));
    for site in [&with, &without] {
        assert_eq!(site.ask("select count(*)::text from seen"), "0");
        assert_eq!(send(site, "Basic abc").status, 204);
    }
}
