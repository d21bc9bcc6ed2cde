//! The stand-in for PostgREST, case by case against what was observed on PostgREST 16. Needs PostgreSQL only.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "front/answers.rs"]
mod answers;
#[path = "front/bodies.rs"]
mod bodies;
#[path = "front/operation.rs"]
mod operation;
#[path = "front/requests.rs"]
mod requests;

use vioc_tests::http::{Request, Response};
use vioc_tests::{Cluster, Front};

pub(crate) const SECRET: &str = "a-secret-of-at-least-thirty-two-characters";

/// Roles as in examples/postgrest, and the functions of one test.
pub(crate) struct Site {
    pub(crate) front: Front,
    pub(crate) cluster: Cluster,
}

impl Site {
    pub(crate) fn with(functions: &str) -> Self {
        Self::start(functions, true)
    }

    pub(crate) fn without_secret(functions: &str) -> Self {
        Self::start(functions, false)
    }

    fn start(functions: &str, secret: bool) -> Self {
        let cluster = Cluster::builder().plain().databases(["app"]).start();
        let roles = "create role web_anon; create role frontdesk; \
                     create role authenticator login noinherit; grant web_anon, frontdesk to authenticator; \
                     create table public.seen (headers jsonb, body text); grant all on public.seen to public;";
        cluster
            .connect("app")
            .batch_execute(&format!("{roles}\n{functions}"))
            .unwrap();
        let builder = Front::builder(&cluster, "app").path("/in/hook", "/rpc/hook?columns=_", 1000);
        let builder = if secret {
            builder.jwt_secret(SECRET)
        } else {
            builder
        };
        Self {
            front: builder.start(),
            cluster,
        }
    }

    pub(crate) fn post(&self, target: &str, body: impl Into<Vec<u8>>) -> Response {
        self.front.send(&Request::post(target, body))
    }

    pub(crate) fn ask(&self, sql: &str) -> String {
        self.cluster
            .connect("app")
            .query_one(sql, &[])
            .unwrap()
            .get(0)
    }
}

/// The code in an error's body.
pub(crate) fn code(answer: &Response) -> String {
    answer.json()["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
