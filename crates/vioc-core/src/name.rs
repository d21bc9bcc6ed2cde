//! Names that a person writes in several places and that must be one.

/// In small letters, without blanks around it, one blank between words; none if nothing is left.
#[must_use]
pub fn folded(name: &str) -> Option<String> {
    let blank = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
    };
    let words: Vec<_> = name
        .split(blank)
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn a_name_is_one_however_it_is_typed() {
        for name in [
            "Bright Dental",
            "bright dental",
            " BRIGHT  Dental\t",
            "Bright\u{a0}Dental\u{200b}",
        ] {
            assert_eq!(folded(name).as_deref(), Some("bright dental"), "{name:?}");
        }
        assert_eq!(folded("ISTANBUL").as_deref(), Some("istanbul"));
        for nothing in ["", "  ", "\u{feff}\n"] {
            assert_eq!(folded(nothing), None);
        }
    }
}
