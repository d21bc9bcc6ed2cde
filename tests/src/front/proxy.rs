//! The reverse proxy's part: the public path of the webhook, its limits, and nothing done to the body.

use std::net::SocketAddr;
use std::sync::Arc;

use super::standin::StandIn;
use crate::http::{Handler, Request, Response};

/// A path of the outside world and what it is inside.
#[derive(Clone, Debug)]
pub(crate) struct PathRule {
    pub(crate) path: String,
    pub(crate) target: String,
    pub(crate) max_body: usize,
}

pub(crate) enum Upstream {
    Here(Arc<StandIn>),
    Address(SocketAddr),
}

pub(crate) struct Proxy {
    pub(crate) rules: Vec<PathRule>,
    pub(crate) upstream: Upstream,
}

impl Proxy {
    fn rule(&self, request: &Request) -> Option<&PathRule> {
        self.rules.iter().find(|rule| rule.path == request.path())
    }
}

impl Handler for Proxy {
    fn body_limit(&self, head: &Request) -> usize {
        self.rule(head).map_or(usize::MAX, |rule| rule.max_body)
    }

    fn answer(&self, mut request: Request) -> Response {
        if let Some(rule) = self.rule(&request) {
            if request.method != "POST" {
                return Response::new(405, "").header("Allow", "POST");
            }
            request.target.clone_from(&rule.target);
            request = request.without("authorization");
        }
        match &self.upstream {
            Upstream::Here(stand_in) => stand_in.answer(request),
            Upstream::Address(address) => forward(&request, *address),
        }
    }
}

fn forward(request: &Request, to: SocketAddr) -> Response {
    // The body has been read: its own framing replaces the sender's.
    let mut inner = request.clone();
    for name in [
        "connection",
        "transfer-encoding",
        "content-length",
        "expect",
    ] {
        inner = inner.without(name);
    }
    match inner.header("Connection", "close").send(to) {
        Ok(mut answer) => {
            let framing = [
                "connection",
                "transfer-encoding",
                "content-length",
                "keep-alive",
            ];
            answer
                .headers
                .retain(|(name, _)| !framing.iter().any(|found| name.eq_ignore_ascii_case(found)));
            answer
        }
        Err(_) => Response::new(502, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Server;

    struct Echo;

    impl Handler for Echo {
        fn answer(&self, request: Request) -> Response {
            let seen = format!(
                "{} auth={:?} ",
                request.target,
                request.last("authorization").is_some()
            );
            Response::new(200, [seen.as_bytes(), &request.body].concat()).header("X-From", "echo")
        }
    }

    #[test]
    fn a_forwarded_body_stays_as_it_is_and_the_path_is_mapped() {
        let upstream = Server::start(Arc::new(Echo)).unwrap();
        let rule = PathRule {
            path: "/hook".into(),
            target: "/rpc/f?columns=_".into(),
            max_body: 20,
        };
        let upstream_address = Upstream::Address(upstream.address());
        let front = Server::start(Arc::new(Proxy {
            rules: vec![rule],
            upstream: upstream_address,
        }))
        .unwrap();
        let post = |body: &str| {
            Request::post("/hook", body)
                .header("Authorization", "Bearer x")
                .send(front.address())
        };
        let answer = post("{ \"a\" : 1 }\r\n").unwrap();
        assert_eq!(
            answer.text(),
            "/rpc/f?columns=_ auth=false { \"a\" : 1 }\r\n"
        );
        assert_eq!(answer.last("x-from"), Some(&b"echo"[..]));
        assert_eq!(post(&" ".repeat(21)).unwrap().status, 413);
        assert_eq!(
            Request::get("/hook").send(front.address()).unwrap().status,
            405
        );
    }
}
