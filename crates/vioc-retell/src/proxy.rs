//! The HTTP proxy that requests over https go through: it is asked by CONNECT, and sees no more than the name of the host.
//!
//! Its URL may hold a user name and a password, so no error and no `{:?}` shows it.

use std::fmt;

use reqwest::Url;

use crate::PoolError;

/// Where the proxy is, and what it is told.
#[derive(Clone)]
pub(crate) struct Proxy(Url);

impl Proxy {
    /// `http://[user:password@]host[:port]` and nothing else.
    pub(crate) fn new(url: &str) -> Result<Self, PoolError> {
        // the parser would mend what is only meant as a URL
        let is_plain = url.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
            && url
                .get(..7)
                .is_some_and(|it| it.eq_ignore_ascii_case("http://"));
        let parsed = Url::parse(url).map_err(|_| PoolError::Proxy)?;
        let has_only_authority =
            parsed.path() == "/" && parsed.query().is_none() && parsed.fragment().is_none();
        let proxy = Self(parsed);
        match is_plain && has_only_authority && proxy.is_understood() {
            true => Ok(proxy),
            false => Err(PoolError::Proxy),
        }
    }

    /// reqwest reads the URL a second time, in another way, and goes without a proxy if it cannot.
    fn is_understood(&self) -> bool {
        let uri: Result<hyper::Uri, _> = self.0.as_str().parse();
        uri.is_ok_and(|uri| uri.host().is_some() && uri.host() == self.0.host_str())
    }

    /// HOST:PORT, all that may be shown.
    pub(crate) fn address(&self) -> String {
        let port = self.0.port_or_known_default().unwrap_or(80);
        format!("{}:{port}", self.0.host_str().unwrap_or_default())
    }

    pub(crate) fn for_https(&self) -> reqwest::Result<reqwest::Proxy> {
        reqwest::Proxy::https(self.0.clone())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_a_host_with_a_port_and_perhaps_a_password_and_only_the_former_is_shown() {
        for (url, address) in [
            ("http://proxy.test:3128", "proxy.test:3128"),
            ("http://proxy.test:3128/", "proxy.test:3128"),
            ("HTTP://Proxy.test", "proxy.test:80"),
            ("http://10.0.0.1:8080", "10.0.0.1:8080"),
            ("http://[2001:db8::1]:3128", "[2001:db8::1]:3128"),
            ("http://desk@proxy.test:3128", "proxy.test:3128"),
            ("http://desk:s3cret@proxy.test:3128", "proxy.test:3128"),
            ("http://desk:s3c%40ret@proxy.test:3128", "proxy.test:3128"),
            ("http://a:b@c:d@proxy.test:3128", "proxy.test:3128"),
            (
                "http://desk:~!$&'()*+,;=[]^|`{}<>\"%zz@proxy.test:3128",
                "proxy.test:3128",
            ),
        ] {
            let proxy = Proxy::new(url).unwrap_or_else(|_| panic!("{url} was refused"));
            assert_eq!(proxy.address(), address, "{url}");
            assert_eq!(format!("{proxy:?}"), address, "{url}");
            assert!(proxy.for_https().is_ok());
        }
    }

    #[test]
    fn what_is_no_http_url_of_a_host_is_no_proxy() {
        for url in [
            "",
            "proxy.test",
            "proxy.test:3128",
            "http:proxy.test:3128",
            "http:/proxy.test:3128",
            "http:\\\\proxy.test:3128",
            "http://",
            "http://:3128",
            "http://desk:s3cret@",
            "http://proxy.test:port",
            "http://proxy.test:99999",
            "http://proxy.test:3128/path",
            "http://proxy.test:3128?x",
            "http://proxy.test:3128#x",
            "http://proxy test:3128",
            "http://desk:s3 cret@proxy.test:3128",
            "http://pr\u{f6}xy.test:3128",
            "http://proxy.test:3128\n",
            "https://proxy.test:3128",
            "socks5://proxy.test:1080",
            "file:///etc/passwd",
            "on",
        ] {
            let error = Proxy::new(url).expect_err(url).to_string();
            assert!(!error.contains("s3"), "{error}");
        }
    }
}
