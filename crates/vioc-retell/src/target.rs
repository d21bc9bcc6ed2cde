//! Base URL plus path, and the rule where a key may travel.

use std::net::IpAddr;

use reqwest::Url;

use crate::PoolError;

/// The only place requests go to.
pub(crate) struct Target {
    /// Without trailing slash, so that a path can simply be appended.
    base: String,
    origin: Url,
}

impl Target {
    pub(crate) fn new(base_url: &str) -> Result<Self, PoolError> {
        let origin = Url::parse(base_url.trim()).map_err(|_| PoolError::BaseUrl)?;
        let plain = origin.username().is_empty()
            && origin.password().is_none()
            && origin.query().is_none()
            && origin.fragment().is_none();
        // A user name would also win over our own Authorization header.
        if !matches!(origin.scheme(), "http" | "https") || !origin.has_host() || !plain {
            return Err(PoolError::BaseUrl);
        }
        Ok(Self {
            base: origin.as_str().trim_end_matches('/').to_owned(),
            origin,
        })
    }

    pub(crate) fn is_https(&self) -> bool {
        self.origin.scheme() == "https"
    }

    /// Whether a key may be sent: encrypted, or without leaving the machine.
    pub(crate) fn may_carry_key(&self) -> bool {
        self.is_https() || self.is_loopback()
    }

    fn is_loopback(&self) -> bool {
        // The URL parser has already turned every spelling of an address into the usual one.
        let host = self.origin.host_str().unwrap_or_default();
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }

    /// The full URL, or `None` if the path could lead anywhere else than below the base URL.
    pub(crate) fn url(&self, path: &str) -> Option<Url> {
        let clean = !path.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\');
        if !path.starts_with('/') || !clean || has_dot_segment(path) {
            return None;
        }
        let url = Url::parse(&format!("{}{path}", self.base)).ok()?;
        (url.origin() == self.origin.origin()).then_some(url)
    }
}

/// `/../` would climb out of a path prefix of the base URL; `%2e` is a dot for the URL parser.
fn has_dot_segment(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.split('/').any(|segment| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        matches!(segment.as_str(), "." | "..")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_appended_whether_or_not_the_base_ends_with_a_slash() {
        for base in [
            "https://api.test",
            "https://api.test/",
            " https://api.test// ",
        ] {
            let url = Target::new(base).unwrap().url("/v2/x?limit=1").unwrap();
            assert_eq!(url.as_str(), "https://api.test/v2/x?limit=1");
        }
        let prefixed = Target::new("https://api.test:8443/retell/").unwrap();
        let url = prefixed.url("/v2/x").unwrap();
        assert_eq!(url.as_str(), "https://api.test:8443/retell/v2/x");
    }

    #[test]
    fn a_path_cannot_leave_the_base_url() {
        let target = Target::new("https://api.test/p").unwrap();
        for path in [
            "",
            "v2/x",
            "@evil.test/",
            ".evil.test/",
            ":1/",
            "/../x",
            "/a/%2E%2e/x",
            "/./x",
            "/a b",
            "/a\tb",
            "/a\\b",
            "https://evil.test/",
        ] {
            assert!(target.url(path).is_none(), "{path:?} was accepted");
        }
        let odd = target.url("//evil.test/x").unwrap();
        assert_eq!(odd.host_str(), Some("api.test"));
    }

    #[test]
    fn a_key_travels_over_https_or_within_the_machine_only() {
        for (base, allowed) in [
            ("https://api.retellai.com", true),
            ("http://127.0.0.1:8080", true),
            ("http://127.9.9.9", true),
            ("http://2130706433", true),
            ("http://[::1]:8080", true),
            ("http://LOCALHOST", true),
            ("http://api.retellai.com", false),
            ("http://10.0.0.1", false),
            ("http://0.0.0.0", false),
            ("http://[::ffff:10.0.0.1]", false),
            ("http://localhost.evil.test", false),
            ("http://127.0.0.1.evil.test", false),
        ] {
            assert_eq!(
                Target::new(base).unwrap().may_carry_key(),
                allowed,
                "{base}"
            );
        }
    }

    #[test]
    fn a_base_url_with_anything_but_scheme_host_and_path_is_refused() {
        for base in [
            "",
            "api.retellai.com",
            "ftp://api.test",
            "file:///etc/passwd",
            "https://",
            "https://u@api.test",
            "https://u:p@api.test",
            "https://api.test?x",
            "https://api.test#x",
            "unix:/run/x",
        ] {
            assert!(Target::new(base).is_err(), "{base:?} was accepted");
        }
    }
}
