//! What faults do to an answer.

use crate::api::{Reply, status_message};
use crate::fault::Answer;

const PAGE: &str = "<html><body><h1>Please enable JavaScript</h1></body></html>";

/// The answer that takes the place of the usual one, whatever that is.
pub(crate) fn replacement(answer: &Answer) -> Option<Reply> {
    let mut reply = match answer {
        Answer::Status {
            status, message, ..
        } => match message {
            Some(message) => Reply::error(*status, message),
            None => status_message(*status),
        },
        Answer::Redirect { .. } => status_message(302),
        _ => return None,
    };
    match answer {
        Answer::Status { body, headers, .. } => {
            if let Some(body) = body {
                reply.body.clone_from(body);
            }
            reply.headers.clone_from(headers);
        }
        Answer::Redirect { location } => {
            reply.body.clear();
            reply
                .headers
                .push(("Location".to_owned(), location.clone()));
        }
        _ => {}
    }
    Some(reply)
}

/// The usual answer, spoilt. A refusal is left as it is: only answers of success get lost.
pub(crate) fn apply(mut reply: Reply, answer: &Answer) -> Reply {
    if !(200..300).contains(&reply.status) {
        return reply;
    }
    match answer {
        Answer::Empty => reply.body.clear(),
        Answer::WithoutCallId => {
            let mut json: serde_json::Value = serde_json::from_str(&reply.body).unwrap_or_default();
            if let Some(object) = json.as_object_mut() {
                object.remove("call_id");
            }
            reply.body = json.to_string();
        }
        Answer::Malformed => {
            let mut half = reply.body.len() / 2;
            while !reply.body.is_char_boundary(half) {
                half -= 1;
            }
            reply.body.truncate(half);
        }
        Answer::Huge { bytes } => {
            let padding = "x".repeat(*bytes);
            reply.body = reply
                .body
                .replacen('{', &format!(r#"{{"padding":"{padding}","#), 1);
        }
        Answer::WrongContentType => {
            reply.content_type = "text/html; charset=utf-8";
            PAGE.clone_into(&mut reply.body);
        }
        _ => {}
    }
    reply
}
