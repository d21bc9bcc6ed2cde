//! `POST /v3/list-calls`.

use serde_json::{Value, json};

use crate::api::{Reply, error_message};
use crate::call::Call;
use crate::world::{Shared, Workspace, World};

const MAX_LIMIT: u64 = 1000;
const FILTERS: [&str; 9] = [
    "metadata",
    "to_number",
    "from_number",
    "call_status",
    "call_id",
    "start_timestamp",
    "end_timestamp",
    "disconnection_reason",
    "direction",
];

pub(crate) fn list(shared: &Shared, who: &Workspace, body: &Value) -> Reply {
    let query = match Query::parse(body) {
        Ok(query) => query,
        Err(problem) => return error_message(400, &problem),
    };
    let world = shared.lock();
    let candidates = query.filters.candidates(&world);
    let mut found: Vec<&Call> = candidates
        .iter()
        .filter_map(|id| world.call(&who.org, id))
        .filter(|call| query.filters.accept(call))
        .collect();
    // By start; a call without one sorts by its registration. Later created is later.
    found.sort_by_key(|call| call.start_ms.unwrap_or(call.registered_ms));
    if !query.ascending {
        found.reverse();
    }
    let total = found.len();
    let from = match query.after {
        Some(id) => found
            .iter()
            .position(|call| call.id == id)
            .map_or(total, |index| index + 1),
        None => query.skip.min(total),
    };
    let page = &found[from..(from + query.limit).min(total)];
    let items: Vec<Value> = page.iter().map(|call| call.to_list_item()).collect();
    let has_more = from + page.len() < total;
    let mut answer = json!({"items": items, "has_more": has_more});
    if let Some(last) = page.last().filter(|_| has_more) {
        answer["pagination_key"] = json!(last.id);
    }
    if query.include_total {
        answer["total"] = json!(total);
    }
    Reply::json(200, answer.to_string())
}

struct Query<'a> {
    filters: Filters<'a>,
    ascending: bool,
    limit: usize,
    skip: usize,
    after: Option<&'a str>,
    include_total: bool,
}

impl<'a> Query<'a> {
    fn parse(body: &'a Value) -> Result<Self, String> {
        let Some(object) = body.as_object() else {
            return Err("request/body must be object".to_owned());
        };
        let given = |key: &str| object.get(key).filter(|it| !it.is_null());
        let count = |key: &str, default: u64| match given(key) {
            None => Ok(default),
            Some(value) => value
                .as_u64()
                .ok_or(format!("request/body/{key} must be integer >= 0")),
        };
        let limit = count("limit", 50)?;
        if limit == 0 || limit > MAX_LIMIT {
            return Err(format!(
                "request/body/limit must be >= 1 and <= {MAX_LIMIT}"
            ));
        }
        let after = given("pagination_key").and_then(Value::as_str);
        if after.is_some() && given("skip").is_some() {
            return Err("request/body must not have both skip and pagination_key".to_owned());
        }
        let ascending = match given("sort_order").map(Value::as_str) {
            None | Some(Some("descending")) => false,
            Some(Some("ascending")) => true,
            Some(_) => {
                let problem = "must be equal to one of the allowed values";
                return Err(format!("request/body/sort_order {problem}"));
            }
        };
        Ok(Self {
            filters: Filters::parse(given("filter_criteria"))?,
            ascending,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            skip: usize::try_from(count("skip", 0)?).unwrap_or(usize::MAX),
            after,
            include_total: given("include_total").and_then(Value::as_bool) == Some(true),
        })
    }
}

/// All must accept.
struct Filters<'a>(Vec<(&'a str, &'a Value)>);

impl<'a> Filters<'a> {
    fn parse(criteria: Option<&'a Value>) -> Result<Self, String> {
        const AT: &str = "request/body/filter_criteria";
        let Some(criteria) = criteria else {
            return Ok(Self(Vec::new()));
        };
        let object = criteria.as_object().ok_or(format!("{AT} must be object"))?;
        let mut filters = Vec::new();
        for (key, filter) in object {
            if !FILTERS.contains(&key.as_str()) {
                return Err(format!(
                    "{AT}/{key} is not a filter that the simulator knows"
                ));
            }
            match (key.as_str(), filter) {
                ("metadata", Value::Array(parts)) => {
                    filters.extend(parts.iter().map(|part| ("metadata", part)));
                }
                ("metadata", _) => return Err(format!("{AT}/metadata must be array")),
                (key, filter) => filters.push((key, filter)),
            }
        }
        for (key, filter) in &filters {
            check(filter).map_err(|problem| format!("{AT}/{key} {problem}"))?;
            if *key == "metadata" && !filter.get("key").is_some_and(Value::is_string) {
                return Err(format!("{AT}/metadata must have required property 'key'"));
            }
        }
        Ok(Self(filters))
    }

