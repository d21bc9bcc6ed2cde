//! Keys that are kept in files: `file:NAME` is a file of `vioconcierge.secrets_dir`.

use std::path::Path;

const PREFIX: &str = "file:";
/// No key is longer; a wrong file is not read into memory.
const MAX_BYTES: u64 = 4096;

/// The key itself. The error never holds a key, nor the content of a file.
pub(crate) fn resolve(key: &str, secrets_dir: &Path) -> Result<String, String> {
    let Some(name) = key.strip_prefix(PREFIX) else {
        return Ok(key.to_owned());
    };
    let is_plain = !name.is_empty()
        && !name.starts_with('.')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if !is_plain {
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
        .map_err(|error| format!("key file {name} cannot be read: {}", error.kind()))?;
    match text.trim() {
        "" => Err(format!("key file {name} is empty")),
        key => Ok(key.to_owned()),
    }
}
