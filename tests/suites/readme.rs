//! README.md and docs/ are programs. Each page with `sql` blocks runs in a cluster of its own, in order; a `text` block
//! behind one is compared with what psql prints. What else a page names must exist, the reference is what the database
//! says about itself, and the words are those of the style guide.
//!
//! A page finds what its "Before you begin" says: the extension installed as docs/how-to/install.md does it. Three things
//! are the test's own, because no test may call anyone: requests go to a simulated Retell, the legal hours are the
//! whole day, and a reload is waited for. There is no hidden webhook front and no other hidden wait.
//!
//! `UPDATE_DOCS=1` writes what psql prints into the pages, where it differs; read the changes before you commit them.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};
use postgres::Client;
use retell_simulator::{Config, Simulator};
use vioc_tests::Cluster;
use vioc_tests::practice::{APP, cluster};
use vioc_tests::readme::literals::{rust_literals, sql_literals};
use vioc_tests::readme::output::{difference, without_context};
use vioc_tests::readme::prose::{Found, anchors, code_spans, links};
use vioc_tests::readme::reference::{Parts, examples, generate};
use vioc_tests::readme::words::{Sentences, unwanted};
use vioc_tests::readme::{Block, readme_blocks};

/// Besides README.md and docs/.
const OTHER_PAGES: [&str; 10] = [
    "ARCHITECTURE.md",
    "RELEASING.md",
    "SECURITY.md",
    "docker/README.md",
    "examples/app/README.md",
    "examples/front-desk/README.md",
    "examples/monitoring/README.md",
    "examples/retell-agent/README.md",
    "examples/postgrest/README.md",
    "examples/nginx/README.md",
];

/// Languages that only show something. So does `sql no-run`, which is for another system or another server.
const SHOWN: [&str; 12] = [
    "text", "conf", "sh", "mermaid", "python", "ruby", "js", "java", "yaml", "nginx", "json",
    "prisma",
];

