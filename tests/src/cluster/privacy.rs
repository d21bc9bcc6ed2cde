//! What must not be in a server's log: the names, numbers and keys that tests plant.

/// Names of people, starts of numbers, parts of keys; each is used by tests only.
const PLANTED: [&str; 11] = [
    "Maria Jones",
    "Ann Jones",
    "Quillfeather",
    "+1646",
    "+1917",
    "+12122",
    "key_of_",
    "key_that_",
    "key_planted",
    "key_before_",
    "key_after_",
];
/// Names of our own that begin so, in what PostgreSQL says of a statement.
const OWN: [&str; 2] = ["key_digest", "key_and_agent"];

/// The lines that show something planted. What PostgreSQL prints of a session's own failed statement is not the
/// extension's to prevent (README names the settings), nor that it prints a changed setting.
pub(super) fn personal_lines(log: &str) -> Vec<String> {
    let mut is_statement = false;
    let mut found = Vec::new();
    for line in log.lines() {
        // a message goes on in lines that begin with a tab
        if !line.starts_with('\t') {
            is_statement = line.contains(" STATEMENT:  ")
                || line.contains(" parameter \"") && line.contains("\" changed to ");
        }
        let said = OWN
            .iter()
            .fold(line.to_owned(), |line, own| line.replace(own, ""));
        if !is_statement && PLANTED.iter().any(|it| said.contains(it)) {
            found.push(line.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::personal_lines;

    #[test]
    fn a_planted_number_is_found_and_a_failed_statement_is_not() {
        let log = "2026 [1] LOG:  dialled +16462000000\n2026 [1] ERROR:  no\n2026 [1] STATEMENT:  select \'+16462000000\'\n\t, \'key_of_a\'\n2026 [2] DETAIL:  key_of_a\n2026 [2] CONTEXT:  key_digest";
        let found = personal_lines(log);
        assert_eq!(
            found,
            [
                "2026 [1] LOG:  dialled +16462000000",
                "2026 [2] DETAIL:  key_of_a"
            ]
        );
    }
}
