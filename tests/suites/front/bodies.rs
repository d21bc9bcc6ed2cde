//! What reaches the function.

use vioc_tests::http::Request;

use crate::{Site, code};

/// Answers with the bytes it was given, in hexadecimal.
const ECHO: &str = "
    create function hook(json) returns text language sql volatile as $$ select encode(convert_to($1::text, 'UTF8'), 'hex') $$;
    create function raw(bytea) returns text language sql volatile as $$ select encode($1, 'hex') $$;
    create function words(text) returns text language sql volatile as $$ select $1 $$;
    create domain my_json as json;
    create function of_domain(my_json) returns text language sql volatile as $$ select 'x' $$;";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_json_object_arrives_byte_for_byte() {
    let site = Site::with(ECHO);
    let nested = format!("{}{{\"a\":1}}{}", "{\"a\":".repeat(999), "}".repeat(999));
    let bodies = [
        "{ \"b\" : 1 ,\r\n\t\"a\":2 }\n",
        r#"{"a":1,"a":2}"#,
        r#"{"n":[1.0,1E3,-0,123456789012345678901234567890]}"#,
        r#"{"n":1e1000000}"#,
        r#"{"n":"\u0000\u00e9"}"#,
        r#"{"n":"Zoë 😀"}"#,
        "{ }",
        "{}",
        "[]",
        r#"[{"a":1},{"a":{"b":2}}]"#,
        &nested,
    ];
    for body in bodies {
        let answer = site.post("/rpc/hook?columns=_", body);
        assert_eq!(
            (answer.status, answer.json()),
            (200, hex(body.as_bytes()).into()),
            "{body}"
        );
    }
}

#[test]
fn what_is_not_json_is_a_400() {
    let site = Site::with(ECHO);
    for body in [
        &b"{"[..],
        b"{} {}",
        b"\xef\xbb\xbf{}",
        b"{\"a\":NaN}",
        b"{\"a\":\"\n\"}",
        b"{\"a\":\"\xff\"}",
    ] {
        let plain = site.post("/rpc/hook", body);
        assert_eq!(
            (plain.status, code(&plain).as_str()),
            (400, "PGRST102"),
            "{body:?}"
        );
        let raw = site.post("/rpc/hook?columns=_", body);
        assert_eq!(raw.status, 400, "{body:?}");
        assert!(
            ["22P02", "22021"].contains(&code(&raw).as_str()),
            "{body:?}: {}",
            raw.text()
        );
    }
    let empty = site.post("/rpc/hook", "");
    assert_eq!((empty.status, code(&empty).as_str()), (400, "22P02"));
    // PostgreSQL sees only what is before the NUL.
    assert_eq!(site.post("/rpc/hook", "{}\0{}").status, 400);
    assert_eq!(
        site.post("/rpc/hook?columns=_", "{}\0{}").json(),
        hex(b"{}")
    );
}

#[test]
fn too_deep_a_document_is_a_500_of_postgresql() {
    let site = Site::with(ECHO);
    let body = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let answer = site.post("/rpc/hook?columns=_", body);
    assert_eq!((answer.status, code(&answer).as_str()), (500, "54001"));
}

#[test]
fn the_content_type_must_fit_the_parameter() {
    let site = Site::with(ECHO);
    let send = |function: &str, kind: &str, body: &[u8]| {
        let request =
            Request::new("POST", &format!("/rpc/{function}")).header("Content-Type", kind);
        site.front.send(&request.body(body))
    };
    let every_byte: Vec<u8> = (0..=255).collect();
    assert_eq!(
        send("raw", "application/octet-stream", &every_byte).json(),
        hex(&every_byte)
    );
    assert_eq!(
        send("words", "text/plain; charset=utf-8", b"a\0b").json(),
        "a"
    );
    assert_eq!(send("words", "text/plain", b"\xff").status, 400);
    assert_eq!(
        send("hook", "Application/JSON; charset=latin1", b"{}").json(),
        hex(b"{}")
    );
    for (function, kind) in [
        ("hook", "text/plain"),
        ("hook", "application/octet-stream"),
        ("raw", "application/json"),
        ("words", "application/json"),
        ("of_domain", "application/json"),
        ("hook", "application/x-www-form-urlencoded"),
    ] {
        let answer = send(function, kind, b"{}");
        assert_eq!(
            (answer.status, code(&answer).as_str()),
            (404, "PGRST202"),
            "{function} {kind}"
        );
    }
    for kind in [
        "application/xml",
        "application/vnd.x+json",
        "multipart/form-data",
        "",
        "nonsense",
    ] {
        let answer = send("hook", kind, b"{}");
        assert_eq!(
            (answer.status, code(&answer).as_str()),
            (400, "PGRST102"),
            "{kind}"
        );
    }
    let bare = site
        .front
        .send(&Request::new("POST", "/rpc/hook").body("{}"));
    assert_eq!(bare.json(), hex(b"{}"), "no content type means JSON");
}

#[test]
fn chunked_bodies_and_kept_connections_work() {
    let site = Site::with(ECHO);
    let chunked = Request::post("/rpc/hook", "2\r\n{ \r\n1\r\n}\r\n0\r\n\r\n")
        .header("Transfer-Encoding", "chunked");
    assert_eq!(site.front.send(&chunked).json(), hex(b"{ }"));
    let mut connection =
        std::io::BufReader::new(std::net::TcpStream::connect(site.front.address()).unwrap());
    for body in ["{}", "{ }", "{  }"] {
        let answer = Request::post("/rpc/hook", body)
            .send_on(&mut connection)
            .unwrap();
        assert_eq!(answer.json(), hex(body.as_bytes()));
    }
}

#[test]
fn the_mapped_path_takes_posts_up_to_its_limit_and_drops_the_authorization() {
    let site = Site::without_secret(ECHO);
    let secret = Request::post("/in/hook", "[1]").header("Authorization", "Bearer of-the-sender");
    assert_eq!(site.front.send(&secret).json(), hex(b"[1]"));
    assert_eq!(site.post("/in/hook", " ".repeat(1001)).status, 413);
    let chunked = format!("3e9\r\n{}\r\n0\r\n\r\n", " ".repeat(1001));
    assert_eq!(
        site.front
            .send(&Request::post("/in/hook", chunked).header("Transfer-Encoding", "chunked"))
            .status,
        413
    );
    assert_eq!(site.front.send(&Request::get("/in/hook")).status, 405);
}
