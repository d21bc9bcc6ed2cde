//! `make docs`: writes the generated parts of docs/reference from the comments of the installed extension.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use vioc_tests::Cluster;
use vioc_tests::cluster::Binaries;
use vioc_tests::readme::reference::{Parts, examples, generate};

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

fn write() -> Result<String, Box<dyn std::error::Error>> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let mut pages = BTreeMap::new();
    for folder in std::fs::read_dir(&docs)? {
        let folder = folder?;
        if !folder.file_type()?.is_dir() {
            continue;
        }
        for page in std::fs::read_dir(folder.path())? {
            let page = page?.path();
            if page.extension().is_some_and(|it| it == "md") {
                let path = page.strip_prefix(&docs)?.to_string_lossy().into_owned();
                pages.insert(path, std::fs::read_to_string(&page)?);
            }
        }
    }
    let examples = examples(
        pages
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    );
    let cluster = Cluster::builder().databases(["app"]).start();
    cluster.create_extension("app");
    let mut client = cluster.connect("app");
    let mut rewritten = Vec::new();
    for (path, text) in &pages {
        let Some(parts) = Parts::of(text) else {
            continue;
        };
        let generated = generate(parts.name, &mut client, &examples)?
            .ok_or_else(|| format!("docs/{path}: there is no {}", parts.name))?;
        if generated != parts.reference {
            std::fs::write(docs.join(path), parts.with(&generated))?;
            rewritten.push(format!("docs/{path} is rewritten"));
        }
    }
    Ok(match rewritten.as_slice() {
        [] => "docs/reference is up to date".to_owned(),
        rewritten => rewritten.join("\n"),
    })
}
