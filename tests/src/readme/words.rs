//! The style guide's word list, and the lengths of sentences, over a page's prose.

use super::prose::{Found, prose};

/// Words without an actor, metaphors for mechanisms, and words that the glossary has another word for.
const UNWANTED: [&str; 18] = [
    "somebody",
    "nobody",
    "whoever",
    "anybody",
    "everybody",
    "someone",
    "anyone",
    "everyone",
    "mend",
    "mends",
    "mended",
    "tend",
    "tends",
    "dearly",
    "of no account",
    "by himself",
    "a quarter of an hour",
    "thinks better",
];

/// Each place that has a word of the list.
pub fn unwanted(markdown: &str) -> Vec<Found> {
    let text = prose(markdown);
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let words: Vec<String> = line
            .split(|it: char| !it.is_alphanumeric() && it != '-' && it != '_')
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let line = format!(" {} ", words.join(" "));
        for word in UNWANTED {
            if line.contains(&format!(" {word} ")) {
                found.push(Found {
                    line: number,
                    text: word.to_owned(),
                });
            }
        }
    }
    found
}

/// How long a page's sentences are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sentences {
    pub count: usize,
    pub words: usize,
    /// Of more than 30 words.
    pub long: usize,
    pub longest: usize,
}

impl Sentences {
    pub fn of(markdown: &str) -> Self {
        let mut all = Self::default();
        let mut add = |sentence: &str| {
            let words = sentence.split_whitespace().count();
            // A heading, a cell, a label are no sentences.
            if words > 3 {
                all.count += 1;
                all.words += words;
                all.long += usize::from(words > 30);
                all.longest = all.longest.max(words);
            }
        };
        let mut paragraph = String::new();
        for line in prose(markdown).lines().chain([""]) {
            let line = line.trim();
            let starts_anew = line.is_empty()
                || line.starts_with(['#', '|', '*'])
                || line.starts_with(|it: char| it.is_ascii_digit());
            if starts_anew {
                split(&paragraph).for_each(&mut add);
                paragraph.clear();
            }
            if line.starts_with('|') {
                line.split('|').flat_map(split).for_each(&mut add);
            } else if !line.starts_with('#') {
                paragraph.push(' ');
                paragraph.push_str(line.trim_start_matches("* "));
            }
        }
        all
    }

    #[allow(clippy::cast_precision_loss, reason = "counts of words")]
    pub fn mean(&self) -> f64 {
        self.words as f64 / self.count.max(1) as f64
    }
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(". ")
        .flat_map(|part| part.split(['?', '!', ':']))
        .filter(|part| !part.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_list_is_found_in_prose_only() {
        let text = "Call somebody.\n`nobody`\n```\nwhoever\n```\nIt is Mended, a tendency.\n";
        let places: Vec<_> = unwanted(text)
            .into_iter()
            .map(|it| (it.line, it.text))
            .collect();
        assert_eq!(
            places,
            [(1, "somebody".to_owned()), (6, "mended".to_owned())]
        );
    }

    #[test]
    fn sentences_are_counted_in_paragraphs_lists_and_cells() {
        let text = "# A heading that is long enough\nOne two three four. Five six\nseven eight.\n* a b c d e\n\n| a b c d | no |\n";
        let found = Sentences::of(text);
        assert_eq!((found.count, found.words, found.longest), (4, 17, 5));
    }
}
