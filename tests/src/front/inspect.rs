//! What PostgREST looks at in a JSON body before it calls a function: is it JSON at all, and which keys are on top.
//!
//! The body itself is never rebuilt; a scanner of our own sees what a parser that builds values would change or refuse
//! (numbers of any size, any nesting depth, duplicate keys).

use std::collections::BTreeSet;

/// What kind of document it is, and which arguments its keys could be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Object(BTreeSet<String>),
    /// An array of objects that all have these keys; an empty array has none.
    Uniform(BTreeSet<String>),
    /// An array of anything else.
    Mixed,
    Scalar,
}

/// `None`: not JSON.
pub(crate) fn inspect(body: &[u8]) -> Option<Shape> {
    let mut scanner = Scanner {
        text: std::str::from_utf8(body).ok()?,
        at: 0,
    };
    let shape = scanner.document()?;
    scanner.blanks();
    (scanner.at == body.len()).then_some(shape)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

/// An open array or object, on an explicit stack: depth is no limit.
enum Open {
    Array,
    Object(BTreeSet<String>),
}

impl Scanner<'_> {
    fn document(&mut self) -> Option<Shape> {
        let mut open: Vec<Open> = Vec::new();
        let mut elements: Option<BTreeSet<String>> = None;
        let mut mixed = false;
        loop {
            // A value is expected here.
            self.blanks();
            let mut closed = match self.peek()? {
                b'{' => {
                    self.at += 1;
                    self.blanks();
                    let mut keys = BTreeSet::new();
                    if self.peek()? == b'}' {
                        self.at += 1;
                        Some(Open::Object(keys))
                    } else {
                        keys.insert(self.key()?);
                        open.push(Open::Object(keys));
                        continue;
                    }
                }
                b'[' => {
                    self.at += 1;
                    self.blanks();
                    if self.peek()? == b']' {
                        self.at += 1;
                        Some(Open::Array)
                    } else {
                        open.push(Open::Array);
                        continue;
                    }
                }
                _ => {
                    self.scalar()?;
                    None
                }
            };
            // A value has ended: go on in what holds it, closing as much as ends here.
            loop {
                if open.is_empty() {
                    return Some(match closed {
                        Some(Open::Object(keys)) => Shape::Object(keys),
                        Some(Open::Array) if mixed => Shape::Mixed,
                        Some(Open::Array) => Shape::Uniform(elements.unwrap_or_default()),
                        None => Shape::Scalar,
                    });
                }
                if let [Open::Array] = open[..] {
                    match closed {
                        Some(Open::Object(keys))
                            if elements.as_ref().is_none_or(|known| *known == keys) =>
                        {
                            elements = Some(keys);
                        }
                        _ => mixed = true,
                    }
                }
                self.blanks();
                let next = self.peek()?;
                self.at += 1;
                match (open.last_mut()?, next) {
                    (Open::Array, b',') => break,
                    (Open::Object(keys), b',') => {
                        self.blanks();
                        let key = self.key()?;
                        keys.insert(key);
                        break;
                    }
                    (Open::Array, b']') | (Open::Object(_), b'}') => closed = open.pop(),
                    _ => return None,
                }
            }
        }
    }

    fn key(&mut self) -> Option<String> {
        let key = self.string()?;
        self.blanks();
        (self.peek()? == b':').then(|| self.at += 1)?;
        Some(key)
    }

    /// A string without its quotes; serde_json knows the escapes, and refuses lone surrogates as PostgREST does.
    fn string(&mut self) -> Option<String> {
        let start = self.at;
        (self.peek()? == b'"').then(|| self.at += 1)?;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        serde_json::from_str(self.text.get(start..self.at)?).ok()
    }

    fn scalar(&mut self) -> Option<()> {
        if self.peek()? == b'"' {
            return self.string().map(|_| ());
        }
        let rest = &self.text[self.at..];
        let word = ["true", "false", "null"]
            .into_iter()
            .find(|word| rest.starts_with(word));
        self.at += word.map(str::len).or_else(|| number(rest.as_bytes()))?;
        Some(())
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// How many bytes at the start are a JSON number.
fn number(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        bytes[from.min(bytes.len())..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes[at] == b'0') {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        (fraction > 0).then_some(())?;
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        (exponent > 0).then_some(())?;
        at += 1 + sign + exponent;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_top_level_keys_are_seen_and_nothing_below_them() {
        let object = |body: &str| inspect(body.as_bytes());
        assert_eq!(
            object(r#"{ "b" : {"x":[{"y":1}]},"a":[2, {}] } "#),
            Some(Shape::Object(keys(&["a", "b"])))
        );
        assert_eq!(
            object(r#"{"a":1,"a":2}"#),
            Some(Shape::Object(keys(&["a"])))
        );
        assert_eq!(object("{ }"), Some(Shape::Object(keys(&[]))));
        assert_eq!(
            object(r#"[{"a":1},{"a":{"b":2}}]"#),
            Some(Shape::Uniform(keys(&["a"])))
        );
        assert_eq!(object("[ ]"), Some(Shape::Uniform(keys(&[]))));
        for mixed in [r#"[{"a":1},{"b":1}]"#, "[1,2]", "[[]]", r#"[{"a":1},2]"#] {
            assert_eq!(object(mixed), Some(Shape::Mixed), "{mixed}");
        }
        for scalar in [
            "42",
            "-0",
            "1e1000000",
            "1.50E-3",
            "true",
            "null",
            r#""a\u00e9\"""#,
        ] {
            assert_eq!(object(scalar), Some(Shape::Scalar), "{scalar}");
        }
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for bad in [
            "",
            " ",
            "{",
            "{} {}",
            "{}x",
            "NaN",
            "01",
            "1.",
            "-",
            ".5",
            "1e",
            "\u{feff}{}",
            "{\"a\"}",
            "{\"a\":}",
            "[1,]",
            "{\"a\":1,}",
            "[1 2]",
            "\"\n\"",
            "\"\\ud800\"",
            "{]",
            "\"open",
            "\"\\",
            "{}\0{}",
            "tru",
        ] {
            assert_eq!(inspect(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(inspect(b"\"\xff\""), None);
    }

    #[test]
    fn depth_is_no_limit() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(inspect(deep.as_bytes()), Some(Shape::Mixed));
    }
}
