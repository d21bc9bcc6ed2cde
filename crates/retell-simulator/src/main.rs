//! `retell-simulator`: see `--help`.

mod args;

use std::io::ErrorKind;
use std::process::ExitCode;

use retell_simulator::Simulator;

use args::Command;

fn main() -> ExitCode {
    let (mut config, quiet) = match args::parse(std::env::args().skip(1)) {
        Ok(Command::Help) => {
            print!("{}", args::usage());
            return ExitCode::SUCCESS;
        }
        Ok(Command::Run { config, quiet }) => (*config, quiet),
        Err(problem) => {
            eprintln!("retell-simulator: {problem}; see --help");
            return ExitCode::from(2);
        }
    };
    if !quiet {
        config.log = Some(|line| println!("{line}"));
    }
    let address = config.listen;
    match Simulator::start(config) {
        Ok(simulator) => {
            println!("{}", simulator.url());
            simulator.run_for_ever();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("retell-simulator: cannot listen on {address}: {error}");
            if error.kind() == ErrorKind::AddrInUse {
                let (ip, next) = (address.ip(), address.port().saturating_add(1));
                eprintln!(
                    "Is it running already? Else take another port: retell-simulator --listen {ip}:{next}"
                );
            }
            ExitCode::FAILURE
        }
    }
}
