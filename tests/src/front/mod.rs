//! An HTTP front for a database: PostgREST where it is installed, else a stand-in with its exact calling convention.
//!
//! ```no_run
//! use vioc_tests::{Cluster, Front, http::Request};
//!
//! let cluster = Cluster::builder().databases(["app"]).start();
//! let front = Front::builder(&cluster, "app").nginx_paths().start();
//! let answer = front.send(&Request::post("/api/webhook/call-outcome", r#"{"event":"call_started"}"#));
//! assert_eq!(answer.status, 401);
//! ```
//!
//! The stand-in follows what was observed on PostgREST 16: what reaches the function, which overload is called, the
//! settings it sees, the transaction around it, and the answer. It has functions (`/rpc/...`) and no tables.

mod call;
mod catalog;
mod failure;
pub mod jwt;
mod pool;
mod postgrest;
mod proxy;
mod request;
mod standin;

use std::net::SocketAddr;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::http::{Request, Response, Server};
use postgrest::PostgRest;
use proxy::{PathRule, Proxy};
use standin::StandIn;

/// How the front connects and what it exposes.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    config: postgres::Config,
    url: String,
    schemas: Vec<String>,
    anon_role: Option<String>,
    jwt_secret: Option<String>,
    pool: usize,
}

/// Describes a [`Front`]; [`FrontBuilder::start`] makes it.
#[derive(Clone, Debug)]
#[must_use]
pub struct FrontBuilder {
    options: Options,
    rules: Vec<PathRule>,
    stand_in: bool,
}

/// A running front; dropping it stops it.
#[derive(Debug)]
pub struct Front {
    server: Server,
    jwt_secret: Option<String>,
    behind: Behind,
}

#[derive(Debug)]
enum Behind {
    StandIn(std::sync::Arc<StandIn>),
    PostgRest(Box<PostgRest>),
}

impl Front {
    /// A front that logs in as `authenticator`, takes requests without a token as `web_anon`, and exposes `public`.
    pub fn builder(cluster: &Cluster, database: &str) -> FrontBuilder {
        let mut config = cluster.config(database);
        config
            .user("authenticator")
            .application_name("PostgREST 16.2");
        let options = Options {
            config,
            url: format!(
                "postgresql://authenticator@127.0.0.1:{}/{database}",
                cluster.port()
            ),
            schemas: vec!["public".to_owned()],
            anon_role: Some("web_anon".to_owned()),
            jwt_secret: None,
            pool: 4,
        };
        FrontBuilder {
            options,
            rules: Vec::new(),
            stand_in: false,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Sends a request on a connection of its own.
    ///
    /// # Panics
    /// If there is no answer.
    #[track_caller]
    pub fn send(&self, request: &Request) -> Response {
        let answer = request.send(self.address());
        answer.unwrap_or_else(|error| panic!("{} {}: {error}", request.method, request.target))
    }

    /// Calls a function with named arguments, as the role of a token.
    #[track_caller]
    pub fn call_as(&self, role: &str, function: &str, arguments: &Value) -> Response {
        let request = Request::post(&format!("/rpc/{function}"), arguments.to_string());
        self.send(&request.header("Authorization", format!("Bearer {}", self.token(role))))
    }

    /// A token for a role; needs [`FrontBuilder::jwt_secret`].
    #[track_caller]
    pub fn token(&self, role: &str) -> String {
        let secret = self
            .jwt_secret
            .as_ref()
            .expect("the front has a JWT secret");
        jwt::sign(secret, &serde_json::json!({ "role": role }))
    }

    pub fn is_stand_in(&self) -> bool {
        matches!(self.behind, Behind::StandIn(_))
    }

    /// Has functions made since the start found, for certain; `NOTIFY pgrst, 'reload schema'` does it in a moment.
    #[track_caller]
    pub fn reload_schema(&self) {
        match &self.behind {
            Behind::StandIn(stand_in) => stand_in.reload_schema().expect("the catalog can be read"),
            Behind::PostgRest(process) => process.reload_schema(),
        }
    }
}

impl FrontBuilder {
    pub fn authenticator(mut self, role: &str) -> Self {
        self.options.config.user(role);
        self.options.url = self
            .options
            .url
            .replacen("//authenticator@", &format!("//{role}@"), 1);
        self
    }

    /// The role of requests without a token; `None` refuses them.
    pub fn anon_role(mut self, role: Option<&str>) -> Self {
        self.options.anon_role = role.map(str::to_owned);
        self
    }

    pub fn schemas<'a>(mut self, schemas: impl IntoIterator<Item = &'a str>) -> Self {
        self.options.schemas = schemas.into_iter().map(str::to_owned).collect();
        self
    }

    /// For HS256; PostgREST wants at least 32 characters.
    pub fn jwt_secret(mut self, secret: &str) -> Self {
        self.options.jwt_secret = Some(secret.to_owned());
        self
    }

    /// How many connections to the database there are at most.
    pub fn pool(mut self, connections: usize) -> Self {
        self.options.pool = connections;
        self
    }

    /// The path and the limit of `examples/nginx/vioconcierge.conf`.
    pub fn nginx_paths(self) -> Self {
        let target = "/rpc/vioc_receive_webhook?columns=_";
        self.path("/api/webhook/call-outcome", target, 8 << 20)
    }

    /// Serves `target` (POST only, without the Authorization header) at `path` too; larger bodies are answered 413.
    pub fn path(mut self, path: &str, target: &str, max_body: usize) -> Self {
        self.rules.push(PathRule {
            path: path.to_owned(),
            target: target.to_owned(),
            max_body,
        });
        self
    }

    /// The stand-in even where PostgREST is installed.
    pub fn stand_in(mut self) -> Self {
        self.stand_in = true;
        self
    }

    /// # Panics
    /// If the database cannot be reached as the authenticator role.
    #[track_caller]
    pub fn start(self) -> Front {
        let Self {
            options,
            rules,
            stand_in,
        } = self;
        let jwt_secret = options.jwt_secret.clone();
        let program = (!stand_in).then(postgrest::installed).flatten();
        let (upstream, behind) = match program {
            Some(program) => {
                let process = PostgRest::start(&program, &options);
                (
                    proxy::Upstream::Address(process.address()),
                    Behind::PostgRest(Box::new(process)),
                )
            }
            None => {
                let stand_in = StandIn::start(options);
                (
                    proxy::Upstream::Here(std::sync::Arc::clone(&stand_in)),
                    Behind::StandIn(stand_in),
                )
            }
        };
        let server = Server::start(std::sync::Arc::new(Proxy { rules, upstream }))
            .expect("loopback has a free port");
        Front {
            server,
            jwt_secret,
            behind,
        }
    }
}
