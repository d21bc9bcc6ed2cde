//! Compares what psql printed with what a page shows of it. What differs from run to run (ids, times, hashes) is masked
//! on both sides; a line `...` stands for any lines, a cell `...` for any value.

/// `None` if the page shows what was printed; else both as they were compared.
pub fn difference(shown: &str, printed: &str) -> Option<String> {
    let (shown_lines, mut printed_lines) = (lines(shown), lines(printed));
    // A page may leave the count of rows away.
    if !shown_lines.iter().any(|line| is_row_count(line)) {
        printed_lines.retain(|line| !is_row_count(line));
    }
    (!matches(&shown_lines, &printed_lines)).then(|| {
        format!(
            "the page shows\n{}\n\npsql printed\n{}\n\n{printed}",
            shown_lines.join("\n"),
            printed_lines.join("\n")
        )
    })
}

fn matches(shown: &[String], printed: &[String]) -> bool {
    match (shown.first(), printed.first()) {
        (None, None) => true,
        (Some(line), _) if line == "..." => {
            (0..=printed.len()).any(|skipped| matches(&shown[1..], &printed[skipped..]))
        }
        (Some(line), Some(found)) => same_line(line, found) && matches(&shown[1..], &printed[1..]),
        _ => false,
    }
}

fn same_line(shown: &str, printed: &str) -> bool {
    let (shown, printed): (Vec<_>, Vec<_>) =
        (shown.split(" | ").collect(), printed.split(" | ").collect());
    shown.len() == printed.len()
        && shown
            .iter()
            .zip(&printed)
            .all(|(shown, printed)| match shown.split_once("...") {
                Some((start, end)) => printed.starts_with(start) && printed.ends_with(end),
                None => shown == printed,
            })
}

fn is_row_count(line: &str) -> bool {
    line.starts_with('(') && (line.ends_with(" rows)") || line == "(1 row)")
}

