//! From an HTTP request to what is to be called, in the order in which PostgREST decides and refuses.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::Options;
use super::failure::{Answer, refuse};
use super::jwt;
use crate::http::Request;

/// What is called, with what, as whom.
pub(crate) struct Plan {
    pub(crate) schema: String,
    pub(crate) function: String,
    pub(crate) keys: BTreeSet<String>,
    pub(crate) body: Vec<u8>,
    /// `None` for GET and HEAD.
    pub(crate) posted: Option<String>,
    pub(crate) limit: Option<u64>,
    pub(crate) caller: Caller,
}

pub(crate) struct Caller {
    pub(crate) role: String,
    pub(crate) claims: Value,
    pub(crate) anonymous: bool,
}

pub(crate) fn plan(request: &mut Request, options: &Options) -> Answer<Plan> {
    let caller = authenticate(request, options)?;
    let function = route(request)?;
    let posted = match request.method.as_str() {
        "POST" => true,
        "GET" | "HEAD" => false,
        _ => {
            return Err(refuse(
                405,
                "PGRST101",
                "Only GET, HEAD, and POST allowed for RPC",
            ));
        }
    };
    let schema = profile(request, options, posted)?;
    let mut query = Query::parse(request.query());
    let limit = query.take("limit").and_then(|text| text.parse().ok());
    let columns = query.take("columns");
    let mut plan = Plan {
        schema,
        function,
        keys: BTreeSet::new(),
        body: Vec::new(),
        posted: None,
        limit,
        caller,
    };
    if !posted {
        (plan.keys, plan.body) = query.into_arguments();
        return Ok(plan);
    }
    let kind = content_type(request)?;
    let body = std::mem::take(&mut request.body);
    (plan.keys, plan.body) = match kind.as_str() {
        "application/json" => json_arguments(body, columns.as_deref())?,
        "application/x-www-form-urlencoded" => {
            let text = String::from_utf8(body)
                .map_err(|_| refuse(500, "PGRST000", "Something went wrong"))?;
            Query::parse(&text).into_arguments()
        }
        _ => (BTreeSet::new(), body),
    };
    plan.posted = Some(kind);
    Ok(plan)
}

/// Any bearer token is taken for a JWT, whatever its sender meant by it.
fn authenticate(request: &Request, options: &Options) -> Answer<Caller> {
    let header = request
        .last("authorization")
        .map(String::from_utf8_lossy)
        .unwrap_or_default();
    let token = header
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let mut claims = Map::new();
    if let Some((_, token)) = token {
        let secret = options.jwt_secret.as_deref();
        let secret = secret.ok_or_else(|| refuse(500, "PGRST300", "Server lacks JWT secret"))?;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let verified = jwt::verify(secret, token.trim(), now);
        let verified = verified.map_err(|(code, message)| refuse(401, code, message))?;
        claims = verified.as_object().cloned().unwrap_or_default();
    }
    let claimed = claims
        .get("role")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let role = claimed.clone().or_else(|| options.anon_role.clone());
    let role = role.ok_or_else(|| refuse(401, "PGRST302", "Anonymous access is disabled"))?;
    claims.insert("role".to_owned(), role.clone().into());
    let anonymous = claimed.is_none();
    Ok(Caller {
        role,
        claims: claims.into(),
        anonymous,
    })
}

fn route(request: &Request) -> Answer<String> {
    let path = request.path();
    let unknown = || refuse(404, "PGRST125", "Invalid path specified in request URL");
    if path == "/" {
        let method = &request.method;
        return Err(refuse(
            405,
            "PGRST117",
            format!("Unsupported HTTP method: {method}"),
        ));
    }
    let name = path.strip_prefix("/rpc/").ok_or_else(|| {
        let relation = path.trim_start_matches('/');
        if relation.contains('/') || relation.is_empty() {
            unknown()
        } else {
            // The stand-in has functions only.
            refuse(
                404,
                "PGRST205",
                format!("Could not find the table '{relation}' in the schema cache"),
            )
        }
    })?;
    let name = percent_decode(name, false).ok_or_else(unknown)?;
    if name.is_empty() || name.contains('/') {
        Err(unknown())
    } else {
        Ok(name)
    }
}