    /// The ids to look at: those of a session if it is named, else all.
    fn candidates<'w>(&self, world: &'w World) -> &'w [String] {
        let session = self.0.iter().find_map(|(key, filter)| {
            let names = *key == "metadata" && filter["key"] == "session_id" && filter["op"] == "eq";
            filter["value"].as_str().filter(|_| names)
        });
        match session {
            Some(session) => world.sessions.get(session).map_or(&[], Vec::as_slice),
            None => &world.order,
        }
    }

    fn accept(&self, call: &Call) -> bool {
        self.0.iter().all(|(key, filter)| {
            let value = match *key {
                "metadata" => {
                    let name = filter.get("key").and_then(Value::as_str).unwrap_or("");
                    call.metadata.as_ref().and_then(|it| it.get(name)).cloned()
                }
                "to_number" => Some(json!(call.called())),
                "from_number" => Some(json!(call.caller())),
                "call_status" => Some(json!(call.status)),
                "call_id" => Some(json!(call.id)),
                "direction" => Some(json!("outbound")),
                "start_timestamp" => call.start_ms.map(Value::from),
                "end_timestamp" => call.end_ms.map(Value::from),
                _ => call.reason.as_deref().map(Value::from),
            };
            value.is_some_and(|value| accepts(filter, &value))
        })
    }
}

fn check(filter: &Value) -> Result<(), &'static str> {
    let part = |key: &str| filter.get(key).and_then(Value::as_str).unwrap_or("");
    let value = filter.get("value").unwrap_or(&Value::Null);
    let is_range = |it: &Value| {
        it.as_array()
            .is_some_and(|ends| ends.len() == 2 && ends.iter().all(Value::is_number))
    };
    let good = match (part("type"), part("op")) {
        ("string", "eq" | "ne" | "sw" | "ew" | "co") => value.is_string(),
        ("number", "eq" | "ne" | "gt" | "ge" | "lt" | "le") => value.is_number(),
        ("range", "bt") => is_range(value),
        ("enum", "in") => value.is_array(),
        ("boolean", "eq") => value.is_boolean(),
        _ => return Err("must have a known type and op"),
    };
    if good {
        Ok(())
    } else {
        Err("must have a value of its type")
    }
}

fn accepts(filter: &Value, actual: &Value) -> bool {
    let wanted = &filter["value"];
    let op = filter["op"].as_str().unwrap_or("");
    match (actual, wanted) {
        (Value::String(actual), Value::String(wanted)) => match op {
            "eq" => actual == wanted,
            "ne" => actual != wanted,
            "sw" => actual.starts_with(wanted.as_str()),
            "ew" => actual.ends_with(wanted.as_str()),
            _ => actual.contains(wanted.as_str()),
        },
        (Value::Number(_), Value::Number(_)) => {
            let order = actual.as_f64().partial_cmp(&wanted.as_f64());
            match op {
                "eq" => order.is_some_and(|it| it.is_eq()),
                "ne" => order.is_some_and(|it| it.is_ne()),
                "gt" => order.is_some_and(|it| it.is_gt()),
                "ge" => order.is_some_and(|it| it.is_ge()),
                "lt" => order.is_some_and(|it| it.is_lt()),
                _ => order.is_some_and(|it| it.is_le()),
            }
        }
        (actual, Value::Array(ends)) if op == "bt" => {
            let (low, high) = (ends[0].as_f64(), ends[1].as_f64());
            actual.as_f64() >= low && actual.as_f64() <= high
        }
        (actual, Value::Array(allowed)) => allowed.contains(actual),
        (Value::Bool(actual), Value::Bool(wanted)) => actual == wanted,
        // A filter of another type than the value.
        _ => op == "ne",
    }
}
