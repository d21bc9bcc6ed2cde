//! How many creates per second the simulator answers to keep-alive clients on this machine.
//!
//! `cargo run --release -p retell-simulator --example create_throughput -- [clients] [seconds] [url]`
//! With a webhook URL, deliveries are under way meanwhile.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use retell_simulator::{Config, Simulator, Timing};

fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    let mut number = |default| {
        args.next()
            .and_then(|it| it.parse().ok())
            .unwrap_or(default)
    };
    let (clients, seconds) = (number(8), number(3));
    let retell = Simulator::start(Config {
        timing: Timing::INSTANT,
        default_webhook_url: args.next(),
        keep_ledger: false,
        ..Config::default()
    })?;
    let address = retell.address();
    let end = Instant::now() + Duration::from_secs(seconds);
    let client = move |client: u64| -> std::io::Result<u64> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        let (mut count, mut answer) = (0, [0; 8192]);
        while Instant::now() < end {
            let session = format!("{client}-{count}");
            let body = format!(
                r#"{{"from_number":"+15550100900","to_number":"+15550100101","override_agent_id":"a","idempotency_key":"{session}","metadata":{{"session_id":"{session}"}},"retell_llm_dynamic_variables":{{"customer_name":"Jo"}}}}"#,
            );
            let length = body.len();
            let request = format!(
                "POST /v2/create-phone-call HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\n\
                 Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}",
            );
            socket.write_all(request.as_bytes())?;
            // The answer is written at once and ends with the end of its JSON.
            let mut size = 0;
            while !answer[..size].ends_with(b"}") {
                size += socket.read(&mut answer[size..])?;
            }
            count += 1;
        }
        Ok(count)
    };
    let threads: Vec<_> = (0..clients)
        .map(|it| thread::spawn(move || client(it)))
        .collect();
    let mut total = 0;
    for thread in threads {
        total += thread
            .join()
            .map_err(|_| std::io::Error::other("a client panicked"))??;
    }
    println!("{clients} clients: {} creates/s", total / seconds);
    println!("{:?}", retell.counters());
    Ok(())
}