fn main() -> ExitCode {
    let mut trials: Vec<Trial> = pages()
        .into_iter()
        .filter(|page| readme_blocks(&read(page)).iter().any(is_run))
        .map(|page| trial(format!("page::{page}"), move || runs_as_it_shows(&page)))
        .collect();
    trials.extend([
        trial("every_block_says_its_language", blocks_say_their_language),
        trial("a_page_is_reached_from_the_index", pages_are_in_the_index),
        trial("readme_is_short", readme_is_short),
        trial(
            "a_page_says_for_whom_it_is_and_how_to_undo_it",
            pages_have_their_parts,
        ),
        trial("make_targets_exist", make_targets_exist),
        trial("links_and_paths_lead_somewhere", links_lead_somewhere),
        trial("the_words_are_the_style_guides", words_are_wanted),
        trial("report::sentences", report_sentences),
        trial("what_pages_name_is_in_the_catalog", || {
            asked(&[names_exist, settings_are_known])
        }),
        trial("the_reference_is_complete_and_as_generated", || {
            asked(&[
                reference_is_as_generated,
                reference_is_complete,
                lists_are_complete,
            ])
        }),
    ]);
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

type Verdict = Result<(), String>;

fn trial(name: impl Into<String>, run: impl FnOnce() -> Verdict + Send + 'static) -> Trial {
    Trial::test(name, || run().map_err(Failed::from))
}

/// Questions to the catalog of a cluster with the extension.
fn asked(questions: &[fn(&mut Client) -> Verdict]) -> Verdict {
    let cluster = cluster().start();
    cluster.create_extension(APP);
    let mut client = cluster.connect(APP);
    let answers = questions.iter().filter_map(|ask| ask(&mut client).err());
    verdict(&answers.collect::<Vec<_>>())
}

fn verdict(problems: &[String]) -> Verdict {
    match problems {
        [] => Ok(()),
        problems => Err(problems.join("\n")),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    let text = std::fs::read_to_string(root().join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// README.md and all of docs/.
fn pages() -> Vec<String> {
    let mut found = vec!["README.md".to_owned()];
    let mut folders = vec!["docs".to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.ends_with(".md") {
                found.push(path);
            }
        }
    }
    found.sort_unstable();
    found
}

fn all_pages() -> Vec<String> {
    let mut all = pages();
    all.extend(OTHER_PAGES.map(str::to_owned));
    all
}

/// A page without its generated part, which has the words of comments.
fn handwritten(page: &str) -> String {
    let text = read(page);
    Parts::of(&text).map_or_else(|| text.clone(), |parts| parts.with(""))
}

fn is_run(block: &Block) -> bool {
    block.lang == "sql" && block.info.is_empty()
}

fn blocks_say_their_language() -> Verdict {
    let mut problems = Vec::new();
    for page in pages() {
        for block in readme_blocks(&read(&page)) {
            let known = match block.lang.as_str() {
                "sql" => ["", "no-run"].contains(&block.info.as_str()),
                lang => SHOWN.contains(&lang) && block.info.is_empty(),
            };
            if !known {
                problems.push(format!(
                    "{page}, line {}: a block of `{} {}` says nothing to this test",
                    block.line, block.lang, block.info
                ));
            }
        }
    }
    verdict(&problems)
}

/// A server as docs/how-to/install.md configures it.
fn server(retell: &Simulator) -> Cluster {
    let install = readme_blocks(&read("docs/how-to/install.md"));
    let settings = install
        .iter()
        .filter(|block| block.lang == "conf")
        .flat_map(settings_of);
    let untouched = Cluster::builder()
        .databases([APP])
        // Nothing but what a reader sets: not what the harness adds, without which pg_cron would need a password.
        .setting("cron.use_background_workers", "off");
    settings
        .fold(untouched, |cluster, (name, value)| {
            cluster.setting(&name, value)
        })
        .setting("vioconcierge.api_base_url", retell.url())
        .setting("vioconcierge.legal_hours", "00:00-24:00")
        .start()
}

fn runs_as_it_shows(page: &str) -> Verdict {
    let retell = Simulator::start(Config::default()).unwrap();
    let cluster = server(&retell);
    let text = read(page);
    let blocks = readme_blocks(&text);
    let installs = |block: &Block| block.text.contains("create extension vioconcierge");
    if !blocks.iter().filter(|it| is_run(it)).any(installs) {
        cluster
            .connect(APP)
            .batch_execute("create extension pg_cron; create extension vioconcierge")
            .unwrap();
    }
    let mut current = text.clone();
    for (place, block) in blocks.iter().enumerate().filter(|(_, it)| is_run(it)) {
        let shown = blocks
            .get(place + 1)
            .filter(|next| next.lang == "text" && follows(&text, block, next));
        let (done, printed) = psql(&cluster, &block.text);
        let differs = shown.is_some_and(|shown| difference(&shown.text, &printed).is_some());
        if differs && std::env::var_os("UPDATE_DOCS").is_some() {
            let fenced = |text: &str| format!("```\n\n```text\n{}\n```\n", text.trim_end());
            let (old, new) = (&shown.unwrap().text, without_context(&printed));
            let (old, new) = (
                format!("{}{}", block.text, fenced(old)),
                format!("{}{}", block.text, fenced(&new)),
            );
            current = current.replacen(&old, &new, 1);
            std::fs::write(root().join(page), &current).unwrap();
            continue;
        }
        let is_to_fail = shown.is_some_and(|shown| shown.text.contains("ERROR:"));
        let problem = if done == is_to_fail {
            Some(printed)
        } else {
            shown.and_then(|shown| difference(&shown.text, &printed))
        };
        if let Some(problem) = problem {
            let line = block.line;
            return Err(format!(
                "{page}, the block in line {line}:\n{}\n{problem}",
                block.text
            ));
        }
        if block.text.contains("pg_reload_conf") {
            cluster.reload(); // the reader is not as fast as this test
        }
        if block.text.contains("drop extension vioconcierge") {
            has_nothing_left(&cluster)?;
        }
    }
    Ok(())
}

/// Nothing but blank lines between the two.
fn follows(text: &str, block: &Block, next: &Block) -> bool {
    let closing = block.line + block.text.lines().count();
    let mut between = text
        .lines()
        .skip(closing)
        .take(next.line.saturating_sub(closing + 2));
    between.all(|line| line.trim().is_empty())
}

/// As a reader's psql prints it, errors among the rest.
fn psql(cluster: &Cluster, script: &str) -> (bool, String) {
    let mut psql = Command::new("sh");
    psql.args(["-c", "exec \"$0\" \"$@\" 2>&1"])
        .arg(cluster.binaries().program("psql"))
        .args(["-X", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", APP])
        .args(["-p", &cluster.port().to_string(), "-h"])
        .arg(cluster.socket_dir())
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = psql.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // psql may stop reading at an error
    let _ = stdin.write_all(script.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = printed.lines().filter(|line| !is_tag(line)).collect();
    (output.status.success(), lines.join("\n"))
}

/// What a command says that returns no rows: `INSERT 0 1`, `BEGIN`.
fn is_tag(line: &str) -> bool {
    const TAGS: [&str; 20] = [
        "INSERT", "UPDATE", "DELETE", "SELECT", "MERGE", "CREATE", "ALTER", "DROP", "GRANT",
        "REVOKE", "BEGIN", "COMMIT", "ROLLBACK", "SET", "RESET", "LISTEN", "NOTIFY", "CALL", "DO",
        "COMMENT",
    ];
    let mut words = line.split(' ');
    words.next().is_some_and(|word| TAGS.contains(&word))
        && words.all(|word| {
            word.chars()
                .all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
        })
}

/// After docs/operations/uninstall.md.
fn has_nothing_left(cluster: &Cluster) -> Verdict {
    let ours = "select (select count(*) from pg_proc where proname like 'vioc\\_%') \
                  + (select count(*) from pg_namespace where nspname = 'vioc')";
    let jobs = "select count(*) from cron.job";
    let left = [ours, jobs].into_iter().filter_map(|sql| {
        let left: i64 = cluster.connect(APP).query_one(sql, &[]).unwrap().get(0);
        (left > 0).then(|| format!("{left} are left: {sql}"))
    });
    verdict(&left.collect::<Vec<_>>())
}

/// `name = 'value'   # comment`
fn settings_of(block: &Block) -> Vec<(String, String)> {
    let line = |line: &str| {
        let (name, value) = line.split_once('=')?;
        let value = value.trim();
        let value = match value.strip_prefix('\'') {
            Some(quoted) => quoted.split('\'').next(),
            None => value.split('#').next(),
        };
        Some((name.trim().to_owned(), value?.trim().to_owned()))
    };
    let text = block.text.lines().map(str::trim);
    text.filter(|text| !text.starts_with('#'))
        .filter_map(line)
        .collect()
}

fn settings_are_known(client: &mut Client) -> Verdict {
    let mut problems = Vec::new();
    for page in pages() {
        for block in readme_blocks(&read(&page)) {
            for (name, _) in settings_of(&block) {
                let sql = "select from pg_settings where name = $1";
                if block.lang == "conf" && client.query_opt(sql, &[&name]).unwrap().is_none() {
                    problems.push(format!(
                        "{page}, line {}: the server has no setting {name}",
                        block.line
                    ));
                }
            }
        }
    }
    verdict(&problems)
}

fn pages_are_in_the_index() -> Verdict {
    let index = read("docs/index.md");
    let linked: BTreeSet<String> = links(&index).into_iter().map(|it| it.text).collect();
    let missing: Vec<String> = pages()
        .iter()
        .filter_map(|page| page.strip_prefix("docs/"))
        .filter(|page| *page != "index.md" && !linked.contains(*page))
        .map(|page| format!("docs/index.md does not link {page}"))
        .collect();
    verdict(&missing)
}

fn readme_is_short() -> Verdict {
    match read("README.md").lines().count() {
        lines if lines > 250 => Err(format!("README.md has {lines} lines; 250 is its limit")),
        _ => Ok(()),
    }
}

/// Rule 12 of the style guide.
fn pages_have_their_parts() -> Verdict {
    let mut problems = Vec::new();
    for page in pages().iter().filter(|page| page.starts_with("docs/")) {
        let text = read(page);
        let mut lines = text.lines().filter(|line| !line.is_empty());
        let title = lines.next().is_some_and(|line| line.starts_with("# "));
        let for_whom = lines.next().is_some_and(|line| line.starts_with("For "));
        if !(title && for_whom) {
            problems.push(format!("{page} does not open with a title and `For ...`"));
        }
        if page.starts_with("docs/how-to/") || page.starts_with("docs/tutorial/") {
            for part in ["Before you begin", "Check", "Undo"] {
                if !text.contains(&format!("\n## {part}\n")) {
                    problems.push(format!("{page} has no part \"{part}\""));
                }
            }
        }
    }
    verdict(&problems)
}

fn make_targets_exist() -> Verdict {
    let makefile = read("Makefile");
    let phony = makefile
        .lines()
        .find_map(|line| line.strip_prefix(".PHONY:"));
    let targets: BTreeSet<&str> = phony.unwrap().split_whitespace().collect();
    let mut problems = Vec::new();
    let mut seen = 0;
    for page in pages() {
        let text = read(&page);
        let shown = readme_blocks(&text)
            .into_iter()
            .filter(|block| block.lang == "sh")
            .flat_map(|block| {
                let lines = block.text.lines().map(str::to_owned).collect::<Vec<_>>();
                lines.into_iter().map(move |line| (block.line, line))
            });
        let named = code_spans(&text)
            .into_iter()
            .map(|span| (span.line, span.text));
        for (line, command) in shown.chain(named) {
            let mut words = command.split_whitespace();
            if words.next() != Some("make") {
                continue;
            }
            let named = words.take_while(|word| *word != "#");
            for target in named.filter(|word| !word.contains('=')) {
                seen += 1;
                if !targets.contains(target) {
                    problems.push(format!(
                        "{page}, line {line}: the Makefile has no target {target}"
                    ));
                }
            }
        }
    }
    assert!(seen > 3);
    verdict(&problems)
}

fn links_lead_somewhere() -> Verdict {
    const PATHS: [&str; 7] = [
        "examples/",
        "tests/",
        "sql/",
        "src/",
        "crates/",
        "tools/",
        "docs/",
    ];
    let mut problems = Vec::new();
    for page in all_pages() {
        let text = read(&page);
        let here = root().join(&page).parent().unwrap().to_owned();
        for Found { line, text: target } in links(&text) {
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let linked = match file {
                "" => Some(text.clone()),
                file if file.ends_with(".md") => std::fs::read_to_string(here.join(file)).ok(),
                file => here.join(file).exists().then(String::new),
            };
            let found = linked.is_some_and(|linked| {
                anchor.is_empty() || anchors(&linked).iter().any(|known| known == anchor)
            });
            if !found {
                problems.push(format!("{page}, line {line}: {target} leads nowhere"));
            }
        }
        // Paths in backticks: from the root of the repository.
        for Found { line, text: path } in code_spans(&text) {
            let is_path = PATHS.iter().any(|start| path.starts_with(start))
                && !path.contains(['*', ' ', '<']);
            // SECURITY.md names SQL tests as cargo does.
            let is_there = |path: &str| root().join(path).exists();
            if is_path && !is_there(&path) && !is_there(&format!("tests/{path}.sql")) {
                problems.push(format!("{page}, line {line}: there is no {path}"));
            }
        }
    }
    verdict(&problems)
}

fn words_are_wanted() -> Verdict {
    let mut problems = Vec::new();
    for page in pages() {
        for Found { line, text: word } in unwanted(&handwritten(&page)) {
            problems.push(format!(
                "{page}, line {line}: \"{word}\" (docs/contributing/style-guide.md)"
            ));
        }
    }
    for (file, said) in said_by_the_extension() {
        for Found { text: word, .. } in unwanted(&said.text) {
            problems.push(format!(
                "{file}, line {}: \"{word}\" in \"{}\"",
                said.line, said.text
            ));
        }
    }
    verdict(&problems)
}

/// Each literal of the sources: messages, hints and COMMENTs.
fn said_by_the_extension() -> Vec<(String, Found)> {
    let root = root();
    let mut folders: Vec<_> = [
        "sql",
        "src",
        "crates/vioc-core/src",
        "crates/vioc-retell/src",
    ]
    .map(|folder| root.join(folder))
    .into();
    let mut said = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the sources can be read") {
            let path = entry.expect("the sources can be read").path();
            let name = path.strip_prefix(&root).unwrap_or(&path);
            let name = name.to_string_lossy().into_owned();
            // what is released, what is assembled, and the words that contacts say
            let is_left_out = [
                "sql/released",
                "sql/vioconcierge--",
                "sql/outcome/refusal_words.sql",
            ];
            if is_left_out.iter().any(|it| name.starts_with(it)) || path.ends_with("tests.rs") {
                continue;
            }
            let literals = match path.extension().and_then(|it| it.to_str()) {
                _ if path.is_dir() => {
                    folders.push(path);
                    continue;
                }
                Some("sql") => sql_literals(&read(&name)),
                Some("rs") => rust_literals(&read(&name)),
                _ => continue,
            };
            said.extend(literals.into_iter().map(|it| (name.clone(), it)));
        }
    }
    assert!(said.len() > 3000, "{}", said.len());
    said
}

/// No gate: the style guide's aims are a mean of 18 words, and none above 30.
fn report_sentences() -> Verdict {
    let (mut long, mut all, mut words) = (0, 0, 0);
    for page in pages() {
        let found = Sentences::of(&handwritten(&page));
        long += found.long;
        all += found.count;
        words += found.words;
        if found.long > 0 || found.mean() > 18.0 {
            println!(
                "{page}: {} sentences, {:.1} words each, {} above 30, the longest {}",
                found.count,
                found.mean(),
                found.long,
                found.longest
            );
        }
    }
    println!(
        "README.md and docs/: {all} sentences, {words} words, {long} sentences above 30 words"
    );
    Ok(())
}

fn names(client: &mut Client, sql: &str) -> BTreeSet<String> {
    let rows = client.query(sql, &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

const FUNCTIONS: &str = "select p.proname::text from pg_proc as p where p.pronamespace = 'public'::regnamespace and p.proname like 'vioc\\_%'";
const SETTINGS: &str = "select name from pg_settings where name like 'vioconcierge.%'";
const RELATIONS: &str = "select 'vioc.' || relname from pg_class where relnamespace = 'vioc'::regnamespace and relkind in ('r', 'v', 'p', 'm')";
const PRIVATE: &str = "select 'vioc.' || proname from pg_proc where pronamespace = 'vioc'::regnamespace \
    union all select 'vioc.' || typname from pg_type where typnamespace = 'vioc'::regnamespace";

fn names_exist(client: &mut Client) -> Verdict {
    let known: BTreeSet<String> = [FUNCTIONS, SETTINGS, RELATIONS, PRIVATE]
        .iter()
        .flat_map(|sql| names(client, sql))
        .collect();
    let mut problems = Vec::new();
    for page in all_pages() {
        for (number, line) in (1..).zip(handwritten(&page).lines()) {
            let words = line.split(|c: char| !c.is_ascii_alphanumeric() && !"_.-/".contains(c));
            let ours = words
                .map(|word| word.trim_end_matches(['.', '-']))
                .filter(|word| {
                    ["vioc_", "vioconcierge.", "vioc."]
                        .iter()
                        .any(|start| word.len() > start.len() && word.starts_with(start))
                        && ![".conf", ".control", ".md", ".sql", ".so"]
                            .iter()
                            .any(|end| word.ends_with(end))
                });
            for name in ours {
                // vioc.contacts.status
                let relation = name.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
                if !known.contains(name) && !known.contains(&relation) {
                    problems.push(format!("{page}, line {number}: there is no {name}"));
                }
            }
        }
    }
    verdict(&problems)
}

fn reference_is_as_generated(client: &mut Client) -> Verdict {
    let pages: BTreeMap<String, String> = pages()
        .into_iter()
        .filter_map(|page| Some((page.strip_prefix("docs/")?.to_owned(), read(&page))))
        .collect();
    let examples = examples(
        pages
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    );
    let mut generated_parts = 0;
    for (path, text) in &pages {
        let Some(parts) = Parts::of(text) else {
            continue;
        };
        generated_parts += 1;
        let generated = generate(parts.name, client, &examples)
            .unwrap()
            .ok_or_else(|| format!("docs/{path}: there is no {}", parts.name))?;
        if generated != parts.reference {
            let difference = (1..)
                .zip(parts.reference.lines().zip(generated.lines()))
                .find(|(_, (old, new))| old != new);
            return Err(format!(
                "docs/{path} is not what the database says: run `make docs`\n{difference:#?}"
            ));
        }
    }
    assert_eq!(generated_parts, 5);
    Ok(())
}

/// By other questions than the generator's, so that it cannot leave something out.
fn reference_is_complete(client: &mut Client) -> Verdict {
    let mut problems = Vec::new();
    let relations = read("docs/reference/tables.md") + &read("docs/reference/views.md");
    for (sql, reference) in [
        (FUNCTIONS, &read("docs/reference/functions.md")),
        (SETTINGS, &read("docs/reference/settings.md")),
        (RELATIONS, &relations),
    ] {
        for name in names(client, sql) {
            if !reference.contains(&name) {
                problems.push(format!("{name} is not in the reference"));
            }
        }
    }
    let columns = "select table_schema || '.' || table_name, array_agg(column_name::text) \
         from information_schema.columns as c \
         where table_schema = 'vioc' and exists ( \
           select from pg_class as r where r.relkind in ('r', 'v', 'p', 'm') and r.oid = format('%I.%I', table_schema, table_name)::regclass) \
         group by 1";
    for row in client.query(columns, &[]).unwrap() {
        let relation: String = row.get(0);
        let heading = format!("## {relation}\n");
        let start = relations.find(&heading).ok_or(&heading)? + heading.len();
        let section = relations[start..].split("\n#").next().unwrap();
        for column in row.get::<_, Vec<String>>(1) {
            if !section.contains(&format!("`{column}`")) {
                problems.push(format!("{relation}.{column} is not in the reference"));
            }
        }
    }
    verdict(&problems)
}

/// Lists that people wrote: each SQLSTATE, metric, check, rule and agent's variable that there is must be in one.
fn lists_are_complete(client: &mut Client) -> Verdict {
    client.batch_execute("select vioc_create_sample()").unwrap();
    let mut problems = Vec::new();
    for (page, sql) in [
        (
            "docs/reference/errors.md",
            "select distinct m[1] from pg_proc as p \
             cross join lateral regexp_matches(p.prosrc, 'errcode\\s*=\\s*''([A-Za-z0-9_]+)''', 'g') as m \
             where p.pronamespace in ('vioc'::regnamespace, 'public'::regnamespace)",
        ),
        (
            "docs/reference/metrics.md",
            "select distinct name from vioc.metrics",
        ),
        (
            "docs/reference/doctor.md",
            "select distinct check_name from vioc_doctor()",
        ),
        (
            "docs/reference/rules.md",
            "select rule from vioc_explain_contact((select min(id) from vioc.contacts))",
        ),
        (
            "docs/reference/agent-variables.md",
            "select jsonb_object_keys(vioc_preview_call((select min(id) from vioc.contacts)) -> 'retell_llm_dynamic_variables')",
        ),
        (
            "docs/how-to/simulate-calls.md",
            "select fate from vioc.simulated_fates()",
        ),
    ] {
        let text = read(page);
        let found = names(client, sql);
        assert!(!found.is_empty(), "{sql}");
        for name in found {
            if !text.contains(&format!("`{name}`")) {
                problems.push(format!("{page} lacks {name}"));
            }
        }
    }
    verdict(&problems)
}
