//! Out of a closed network: all requests go through the proxy of the settings, or nowhere.

use vioc_tests::cluster::new_directory;
use vioc_tests::practice::{Practice, new_number};
use vioc_tests::tunnel::Tunnel;

/// No resolver knows it: the proxy alone can reach it.
const HOST: &str = "retell.invalid";
const PASSWORD: &str = "key_planted_proxy_7a";

/// A practice that must go through the proxy from now on.
fn closed_network() -> (Practice, Tunnel) {
    let ca_file = new_directory(false).join("ca.pem");
    let practice = Practice::builder()
        .setting("vioconcierge.ca_file", ca_file.display())
        .open();
    let tunnel = Tunnel::start(HOST, practice.retell.address());
    std::fs::write(&ca_file, tunnel.authority()).unwrap();
    practice.set("vioconcierge.https_proxy", &proxy(&tunnel));
    practice.set("vioconcierge.api_base_url", &format!("https://{HOST}"));
    (practice, tunnel)
}

fn proxy(tunnel: &Tunnel) -> String {
    format!("http://desk:{PASSWORD}@{}", tunnel.address())
}

fn way(practice: &Practice) -> String {
    practice.ask(
        "select detail from vioc_doctor() where check_name = 'base_url'",
        &[],
    )
}

#[test]
fn a_call_goes_through_the_proxy_and_the_doctor_says_so_without_its_password() {
    let (practice, tunnel) = closed_network();
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.dials(&call), 1);
    let heads = tunnel.heads();
    assert!(!heads.is_empty());
    for head in heads {
        assert!(
            head.starts_with(&format!("CONNECT {HOST}:443 HTTP/1.1\r\n")),
            "{head}"
        );
        // desk:key_planted_proxy_7a
        assert!(
            head.contains("ZGVzazprZXlfcGxhbnRlZF9wcm94eV83YQ=="),
            "{head}"
        );
    }
    let through = format!("through the proxy {}", tunnel.address());
    assert_eq!(
        way(&practice),
        format!("calls go {through} to https://{HOST}, not to Retell")
    );
    let shown: bool = practice.ask(
        "select exists (select from vioc_doctor() as d where d::text like '%' || $1 || '%') \
         or exists (select from vioc.worker_status as s where s::text like '%' || $1 || '%')",
        &[&PASSWORD],
    );
    assert!(!shown);
    // the setting is for superusers
    practice.run("create role clerk login");
    let error = practice
        .cluster
        .connect_as(vioc_tests::practice::APP, "clerk")
        .batch_execute("show vioconcierge.https_proxy")
        .expect_err("a clerk reads the password");
    assert_eq!(error.code().map(|it| it.code()), Some("42501"));

    practice.set("vioconcierge.https_proxy", "");
    assert_eq!(
        way(&practice),
        format!("calls go directly to https://{HOST}, not to Retell")
    );
    practice.set("vioconcierge.api_base_url", "https://api.retellai.com");
    assert_eq!(way(&practice), "calls go directly to Retell");
    practice.set("vioconcierge.https_proxy", &proxy(&tunnel));
    assert_eq!(way(&practice), format!("calls go {through} to Retell"));
    // http to this machine needs none
    practice.set("vioconcierge.api_base_url", &practice.retell.url());
    assert!(way(&practice).starts_with("calls go directly to http://"));
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
}

#[test]
fn while_the_proxy_refuses_or_is_away_calls_wait_and_are_dialled_once() {
    let (practice, tunnel) = closed_network();
    let is_tried = |call: i64, why: &str| {
        practice.wait_for(
            "the call to have been tried",
            &format!("select status = 'queued' and sends > 0 and error ~ 'proxy: {why}' from vioc.calls where id = {call}"),
        );
        practice.wait_for(
            "the worker to say it",
            &format!(
                "select state = 'ready' and retell_error ~ 'proxy: {why}' from vioc.worker_status"
            ),
        );
        assert!(practice.creates().is_empty());
    };
    tunnel.refuse(Some("503 Service Unavailable"));
    let first = practice.call_number(&new_number());
    is_tried(first.id, "it refuses to connect");
    tunnel.refuse(Some("407 Proxy Authentication Required"));
    practice.set(
        "vioconcierge.https_proxy",
        &format!("http://{}", tunnel.address()),
    );
    is_tried(first.id, "it asks for another user name and password");
    practice.set("vioconcierge.https_proxy", "http://127.0.0.1:9");
    is_tried(first.id, "connection refused");
    let second = practice.call_number(&new_number());

    tunnel.refuse(None);
    practice.set("vioconcierge.https_proxy", &proxy(&tunnel));
    for call in [&first, &second] {
        practice.wait_for_call(call.id, &["completed"]);
        assert_eq!(practice.dials(call), 1);
    }
    let attempts: Vec<i32> = practice.ask("select array_agg(attempts) from vioc.contacts", &[]);
    assert_eq!(attempts, [1, 1], "not reaching Retell is no attempt");
}
