//! How an error becomes an HTTP answer: PostgREST's codes, and its table from SQLSTATE to status.

use serde_json::{Value, json};

use crate::http::Response;

/// An answer that is not a success.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) code: String,
    message: String,
    details: Value,
    hint: Value,
    headers: Vec<(String, String)>,
    /// `PTnnn` puts the message into the status line, as it is.
    reason: String,
}

pub(crate) type Answer<T> = Result<T, Box<Failure>>;

/// An error of PostgREST itself.
pub(crate) fn refuse(status: u16, code: &str, message: impl Into<String>) -> Box<Failure> {
    let mut failure = Failure {
        status,
        code: code.to_owned(),
        message: message.into(),
        details: Value::Null,
        hint: Value::Null,
        headers: Vec::new(),
        reason: String::new(),
    };
    failure.add_usual_headers();
    Box::new(failure)
}

/// An error of the database, or of the connection to it.
pub(crate) fn database_failure(error: &postgres::Error, anonymous: bool) -> Box<Failure> {
    let Some(database) = error.as_db_error() else {
        return refuse(
            503,
            "PGRST001",
            "Database client error. Retrying the connection.",
        );
    };
    let code = database.code().code();
    let message = database.message();
    let mut failure = refuse(status_of(code, anonymous), code, message);
    failure.details = database.detail().into();
    failure.hint = database.hint().into();
    if code.starts_with("PT") {
        failure.reason = message.to_owned();
    }
    failure
}

impl Failure {
    pub(crate) fn into_response(self) -> Response {
        let body = json!({
            "code": self.code, "details": self.details, "hint": self.hint, "message": self.message,
        });
        let mut response = Response::new(self.status, body.to_string())
            .header("Content-Type", "application/json; charset=utf-8")
            .header("Proxy-Status", format!("PostgREST; error={}", self.code));
        for (name, value) in self.headers {
            response = response.header(&name, value);
        }
        Response {
            reason: self.reason.into_bytes(),
            ..response
        }
    }

    pub(crate) fn with_hint(mut self: Box<Self>, hint: &str) -> Box<Self> {
        self.hint = hint.into();
        self
    }

    fn add_usual_headers(&mut self) {
        if self.status == 401 {
            self.headers
                .push(("WWW-Authenticate".to_owned(), "Bearer".to_owned()));
        }
        if self.status == 503 {
            self.headers
                .push(("Retry-After".to_owned(), "0".to_owned()));
        }
    }
}

/// `anonymous`: without a token the lack of a privilege is a lack of identity.
fn status_of(code: &str, anonymous: bool) -> u16 {
    if let Some(own) = code.strip_prefix("PT") {
        return own.parse().unwrap_or(500);
    }
    match code {
        "23503" | "23505" => 409,
        "25006" => 405,
        "42501" if anonymous => 401,
        "42501" => 403,
        "42883" | "42P01" => 404,
        "42P17" | "53400" | "21000" => 500,
        "57P01" => 503,
        "P0001" => 400,
        _ => match &code[..2.min(code.len())] {
            "08" | "53" => 503,
            "0L" | "0P" | "28" => 403,
            "09" | "25" | "2D" | "38" | "39" | "3B" | "40" | "54" | "55" | "57" | "58" | "F0"
            | "HV" | "P0" | "XX" => 500,
            _ => 400,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_of_error_has_its_status() {
        let cases = [
            ("PT418", 418),
            ("PT999", 999),
            ("P0001", 400),
            ("22P02", 400),
            ("22023", 400),
            ("23514", 400),
            ("P0002", 500),
            ("40001", 500),
            ("40P01", 500),
            ("55P03", 500),
            ("57014", 500),
            ("58000", 500),
            ("XX000", 500),
            ("54001", 500),
            ("23505", 409),
            ("23503", 409),
            ("28000", 403),
            ("42501", 403),
            ("53300", 503),
            ("25006", 405),
            ("42883", 404),
            ("VC001", 400),
            ("42703", 400),
        ];
        for (code, status) in cases {
            assert_eq!(status_of(code, false), status, "{code}");
        }
        assert_eq!(status_of("42501", true), 401);
    }
}
