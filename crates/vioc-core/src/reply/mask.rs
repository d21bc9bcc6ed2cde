//! Messages of others without the personal data in them.

use regex::{Regex, escape};
use std::ops::Range;
use std::sync::LazyLock;

const MASK: &str = "***";
/// Of the masked message, in characters.
const MAX_CHARS: usize = 500;
/// Of the message as it came; no answer worth reading is longer.
const MAX_BYTES: usize = 64 * 1024;
/// What is known must be at least this long, or single letters would vanish.
const MIN_KNOWN_CHARS: usize = 2;
/// What is known and at least this long is masked inside of words too.
const MIN_ANYWHERE_CHARS: usize = 8;
/// The longest piece that a cut through a number or an address may leave behind.
const CUT_MARGIN: usize = 256;

/// Runs of seven digits and more, whatever stands between them; addresses; keys.
static PERSONAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        [+＋]? [(]? \d (?: [\s().,/·‐-―_-]* \d ){6,}
        | [^\s@<>()\[\]:;,]+ @ [^\s@<>()\[\]:;,]+
        | (?i: \b bearer \s+ \S+ )
        | (?i: \b key_ [\w-]+ )
        ",
    )
    .ok()
});

/// `message` with phone numbers, e-mail addresses, keys and every `known` value replaced by `***`.
///
/// In upper or lower case. A short value counts as a word of its own only: "Ann" leaves "cannot" alone.
#[must_use]
pub fn mask(message: &str, known: &[&str]) -> String {
    mask_but(message, known, None)
}

/// The same, and the tenant's own number may be read: it is no secret, and says what Retell refuses. As a known value it is masked.
pub(super) fn mask_but(message: &str, known: &[&str], own_number: Option<&str>) -> String {
    let masked = masked_but(message, known, own_number);
    masked.chars().take(MAX_CHARS).collect()
}

/// The same, as long as it comes: what is judged is not cut.
pub(super) fn masked(message: &str, known: &[&str]) -> String {
    masked_but(message, known, None)
}

fn masked_but(message: &str, known: &[&str], own_number: Option<&str>) -> String {
    let (message, cut) = bounded(message);
    // Without the patterns nothing could be trusted; the tests compile them.
    let Some(personal) = PERSONAL.as_ref() else {
        return MASK.to_owned();
    };
    let known: Vec<String> = known.iter().map(|value| clean(value)).collect();
    let mut spans: Vec<Range<usize>> = personal
        .find_iter(&message)
        .filter(|found| Some(found.as_str()) != own_number)
        .map(|found| found.range())
        .collect();
    for value in &known {
        spans.extend(occurrences(&message, value));
    }
    let mut masked = replace(&message, spans);
    if cut {
        // A value cut in two was not recognised; its first part can only be at the end.
        let longest = known.iter().map(String::len).max().unwrap_or(0);
        let keep = masked.len().saturating_sub(longest.max(CUT_MARGIN));
        masked.truncate(masked.floor_char_boundary(keep));
    }
    masked
}

/// The message on one line, without invisible characters, and whether it was cut.
fn bounded(message: &str) -> (String, bool) {
    let end = message.floor_char_boundary(MAX_BYTES);
    (clean(&message[..end]), end < message.len())
}

/// Invisible characters could hide a number from the patterns; line breaks would spoil a log.
fn clean(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\t' | '\n' | '\r' => Some(' '),
            '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => None,
            c => (!c.is_control()).then_some(c),
        })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// Where `value` stands: a short one as a word of its own, a longer one wherever it is.
fn occurrences(message: &str, value: &str) -> Vec<Range<usize>> {
    let length = value.chars().count();
    // Case changes the length of few letters, and of none by more than three.
    if length < MIN_KNOWN_CHARS || length > message.chars().count().saturating_mul(3) {
        return Vec::new();
    }
    let Ok(pattern) = Regex::new(&format!("(?i){}", escape(value))) else {
        // A value too long for a pattern: letter for letter is the best that is left.
        return message
            .match_indices(value)
            .map(|(at, found)| at..at + found.len())
            .collect();
    };
    let mut spans = Vec::new();
    let mut from = 0;
    while let Some(found) = pattern.find_at(message, from) {
        if length >= MIN_ANYWHERE_CHARS || is_word(message, &found.range()) {
            from = found.end();
            spans.push(found.range());
        } else {
            // one that overlaps it may be a word
            from = message.ceil_char_boundary(found.start() + 1);
        }
    }
    spans
}

/// Whether no letter, digit or `_` adjoins: names of fields stay readable.
fn is_word(message: &str, span: &Range<usize>) -> bool {
    let joined = |inside: Option<char>, outside: Option<char>| {
        let is_letter = |c: char| c.is_alphanumeric() || c == '_';
        inside.is_some_and(is_letter) && outside.is_some_and(is_letter)
    };
    let found = &message[span.clone()];
    !joined(
        found.chars().next(),
        message[..span.start].chars().next_back(),
    ) && !joined(
        found.chars().next_back(),
        message[span.end..].chars().next(),
    )
}