/// Without the server's CONTEXT, blanks at the ends of lines, and empty lines around.
pub fn without_context(printed: &str) -> String {
    let mut in_context = false;
    let lines: Vec<&str> = printed
        .lines()
        .filter(|line| {
            in_context = line.starts_with("CONTEXT:")
                || (in_context && (line.starts_with("PL/pgSQL") || line.starts_with("SQL ")));
            !in_context
        })
        .map(str::trim_end)
        .collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// Without psql's alignment and its rules.
fn lines(text: &str) -> Vec<String> {
    without_context(text)
        .lines()
        .map(str::trim)
        .filter(|line| line.chars().any(|found| !matches!(found, '-' | '+')))
        .map(|line| {
            let cells: Vec<String> = line.split('|').map(mask).collect();
            cells.join(" | ")
        })
        .collect()
}

/// The words of a cell, without psql's `+` where its text goes on, and with a mark in place of what differs from run to run.
fn mask(cell: &str) -> String {
    let cell = cell.trim_end();
    let cell = cell.strip_suffix('+').unwrap_or(cell);
    let words: Vec<&str> = cell.split_whitespace().collect();
    let mut masked: Vec<&str> = Vec::with_capacity(words.len());
    for (place, word) in words.iter().enumerate() {
        let beside_a_day = is_number(word)
            && [place.checked_sub(1), Some(place + 1)]
                .into_iter()
                .flatten()
                .filter_map(|place| words.get(place))
                .any(|word| is_day(word));
        if is_id(word) {
            masked.push("<id>");
        } else if is_time(word) || is_day(word) || beside_a_day {
            if masked.last() != Some(&"<time>") {
                masked.push("<time>");
            }
        } else {
            masked.push(word);
        }
    }
    masked.join(" ")
}

/// A hash or a UUID, also with something before it: `call_3cbadd1f5e97f9fdb34d2cd3431`.
fn is_id(word: &str) -> bool {
    let longest = word
        .split(|found: char| !found.is_ascii_hexdigit())
        .filter(|run| run.len() >= 8 && run.contains(|found: char| found.is_ascii_digit()))
        .count();
    longest > 0 && !word.contains('+')
}

/// `2026-11-30`, `06:25`, `06:25:17.074+00`, `3.5s`: digits between colons, or a date.
fn is_time(word: &str) -> bool {
    let word = word.trim_matches(['(', ')', ',', '.', ';', '"', '\'']);
    let digits_beside = |mark: char| {
        word.char_indices()
            .filter(|(_, found)| *found == mark)
            .all(|(at, _)| {
                let before = word[..at].chars().next_back();
                let after = word[at + 1..].chars().next();
                before.is_some_and(|it| it.is_ascii_digit())
                    && after.is_some_and(|it| it.is_ascii_digit())
            })
    };
    let starts = word.starts_with(|found: char| found.is_ascii_digit());
    let is_date = word.len() >= 10
        && word.matches('-').count() >= 2
        && word.is_char_boundary(10)
        && word[..10]
            .chars()
            .all(|it| it.is_ascii_digit() || it == '-');
    starts && (is_date || (word.contains(':') && digits_beside(':')))
}

fn is_day(word: &str) -> bool {
    const DAYS: [&str; 19] = [
        "mon", "tue", "wed", "thu", "fri", "sat", "sun", "jan", "feb", "mar", "apr", "may", "jun",
        "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    const ENDS: [&str; 19] = [
        "day", "sday", "nesday", "rsday", "day", "urday", "day", "uary", "ruary", "ch", "il", "",
        "e", "y", "ust", "tember", "ober", "ember", "ember",
    ];
    let word = word.trim_matches(['(', ')', ',', '.', ';', '"', '\'']);
    let capital = word.starts_with(|found: char| found.is_ascii_uppercase());
    let word = word.to_ascii_lowercase();
    capital
        && DAYS.iter().zip(ENDS).any(|(day, end)| {
            word.strip_prefix(day)
                .is_some_and(|rest| rest.is_empty() || rest == end)
        })
}

/// A day of the month or a year, perhaps an ordinal.
fn is_number(word: &str) -> bool {
    let word = word.trim_matches(['(', ')', ',', '.', ';', '"', '\'']);
    let digits = word.trim_end_matches(['s', 't', 'n', 'd', 'r', 'h']);
    !digits.is_empty() && digits.len() <= 4 && digits.chars().all(|found| found.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_times_are_masked_and_alignment_does_not_count() {
        let shown =
            " id |  at\n----+------\n  1 | call_3cbadd1f5e97 2026-11-30 06:25:17.07+00\n(1 row)\n";
        let printed = "id|at\n-+-\n1|call_0000000012 2027-01-02 11:00:00+00\n\n(1 row)\n";
        assert_eq!(difference(shown, printed), None);
        assert!(difference(shown, &printed.replace("\n1|", "\n2|")).is_some());
    }

    #[test]
    fn days_in_words_are_masked() {
        let text = |day: &str| format!("until {day} (America/New_York)");
        assert_eq!(
            difference(
                &text("Thu 03 Dec 2026 11:00"),
                &text("Fri 1 Jan 2027 09:30")
            ),
            None
        );
        assert_eq!(difference("Monday, January 15th", "Friday, May 3rd"), None);
        let in_json = |day: &str, plus: &str| format!(r#" "day": "{day}",{plus}"#);
        assert_eq!(
            difference(
                &in_json("Thursday, December 3rd", "+"),
                &in_json("Friday, May 4th", "        +")
            ),
            None
        );
        assert!(difference("Monday", "Someday").is_some());
    }

    #[test]
    fn an_ellipsis_stands_for_lines_or_for_a_value() {
        assert_eq!(difference("a\n...\nd", "a\nb\nc\nd"), None);
        assert!(difference("a\n...\nd", "a\nb\nc").is_some());
        assert_eq!(difference(" a | ...", " a | b c"), None);
        assert!(difference(" a | ...", " b | b c").is_some());
    }

    #[test]
    fn counts_of_rows_count_only_if_they_are_shown() {
        assert_eq!(difference("a", "a\n(1 row)"), None);
        assert!(difference("a\n(2 rows)", "a\n(1 row)").is_some());
    }

    #[test]
    fn numbers_that_are_no_times_stay() {
        assert!(difference("3 calls", "4 calls").is_some());
        assert!(difference("12 34", "13 34").is_some());
    }
}
