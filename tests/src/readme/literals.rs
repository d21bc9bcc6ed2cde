//! What the extension says: the string literals of its sources, messages, hints and COMMENTs among them.

use super::prose::Found;

/// Of SQL, PL/pgSQL bodies included; without comments. The line is the one where a literal starts.
pub fn sql_literals(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\'', '-']) {
        let from = &rest[at..];
        if let Some(comment) = from.strip_prefix("--") {
            rest = &comment[comment.find('\n').unwrap_or(comment.len())..];
        } else if let Some(inside) = from.strip_prefix('\'') {
            let mut end = 0;
            let length = loop {
                let quote = inside[end..].find('\'').map(|quote| end + quote);
                match quote {
                    Some(quote) if inside[quote + 1..].starts_with('\'') => end = quote + 2,
                    Some(quote) => break quote,
                    None => break inside.len(),
                }
            };
            found.push(Found {
                line: line_of(text, inside),
                text: inside[..length].replace("''", "'"),
            });
            rest = inside.get(length + 1..).unwrap_or_default();
        } else {
            rest = &from[1..];
        }
    }
    found
}

/// Of Rust, up to its module of tests; without comments.
pub fn rust_literals(text: &str) -> Vec<Found> {
    let text = text.split("\n#[cfg(test)]\n").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let from = &rest[at..];
        let skipped = ["'\"'", "'\\\"'", "'/'", "'\\''"]
            .iter()
            .find_map(|literal| from.strip_prefix(literal));
        if let Some(after) = skipped {
            rest = after;
        } else if from.starts_with("//") {
            rest = &from[from.find('\n').unwrap_or(from.len())..];
        } else if let Some(inside) = from.strip_prefix('"') {
            let hashes = rest[..at].len() - rest[..at].trim_end_matches('#').len();
            let is_raw = rest[..at - hashes].ends_with('r');
            let length = if is_raw {
                inside.find(&format!("\"{}", "#".repeat(hashes)))
            } else {
                unescaped_quote(inside)
            }
            .unwrap_or(inside.len());
            found.push(Found {
                line: line_of(text, inside),
                text: inside[..length].to_owned(),
            });
            rest = inside.get(length + 1..).unwrap_or_default();
        } else {
            rest = &from[1..];
        }
    }
    found
}

fn unescaped_quote(inside: &str) -> Option<usize> {
    let mut is_escaped = false;
    inside.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })
}

fn line_of(text: &str, inside: &str) -> usize {
    1 + text[..inside.as_ptr() as usize - text.as_ptr() as usize]
        .matches('\n')
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(found: &[Found]) -> Vec<(usize, &str)> {
        found.iter().map(|it| (it.line, it.text.as_str())).collect()
    }

    #[test]
    fn literals_of_sql_are_found_and_comments_are_none() {
        let text = "-- it's none\nselect 'one', 'it''s two'; -- 'none'\ncomment on x is\n  'three -- is no comment';\nselect a - b, '';";
        assert_eq!(
            said(&sql_literals(text)),
            [
                (2, "one"),
                (2, "it's two"),
                (4, "three -- is no comment"),
                (5, "")
            ]
        );
    }

    #[test]
    fn literals_of_rust_are_found_up_to_its_tests() {
        let text = "// \"none\"\nfn f<'a>() { say(\"a \\\"b\\\" c\"); q('\"'); r(r#\"d \"e\" f\"#) } // it's\nconst C: &CStr = c\"g\";\n#[cfg(test)]\nmod tests { \"none\" }";
        assert_eq!(
            said(&rust_literals(text)),
            [(2, "a \\\"b\\\" c"), (2, "d \"e\" f"), (3, "g")]
        );
    }
}
