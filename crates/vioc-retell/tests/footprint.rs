//! What 512 requests in flight cost. The server is a process of its own: its memory and its file
//! descriptors are not the client's.

#![allow(clippy::unwrap_used)] // a test may panic

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use support::*;

const REQUESTS: usize = 512;
const SERVER: &str = "VIOC_TEST_SERVER";
const NAME: &str = "five_hundred_requests_in_flight_need_little_memory";

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Says on stdout where it listens and when all requests are in; answers all when told on stdin.
fn be_the_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("\nat http://{}", listener.local_addr().unwrap());
    let streams: Vec<TcpStream> = (0..REQUESTS)
        .map(|_| {
            let mut stream = listener.accept().unwrap().0;
            read_request(&mut stream).unwrap();
            stream
        })
        .collect();
    println!("\nall in");
    let _ = std::io::stdin().read(&mut [0]);
    for mut stream in streams {
        answer(&mut stream, "201 Created", b"{}").unwrap();
    }
}

fn kilobytes(field: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .unwrap();
    line.trim_start_matches(':')
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}

/// The most that nearly all pool threads have used of their stacks, in kB: mappings of exactly that size, among which there
/// may be one of the heap's.
fn deepest_stack(stack_kilobytes: usize) -> usize {
    let maps = fs::read_to_string("/proc/self/smaps").unwrap();
    let value = |line: &str, name: &str| -> Option<usize> {
        line.strip_prefix(name)?
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .ok()
    };
    let mut size = 0;
    let mut used_of = Vec::new();
    for line in maps.lines() {
        size = value(line, "Size:").unwrap_or(size);
        if let (Some(used), true) = (value(line, "Rss:"), size == stack_kilobytes) {
            used_of.push(used);
        }
    }
    used_of.sort_unstable();
    used_of.get(used_of.len() * 99 / 100).copied().unwrap_or(0)
}

#[test]
fn five_hundred_requests_in_flight_need_little_memory() {
    if std::env::var_os(SERVER).is_some() {
        return be_the_server();
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", NAME, "--nocapture"])
        .env(SERVER, "1");
    child.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut server = Server(child.spawn().unwrap());
    let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines();
    let mut said = |prefix: &str| {
        let mut lines = lines.by_ref().map(Result::unwrap);
        lines
            .find_map(|line| Some(line.strip_prefix(prefix)?.to_owned()))
            .unwrap()
    };
    let url = said("at ");

    let bench = Bench::new(settings(&url), REQUESTS);
    let (idle, threads) = (kilobytes("VmRSS"), kilobytes("Threads"));
    (0..REQUESTS as u64).for_each(|request_id| bench.pool.submit(post(request_id)));
    said("all in");
    let busy = kilobytes("VmRSS");
    let more_threads = kilobytes("Threads") - threads;
    server.0.stdin.take().unwrap().write_all(b"!").unwrap();
    assert!(bench.pool.wait_idle(LONG));
    let done = bench.pool.drain();
    assert_eq!(done.len(), REQUESTS);
    assert!(
        done.iter()
            .all(|done| done.exchange == response(201, b"{}"))
    );

    let stack = deepest_stack(256);
    println!("{idle} kB before, {busy} kB with {more_threads} threads; deepest stack {stack} kB");
    assert_eq!(more_threads, REQUESTS);
    assert!(busy - idle < 64 * 1024, "{idle} kB -> {busy} kB");
    assert!(stack > 0 && stack <= 128, "{stack} kB of 256 kB");
}
