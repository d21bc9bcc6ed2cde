//! The program that a person runs.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use crate::support::*;

const PROGRAM: &str = env!("CARGO_BIN_EXE_retell-simulator");

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_prints_its_url_and_then_one_masked_line_per_event() {
    let options = [
        "--listen",
        "127.0.0.1:0",
        "--ring-ms",
        "0",
        "--talk-ms",
        "0",
    ];
    let child = Command::new(PROGRAM)
        .args(options)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let url = lines.next().unwrap().unwrap();
    let mut socket = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let order = with(order("s1"), "to_number", serde_json::json!("+15550100106"));
    let (path, body) = ("/v2/create-phone-call", order.to_string());
    write_request(&mut socket, "POST", path, Some(KEY), &body).unwrap();
    assert_eq!(read_message(&mut socket).unwrap().status(), 201);
    let mut seen = String::new();
    while !seen.contains("dial_busy") || !seen.contains("…06: 201") {
        seen.push_str(&lines.next().unwrap().unwrap());
    }
    assert!(!seen.contains("55501001") && !seen.contains(KEY));
}

#[test]
fn a_port_that_is_taken_is_told_with_another_one() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let output = Command::new(PROGRAM)
        .args(["--listen", &address.to_string()])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    let next = address.port() + 1;
    assert!(!output.status.success());
    assert!(
        told.contains(&format!("retell-simulator --listen 127.0.0.1:{next}")),
        "{told}"
    );
}

#[test]
fn help_has_the_table_of_last_digits() {
    let output = Command::new(PROGRAM).arg("--help").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(text.contains("  04    no_answer\n") && text.contains("/sim/ledger"));
}

#[test]
fn a_wrong_option_is_named() {
    for (options, problem) in [
        (vec!["--frob"], "there is no option --frob"),
        (vec!["--talk-ms", "soon"], "--talk-ms cannot be \"soon\""),
        (
            vec!["--webhook-key", "k"],
            "--webhook-key belongs after an --api-key",
        ),
        (vec!["--fate", "joy"], "no fate is \"joy\""),
        (vec!["--listen", "0.0.0.0:0"], "loopback"),
    ] {
        let output = Command::new(PROGRAM).args(options).output().unwrap();
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains(problem));
    }
}

#[test]
fn a_file_of_fates_decides_by_the_end_of_the_number() {
    let file = std::env::temp_dir().join(format!("fates-{}.json", std::process::id()));
    let mut handle = std::fs::File::create(&file).unwrap();
    handle
        .write_all(br#"{"0101": {"fate": "rescheduled", "new_time": "noon"}}"#)
        .unwrap();
    let path = file.to_str().unwrap();
    let options = ["--listen", "127.0.0.1:0", "--fates", path];
    let child = Command::new(PROGRAM)
        .args(options)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let url = lines.next().unwrap().unwrap();
    let mut socket = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let body = order("s1").to_string();
    write_request(
        &mut socket,
        "POST",
        "/v2/create-phone-call",
        Some(KEY),
        &body,
    )
    .unwrap();
    let line = lines.next().unwrap().unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(line.ends_with(": rescheduled"), "{line}");
}