/// Spans may overlap (a note that holds a number): together they become one mask.
fn replace(message: &str, mut spans: Vec<Range<usize>>) -> String {
    spans.sort_by_key(|span| span.start);
    let mut masked = String::with_capacity(message.len());
    let mut done = 0;
    for span in spans {
        if span.start >= done {
            masked.push_str(&message[done..span.start]);
            masked.push_str(MASK);
        }
        done = done.max(span.end);
    }
    masked.push_str(&message[done..]);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_addresses_and_keys_are_masked() {
        for (message, expected) in [
            ("Item +12137774445 not found", "Item *** not found"),
            ("call (213) 777-4445 now", "call *** now"),
            ("call +44 20 7183 8750.", "call ***."),
            ("0049/30/901820, twice", "***, twice"),
            ("213.777.4445", "***"),
            ("213\u{200b}777\u{200b}4445", "***"),
            ("213\n777\n4445", "***"),
            ("２１３７７７４４４５", "***"),
            ("to jane.o'neil+x@example.co.uk.", "to ***"),
            ("Invalid key_0123abcd given", "Invalid *** given"),
            (
                "Authorization: Bearer abc.def-123 refused",
                "Authorization: *** refused",
            ),
            ("status 503 after 120 s", "status 503 after 120 s"),
            (
                "must NOT have fewer than 1 characters",
                "must NOT have fewer than 1 characters",
            ),
            ("a\u{0}b\u{7}c", "abc"),
            ("", ""),
        ] {
            assert_eq!(mask(message, &[]), expected, "{message:?}");
        }
    }

    #[test]
    fn known_values_are_masked_as_whole_words_in_any_case() {
        for (message, known, expected) in [
            ("Hello ANNA LOPEZ!", "Anna Lopez", "Hello ***!"),
            ("cannot call Ann", "Ann", "cannot call ***"),
            // found by fuzzing
            (
                "Anna Lopez_m and xAnna Lopezes",
                "Anna Lopez",
                "***_m and x***es",
            ),
            (
                "variable ann_1 of aann ann",
                "Ann",
                "variable ann_1 of aann ***",
            ),
            ("xa a a", "a a", "xa ***"),
            ("a man, a plan", "a", "a man, a plan"),
            ("other the theme", "the", "other *** theme"),
            ("für JOSÉ.", "José", "für ***."),
            ("for (vip) only", "(vip)", "for *** only"),
            ("a.b axb", "a.b", "*** axb"),
            ("user_ann ann", "ann", "user_ann ***"),
            ("at 2:30 PM", "2:30 PM", "at ***"),
            ("nothing", "", "nothing"),
        ] {
            assert_eq!(mask(message, &[known]), expected, "{message:?} {known:?}");
        }
    }

    #[test]
    fn the_own_number_can_be_read_and_no_other() {
        for (message, expected) in [
            (
                "Item +12125550100 not found from phone-number",
                "Item +12125550100 not found from phone-number",
            ),
            (
                "+12125550100 cannot call +12137774445",
                "+12125550100 cannot call ***",
            ),
            // run together they may be anything
            ("+12125550100 2137774445", "***"),
            ("+12125550100, +12137774445", "+12125550100, ***"),
            ("+121255501001", "***"),
        ] {
            let masked = mask_but(message, &["+12137774445"], Some("+12125550100"));
            assert_eq!(masked, expected, "{message:?}");
        }
        // the practice calls itself
        let masked = mask_but("+12125550100", &["+12125550100"], Some("+12125550100"));
        assert_eq!(masked, "***");
    }

    #[test]
    fn overlapping_finds_leave_nothing_between_them() {
        let note = "ring 213 777 4445 before noon";
        assert_eq!(
            mask(&format!("bad: {note}!"), &[note, "noon", "777"]),
            "bad: ***!"
        );
        assert_eq!(mask("Anna Lopez", &["Anna", "Anna Lopez"]), "***");
    }

    #[test]
    fn the_result_is_short_and_a_cut_reveals_nothing() {
        assert_eq!(mask(&"é".repeat(2000), &[]).chars().count(), 500);
        // All of the message but its end is masked away, and the end falls on a name.
        let name = "Maximiliana Featherstonehaugh";
        let numbers = "2137774445 ".repeat(MAX_BYTES / 11 - 1);
        let fill = " ".repeat(MAX_BYTES - numbers.len() - 12);
        let message = format!("{numbers}x{fill}{name}");
        assert!(!mask(&message, &[name]).contains("Maxi"));
    }
}
