//! Keys that are kept in files: `file:NAME` is a file of `vioconcierge.secrets_dir`.

use std::path::Path;

use zeroize::Zeroizing;

use crate::Secret;

const PREFIX: &str = "file:";
/// No key is longer; a wrong file is not read into memory.
const MAX_BYTES: u64 = 4096;

/// Whether this can be a key, or a reference to a file: a key is sent in a header. Reads nothing.
#[must_use]
pub fn is_well_formed(key: &str) -> bool {
    match key.strip_prefix(PREFIX) {
        Some(name) => is_plain(name),
        None => fits_a_header(key),
    }
}

/// A key is sent in a header, and nothing else can be.
fn fits_a_header(key: &str) -> bool {
    key.bytes().all(|b| b.is_ascii_graphic())
}

fn is_plain(name: &str) -> bool {
    let is_known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_known)
}

/// The key itself, from its file if it is a reference.
///
/// # Errors
///
/// In words, if the reference cannot be used. It never holds a key, nor the content of a file.
pub fn resolve(key: &str, secrets_dir: &Path) -> Result<Secret, String> {
    let Some(name) = key.strip_prefix(PREFIX) else {
        return match is_well_formed(key) {
            true => Ok(Secret::from(key.to_owned())),
            false => Err("the key has a blank or another character in it that no key has".into()),
        };
    };
    if !is_plain(name) {
        return Err("a key file's name has only letters, digits, dot, _ and -".into());
    }
    if secrets_dir.as_os_str().is_empty() {
        return Err("file:NAME needs the setting vioconcierge.secrets_dir".into());
    }
    let path = secrets_dir.join(name);
    let size = std::fs::metadata(&path)
        .map_err(|error| format!("key file {name} cannot be read: {}", error.kind()))?
        .len();
    if size > MAX_BYTES {
        return Err(format!("key file {name} is too large to be a key"));
    }
    let text = std::fs::read_to_string(&path)
        .map(Zeroizing::new)
        .map_err(|error| format!("key file {name} cannot be read: {}", error.kind()))?;
    match text.trim() {
        "" => Err(format!("key file {name} is empty")),
        key if key.contains(['\n', '\r']) => {
            Err(format!("key file {name} has more lines than one"))
        }
        key if !fits_a_header(key) => Err(format!(
            "key file {name} holds no key: there is a blank or another character in it that no key has"
        )),
        key => Ok(Secret::from(key.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_itself_and_a_reference_is_its_file_trimmed() {
        let dir = std::env::temp_dir().join(format!("vioc-secrets-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("clinic.key"), "key_abc\n").unwrap();
        std::fs::write(dir.join("empty"), " \n").unwrap();
        std::fs::write(dir.join("large"), "k".repeat(5000)).unwrap();
        std::fs::write(dir.join("two_lines"), "key_abc\nkey_abc_old\n").unwrap();
        std::fs::write(dir.join("old_mac"), "key_abc\rkey_abc_old").unwrap();
        std::fs::write(dir.join("blank"), "key_abc # ours").unwrap();
        std::fs::write(dir.join("mark"), "\u{feff}key_abc").unwrap();
        let resolved = |key: &str| resolve(key, &dir).map(|key| key.expose().to_owned());
        assert_eq!(resolved("key_abc").as_deref(), Ok("key_abc"));
        assert_eq!(resolved("file:clinic.key").as_deref(), Ok("key_abc"));
        for refused in [
            "file:",
            "file:missing",
            "file:empty",
            "file:large",
            "file:two_lines",
            "file:old_mac",
            "file:blank",
            "file:mark",
            "file:../clinic.key",
            "file:/etc/passwd",
            "file:.hidden",
            "file:a b",
        ] {
            let problem = resolved(refused).unwrap_err();
            assert!(!problem.contains("key_abc"), "{problem}");
        }
        assert!(resolved("file:two_lines").unwrap_err().contains("lines"));
        assert!(resolve("file:clinic.key", Path::new("")).is_err());
        // as a key that was written by hand, and not by a function that looks at it
        assert!(resolved("key_abc\nkey_old").is_err() && resolved("").is_ok());
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
