//! Opaque text in a URL.

/// As one segment of a path: everything but letters, digits, `_` and `-` is percent-encoded.
#[must_use]
pub fn segment(text: &str) -> String {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let digit = |value: u8| HEX.get(usize::from(value)).copied().unwrap_or('0');
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') {
            out.push(char::from(byte));
        } else {
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn only_letters_digits_underscore_and_hyphen_stay() {
        for (text, wanted) in [
            ("", ""),
            ("call_1f-A9", "call_1f-A9"),
            ("..", "%2E%2E"),
            ("a/b?c#d e%", "a%2Fb%3Fc%23d%20e%25"),
            ("é\n\u{1f4a3}", "%C3%A9%0A%F0%9F%92%A3"),
        ] {
            assert_eq!(segment(text), wanted);
        }
    }

    #[test]
    fn a_long_text_takes_no_time() {
        assert_eq!(segment(&"[".repeat(5_000_000)).len(), 15_000_000);
    }
}
