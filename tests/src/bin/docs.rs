//! `make docs`: writes the reference part of README.md from the comments of the installed extension.

use std::path::Path;
use std::process::ExitCode;

use vioc_tests::Cluster;
use vioc_tests::cluster::Binaries;
use vioc_tests::readme::reference::{Parts, generate};

fn main() -> ExitCode {
    if !Binaries::find().has_library("vioconcierge") {
        eprintln!("vioconcierge is not installed: run `make install` first");
        return ExitCode::FAILURE;
    }
    match write() {
        Ok(what) => {
            println!("{what}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> Result<&'static str, Box<dyn std::error::Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = std::fs::read_to_string(&path)?;
    let parts = Parts::of(&text).ok_or("README.md has no reference part")?;
    let cluster = Cluster::builder().databases(["app"]).start();
    cluster.create_extension("app");
    let new = parts.with(&generate(&mut cluster.connect("app"))?);
    if new == text {
        return Ok("README.md is up to date");
    }
    std::fs::write(&path, new)?;
    Ok("README.md is rewritten")
}