fn profile(request: &Request, options: &Options, posted: bool) -> Answer<String> {
    let header = if posted {
        "content-profile"
    } else {
        "accept-profile"
    };
    let Some(asked) = request
        .last(header)
        .map(|name| String::from_utf8_lossy(name).trim().to_owned())
    else {
        return Ok(options.schemas.first().cloned().unwrap_or_default());
    };
    if options.schemas.contains(&asked) {
        Ok(asked)
    } else {
        Err(refuse(406, "PGRST106", format!("Invalid schema: {asked}")))
    }
}

/// The media type of the answer: of those accepted, in their order, the first that the function has. `*/*` means JSON,
/// unless the function answers with `*/*` itself.
pub(crate) fn negotiate(request: &Request, own: Option<&str>) -> Answer<Option<String>> {
    let Some(header) = request.last("accept").map(String::from_utf8_lossy) else {
        return Ok(own.filter(|own| *own == "*/*").map(str::to_owned));
    };
    let kinds = header
        .split(',')
        .map(|kind| kind.split(';').next().unwrap_or_default().trim());
    for kind in kinds {
        if own.is_some_and(|own| own == "*/*" || own.eq_ignore_ascii_case(kind)) {
            return Ok(own.map(str::to_owned));
        }
        if kind == "*/*" || kind.eq_ignore_ascii_case("application/json") {
            return Ok(None);
        }
    }
    Err(refuse(
        406,
        "PGRST107",
        format!("None of these media types are available: {header}"),
    ))
}

fn content_type(request: &Request) -> Answer<String> {
    let Some(header) = request.last("content-type") else {
        return Ok("application/json".to_owned());
    };
    let header = String::from_utf8_lossy(header);
    let kind = header
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let known = [
        "application/json",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        "text/plain",
        "text/xml",
    ];
    if known.contains(&kind.as_str()) {
        Ok(kind)
    } else {
        Err(refuse(
            400,
            "PGRST102",
            format!("Content-Type not acceptable: {header}"),
        ))
    }
}

/// With `columns` the body is not looked at; without, its keys are the arguments.
fn json_arguments(body: Vec<u8>, columns: Option<&str>) -> Answer<(BTreeSet<String>, Vec<u8>)> {
    if let Some(columns) = columns {
        return Ok((columns.split(',').map(str::to_owned).collect(), body));
    }
    // The empty body is left to PostgreSQL.
    if body.is_empty() {
        return Ok((BTreeSet::new(), body));
    }
    match serde_json::from_slice(&body) {
        Ok(Value::Object(fields)) => Ok((fields.keys().cloned().collect(), body)),
        Ok(_) => Err(refuse(400, "PGRST102", "All object keys must match")),
        Err(_) => Err(refuse(400, "PGRST102", "Empty or invalid json")),
    }
}

/// A decoded query string, or form.
struct Query(Vec<(String, String)>);

impl Query {
    fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text: &str| percent_decode(text, true).unwrap_or_default();
            (decode(name), decode(value))
        });
        Self(pairs.collect())
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(found, _)| found == name)?;
        Some(self.0.remove(at).1)
    }

    /// As named arguments; the last of a repeated name wins.
    fn into_arguments(self) -> (BTreeSet<String>, Vec<u8>) {
        let arguments: Map<String, Value> = self
            .0
            .into_iter()
            .map(|(name, value)| (name, Value::String(value)))
            .collect();
        (
            arguments.keys().cloned().collect(),
            json!(arguments).to_string().into_bytes(),
        )
    }
}

fn percent_decode(text: &str, plus_is_blank: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match *first {
            b'%' => {
                let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = &rest[2..];
            }
            b'+' if plus_is_blank => bytes.push(b' '),
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}
