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

const MOST_FILES: usize = 40;

/// Where an SQL file may lie that is of no subject.
const OF_NO_SUBJECT: [&str; 3] = ["schema.sql", "types.sql", "dump.sql"];

/// Folder and file of each line of `sql/install.list`; none for a file of no subject.
fn listed() -> Vec<(Option<String>, String)> {
    let list = std::fs::read_to_string(root().join("sql/install.list")).expect("it is there");
    let lines = list.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| match line.split_once('/') {
            Some((folder, file)) => (Some(folder.to_owned()), file.to_owned()),
            None => (None, line.to_owned()),
        })
        .collect()
}

/// What `sql/schema.sql` says of each folder, in its order: `--   folder/   what happens there`.
fn map() -> Vec<String> {
    let schema = std::fs::read_to_string(root().join("sql/schema.sql")).expect("it is there");
    let lines = schema.lines().filter_map(|line| line.strip_prefix("--   "));
    lines
        .filter_map(|line| line.split_once("/ "))
        .filter(|(folder, what)| !folder.contains(' ') && !what.trim().is_empty())
        .map(|(folder, _)| folder.to_owned())
        .collect()
}

#[test]
fn every_sql_file_lies_in_a_folder_that_the_map_has() {
    let map = map();
    let mut files = std::collections::BTreeMap::<String, usize>::new();
    for (folder, file) in listed() {
        match folder {
            Some(folder) => *files.entry(folder).or_default() += 1,
            None => assert!(OF_NO_SUBJECT.contains(&&*file), "{file} lies in no folder"),
        }
    }
    for (folder, count) in &files {
        assert!(
            map.contains(folder),
            "sql/schema.sql has no line for {folder}/"
        );
        assert!(*count <= MOST_FILES, "{folder}/ has {count} files");
    }
    for folder in &map {
        assert!(files.contains_key(folder), "{folder}/ has no file");
    }
    // the tests lie in the same folders; schema/ is about all of them
    for entry in std::fs::read_dir(root().join("tests/sql")).expect("it is there") {
        let path = entry.expect("it is there").path();
        let name = path
            .file_name()
            .expect("it has a name")
            .to_string_lossy()
            .into_owned();
        assert!(
            !path.is_dir() || name == "schema" || map.contains(&name),
            "tests/sql/{name}/ is a folder of its own"
        );
    }
}

#[test]
fn architecture_is_short_and_each_invariant_names_its_test() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("it is there");
    assert!(
        text.lines().count() <= 250,
        "{} lines",
        text.lines().count()
    );
    let mut expected = 0;
    for line in text.lines() {
        let cells: Vec<&str> = line.split(" | ").collect();
        let Some(number) = cells[0]
            .strip_prefix("| ")
            .and_then(|it| it.parse::<u32>().ok())
        else {
            continue;
        };
        expected += 1;
        assert_eq!(number, expected, "invariants are numbered in order");
        let proof = cells.last().expect("a line has a cell");
        for path in proof
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|it| it.contains('/'))
        {
            let sql = root().join(format!("tests/sql/{path}.sql"));
            assert!(
                sql.exists()
                    || root().join(path).exists()
                    || root().join("tests/sql").join(path).is_dir(),
                "invariant {number}: there is no {path}"
            );
        }
    }
    assert!(expected > 40, "only {expected} invariants were found");
}
