//! What a reader may rely on in the Rust code: files and `impl` blocks that fit into a head.

use std::path::{Path, PathBuf};

const LONGEST_FILE: usize = 400;
const LONGEST_IMPL: usize = 250;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Rust files of the extension and of the crates. Tables of test cases are left out: they are read case by case.
fn files() -> Vec<PathBuf> {
    let mut folders = vec![root().join("src")];
    for krate in std::fs::read_dir(root().join("crates")).expect("the sources can be read") {
        folders.push(krate.expect("the sources can be read").path().join("src"));
    }
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the sources can be read") {
            let path = entry.expect("the sources can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("tests.rs") {
                files.push(path);
            }
        }
    }
    assert!(files.len() > 50, "{files:?}");
    files
}

/// Without the module of tests at its end.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("the sources can be read");
    match text.split_once("\n#[cfg(test)]\n") {
        Some((code, _)) => code.to_owned(),
        None => text,
    }
}

/// First line and length of each `impl` (rustfmt ends it by a brace in the first column).
fn impls(code: &str) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    let mut begun = None;
    for (number, line) in code.lines().enumerate() {
        if line.starts_with("impl") || line.starts_with("unsafe impl") {
            begun = Some((line, number));
        }
        if let Some((first, from)) = begun
            && (line == "}" || line.ends_with("{}"))
        {
            found.push((first, number - from + 1));
            begun = None;
        }
    }
    found
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<(PathBuf, usize)> = files()
        .into_iter()
        .map(|path| (path.clone(), code(&path).lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .collect();
    assert!(long.is_empty(), "more than {LONGEST_FILE} lines: {long:?}");
}

#[test]
fn no_impl_is_too_long() {
    let mut count = 0;
    for path in files() {
        for (first, lines) in impls(&code(&path)) {
            count += 1;
            assert!(
                lines <= LONGEST_IMPL,
                "{lines} lines of at most {LONGEST_IMPL}: {first} in {}",
                path.display()
            );
        }
    }
    assert!(count > 50, "only {count} were found");
}

#[test]
fn an_impl_is_measured_to_its_last_brace() {
    let code =
        "struct A;\nimpl A {}\nunsafe impl Send for A {\n    fn a() {\n    }\n}\nfn b() {\n}\n";
    let found = impls(code);
    assert_eq!(
        found,
        [("impl A {}", 1), ("unsafe impl Send for A {", 4)],
        "{found:?}"
    );
}
