//! The transaction of one request, statement for statement as PostgREST runs it.

use postgres::types::ToSql;
use serde_json::{Map, Value};

use super::catalog::{Function, Returns, is_raw};
use super::failure::{Answer, database_failure, refuse};
use super::pool::{Connection, Raw};
use super::request::Plan;
use crate::http::{Request, Response};

/// The transaction-local settings that tell a function about its request.
pub(crate) struct Settings(Vec<(&'static str, String)>);

impl Settings {
    pub(crate) fn of(request: &Request, plan: &Plan) -> Answer<Self> {
        let (headers, cookies) = headers_and_cookies(request)?;
        Ok(Self(vec![
            (
                "search_path",
                format!("{}, \"public\"", quote(&plan.schema)),
            ),
            ("role", plan.caller.role.clone()),
            ("request.jwt.claims", plan.caller.claims.to_string()),
            ("request.method", request.method.clone()),
            ("request.path", request.path().to_owned()),
            ("request.headers", Value::from(headers).to_string()),
            ("request.cookies", Value::from(cookies).to_string()),
        ]))
    }
}

/// Calls the function and commits; the answer is given only after that.
pub(crate) fn run(
    connection: &mut Connection,
    plan: &Plan,
    function: &Function,
    media_type: Option<&str>,
    settings: &Settings,
) -> Answer<Response> {
    let access = if plan.posted.is_some() && function.volatile {
        "READ WRITE"
    } else {
        "READ ONLY"
    };
    let anonymous = plan.caller.anonymous;
    let result = begin_and_call(connection, access, plan, function, media_type, settings)
        .map_err(|error| database_failure(&error, anonymous))
        .and_then(|row| response(function, media_type, row))
        .and_then(|response| {
            let committed = connection.client.batch_execute("COMMIT");
            committed
                .map(|()| response)
                .map_err(|error| database_failure(&error, anonymous))
        });
    if result.is_err() {
        // Fails only with the connection, which the pool notices.
        let _ = connection.client.batch_execute("ROLLBACK");
    }
    result
}

struct Row {
    body: String,
    headers: Option<String>,
    status: Option<String>,
}

fn begin_and_call(
    connection: &mut Connection,
    access: &str,
    plan: &Plan,
    function: &Function,
    media_type: Option<&str>,
    settings: &Settings,
) -> Result<Row, postgres::Error> {
    connection
        .client
        .batch_execute(&format!("BEGIN ISOLATION LEVEL READ COMMITTED {access}"))?;

    let mut settings: Vec<(&str, &str)> = settings
        .0
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    if let Some(timeout) = &function.statement_timeout {
        settings.push(("statement_timeout", timeout));
    }
    let list: Vec<String> = settings
        .iter()
        .zip(1..)
        .map(|((name, _), i)| format!("set_config('{name}', ${i}, true)"))
        .collect();
    let statement = connection.prepare(&format!("select {}", list.join(", ")), settings.len())?;
    let values: Vec<Raw<'_>> = settings
        .iter()
        .map(|(_, value)| Raw(value.as_bytes()))
        .collect();
    let values: Vec<&(dyn ToSql + Sync)> = values
        .iter()
        .map(|value| value as &(dyn ToSql + Sync))
        .collect();
    connection.client.query(&statement, &values)?;

    let sql = statement_of(plan, function, media_type);
    let parameters = usize::from(sql.contains("$1"));
    let statement = connection.prepare(&sql, parameters)?;
    let body = Raw(&plan.body);
    let values: [&(dyn ToSql + Sync); 1] = [&body];
    let row = connection
        .client
        .query_one(&statement, &values[..parameters])?;
    Ok(Row {
        body: row.get::<_, Option<String>>(0).unwrap_or_default(),
        headers: row.get(1),
        status: row.get(2),
    })
}

/// The function's result as one JSON text, and what it has said about the answer.
fn statement_of(plan: &Plan, function: &Function, media_type: Option<&str>) -> String {
    let name = format!("{}.{}", quote(&function.schema), quote(&function.name));
    let unnamed = function
        .parameters
        .first()
        .filter(|parameter| parameter.name.is_empty());
    let (payload, arguments) = match unnamed {
        Some(parameter) => (String::new(), format!("$1::{}", parameter.type_name)),
        None => named_arguments(plan, function),
    };
    let source = match function.returns {
        Returns::Composite => {
            format!("select pgrst_call.* from {payload}{name}({arguments}) pgrst_call")
        }
        _ => format!(
            "select pgrst_call.pgrst_scalar from {payload}(select {name}({arguments}) as pgrst_scalar) pgrst_call"
        ),
    };
    let value = if function.returns == Returns::Composite {
        "_postgrest_t"
    } else {
        "_postgrest_t.pgrst_scalar"
    };
    let body = match (function.returns, function.returns_set) {
        (Returns::Void, _) => "''".to_owned(),
        // bytea as bytes is not needed here
        _ if media_type.is_some() => "min(_postgrest_t.pgrst_scalar::text)".to_owned(),
        (_, false) => format!("coalesce(json_agg({value})->0, 'null')::text"),
        (_, true) => format!("coalesce(json_agg({value}), '[]')::text"),
    };
    let limit = plan
        .limit
        .filter(|_| function.returns_set)
        .map(|rows| format!(" limit {rows}"))
        .unwrap_or_default();
    format!(
        "with pgrst_source as ({source}) \
         select {body}, nullif(current_setting('response.headers', true), ''), \
         nullif(current_setting('response.status', true), ''), pg_catalog.count(_postgrest_t) \
         from (select * from pgrst_source{limit}) _postgrest_t"
    )
}

fn named_arguments(plan: &Plan, function: &Function) -> (String, String) {
    let given = || {
        function
            .parameters
            .iter()
            .filter(|parameter| plan.keys.contains(&parameter.name))
    };
    if given().next().is_none() || plan.posted.as_deref().is_some_and(is_raw) {
        return (String::new(), String::new());
    }
    let list = |write: &dyn Fn(&super::catalog::Parameter) -> String| {
        given().map(write).collect::<Vec<_>>().join(", ")
    };
    let types = list(&|parameter| format!("{} {}", quote(&parameter.name), parameter.type_name));
    let arguments = list(&|parameter| {
        let name = quote(&parameter.name);
        format!("{name} := pgrst_body.{name}")
    });
    let payload = format!(
        "(select $1::json as json_data) pgrst_payload, \
         lateral (select * from json_to_record(pgrst_payload.json_data) as _({types})) pgrst_body, \
         lateral "
    );
    (payload, arguments)
}

fn response(function: &Function, media_type: Option<&str>, row: Row) -> Answer<Response> {
    let empty = function.returns == Returns::Void;
    let status = match row.status.as_deref() {
        None if empty => 204,
        None => 200,
        Some(text) => text.parse().map_err(|_| {
            refuse(
                500,
                "PGRST112",
                "response.status guc must be a valid status code",
            )
        })?,
    };
    let own = row
        .headers
        .map_or_else(|| Some(Vec::new()), |text| parse_headers(&text));
    let own = own.ok_or_else(|| {
        refuse(500, "PGRST111", "response.headers guc must be a JSON array composed of objects with a single key and a string value")
    })?;
    let mut response = Response::new(status, row.body);
    if !empty
        && !own
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
    {
        response = response.header(
            "Content-Type",
            match media_type {
                None => "application/json; charset=utf-8",
                Some("*/*") => "application/octet-stream",
                Some(own) => own,
            },
        );
    }
    for (name, value) in own {
        // folded, not injected
        let value = value.replace(['\r', '\n'], "\n").replace('\n', "\r\n ");
        response = response.header(&name, value);
    }
    Ok(response)
}

fn parse_headers(text: &str) -> Option<Vec<(String, String)>> {
    let list: Vec<Map<String, Value>> = serde_json::from_str(text).ok()?;
    list.iter()
        .map(|object| {
            let (name, value) = object.iter().next().filter(|_| object.len() == 1)?;
            Some((name.clone(), value.as_str()?.to_owned()))
        })
        .collect()
}

/// Names in lower case, of a repeated one the last value; cookies apart.
fn headers_and_cookies(request: &Request) -> Answer<(Map<String, Value>, Map<String, Value>)> {
    let mut headers = Map::new();
    let mut cookies = Map::new();
    for (name, value) in &request.headers {
        let value = String::from_utf8(value.clone())
            .map_err(|_| refuse(500, "PGRST000", "Something went wrong"))?;
        if name.eq_ignore_ascii_case("cookie") {
            let pairs = value
                .split(';')
                .filter_map(|pair| pair.trim().split_once('='));
            cookies.extend(pairs.map(|(name, value)| (name.to_owned(), value.into())));
        } else {
            headers.insert(name.to_ascii_lowercase(), value.into());
        }
    }
    Ok((headers, cookies))
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
