//! What the text of a Markdown file refers to: links, headings, inline code.

use std::collections::BTreeMap;

use super::Fence;

/// Something found in the text, and the line it starts in, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub line: usize,
    pub text: String,
}

/// The targets of `[text](target)`, outside of code.
pub fn links(markdown: &str) -> Vec<Found> {
    let (text, _) = split_code(&without_fences(markdown));
    let targets = text.match_indices("](").filter_map(|(at, mark)| {
        let start = at + mark.len();
        let end = start + text[start..].find(')')?;
        Some(found(&text, start, end))
    });
    targets.collect()
}

/// What stands between backticks, outside of fenced blocks; line ends inside are blanks.
pub fn code_spans(markdown: &str) -> Vec<Found> {
    split_code(&without_fences(markdown)).1
}

/// The text without code, comments and the targets of links; lines keep their numbers.
pub fn prose(markdown: &str) -> String {
    let (text, _) = split_code(&without_fences(markdown));
    let text = without(&text, "<!--", "-->");
    without(&text, "](", ")")
}

/// Blanks in place of what stands between two marks, and of the marks.
fn without(text: &str, open: &str, close: &str) -> String {
    let mut rest = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(start) = text[at..].find(open).map(|offset| at + offset) {
        let end = text[start..]
            .find(close)
            .map_or(text.len(), |offset| start + offset + close.len());
        rest.push_str(&text[at..start]);
        rest.extend(
            text[start..end]
                .chars()
                .map(|c| if c == '\n' { '\n' } else { ' ' }),
        );
        at = end;
    }
    rest.push_str(&text[at..]);
    rest
}

/// The anchors that GitHub makes of the headings.
pub fn anchors(markdown: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let text = without_fences(markdown);
    let headings = text.lines().filter_map(|line| {
        let title = line.trim_start_matches('#');
        (line.len() != title.len())
            .then(|| title.strip_prefix(' '))
            .flatten()
    });
    headings
        .map(|title| {
            let slug: String = title
                .trim()
                .chars()
                .filter(|found| found.is_alphanumeric() || matches!(found, ' ' | '-' | '_'))
                .flat_map(char::to_lowercase)
                .map(|found| if found == ' ' { '-' } else { found })
                .collect();
            let earlier = seen.entry(slug.clone()).or_default();
            *earlier += 1;
            match *earlier {
                1 => slug,
                n => format!("{slug}-{}", n - 1),
            }
        })
        .collect()
}

/// The same text with empty lines in place of fenced blocks, so that lines keep their numbers.
fn without_fences(markdown: &str) -> String {
    let mut inside: Option<Fence<'_>> = None;
    let mut text = String::with_capacity(markdown.len());
    for line in markdown.lines() {
        if let Some(fence) = &inside {
            if fence.is_closed_by(line) {
                inside = None;
            }
        } else if let Some(fence) = Fence::open(line) {
            inside = Some(fence);
        } else {
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}

/// Takes inline code out of the text (blanks stay in its place), and returns both.
fn split_code(text: &str) -> (String, Vec<Found>) {
    let mut rest = String::with_capacity(text.len());
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find('`').map(|offset| at + offset) {
        let mark = run_of_backticks(text, start);
        let open = start + mark;
        let close = closing(text, open, mark);
        rest.push_str(&text[at..start]);
        let Some(close) = close else {
            at = open;
            continue;
        };
        let mut span = found(text, open, close);
        span.text = span.text.trim().replace('\n', " ");
        spans.push(span);
        rest.extend(
            text[start..close + mark]
                .chars()
                .map(|c| if c == '\n' { '\n' } else { ' ' }),
        );
        at = close + mark;
    }
    rest.push_str(&text[at..]);
    (rest, spans)
}

/// Where the span that starts here ends, if it does in this paragraph.
fn closing(text: &str, open: usize, mark: usize) -> Option<usize> {
    let paragraph = text[open..]
        .find("\n\n")
        .map_or(text.len(), |end| open + end);
    let mut at = open;
    loop {
        let found = at + text[at..paragraph].find('`')?;
        let length = run_of_backticks(text, found);
        if length == mark {
            return Some(found);
        }
        at = found + length;
    }
}

fn run_of_backticks(text: &str, at: usize) -> usize {
    text[at..].bytes().take_while(|byte| *byte == b'`').count()
}

fn found(text: &str, start: usize, end: usize) -> Found {
    Found {
        line: text[..start].matches('\n').count() + 1,
        text: text[start..end].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(found: Vec<Found>) -> Vec<(usize, String)> {
        found.into_iter().map(|it| (it.line, it.text)).collect()
    }

    #[test]
    fn links_are_found_outside_of_code() {
        let text = "[a](x.md) `[b](no)`\n```sh\n[c](no)\n```\nand [d\ne](#f) ![g](h.png)\n";
        let expected = [(1, "x.md"), (6, "#f"), (6, "h.png")];
        assert_eq!(
            texts(links(text)),
            expected.map(|(line, target)| (line, target.to_owned()))
        );
    }

    #[test]
    fn prose_has_no_code_no_comments_and_no_targets() {
        let text = "a `b` [c](d.md)\n<!-- e\nf -->\n```\ng\n```\nh\n";
        let words: Vec<String> = prose(text).split_whitespace().map(str::to_owned).collect();
        assert_eq!(words, ["a", "[c", "h"]);
        assert_eq!(prose(text).lines().count(), text.lines().count());
    }

    #[test]
    fn a_code_span_may_go_over_a_line_end_but_not_over_a_paragraph() {
        let text = "`a\nb` and ``c`d`` and ` alone\n\n`e`\n";
        let expected = [(1, "a b"), (2, "c`d"), (4, "e")];
        assert_eq!(
            texts(code_spans(text)),
            expected.map(|(line, code)| (line, code.to_owned()))
        );
    }

    #[test]
    fn headings_become_anchors_as_on_github() {
        let text = "# The app's side\n## `vioc.calls`, and more\n#no heading\n```\n# no\n```\n# The app's side\n";
        assert_eq!(
            anchors(text),
            ["the-apps-side", "vioccalls-and-more", "the-apps-side-1"]
        );
    }
}
