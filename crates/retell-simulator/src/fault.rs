//! What can go wrong, as scripts name it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::millis;

/// Whether a create makes a call, and so whether a phone rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Creates {
    No,
    #[default]
    Now,
    /// Accepted now, invisible and silent for so long, then it dials.
    After(#[serde(with = "millis")] Duration),
    /// The same, and until it dials its idempotency key is not known either: a second create with
    /// that key makes a second call. (What Retell does meanwhile is not documented.)
    AfterUnkeyed(#[serde(with = "millis")] Duration),
}

/// What the client gets to see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// The usual one.
    #[default]
    Usual,
    /// The usual one, so much later.
    Delayed {
        #[serde(rename = "ms", with = "millis")]
        by: Duration,
    },
    /// None: the connection stays open until the client leaves, at most so long.
    Hang {
        #[serde(rename = "ms", with = "millis", default = "an_hour")]
        at_most: Duration,
    },
    /// The connection is reset (RST).
    Reset,
    /// The same, before the body is read. Only a script without conditions on the body can do
    /// that; any other is a plain `Reset`.
    EarlyReset,
    /// This status, in Retell's documented error shape, or with this body.
    Status {
        status: u16,
        #[serde(default)]
        message: Option<String>,
        #[serde(default)]
        body: Option<String>,
        #[serde(default)]
        headers: Vec<(String, String)>,
    },
    /// The usual status and no body.
    Empty,
    /// The usual answer without its `call_id`.
    WithoutCallId,
    /// The usual answer, cut so that it is no JSON; the length is right.
    Malformed,
    /// The usual answer with so many bytes of padding.
    Huge {
        bytes: usize,
    },
    /// Chunks until the client leaves, at most so long.
    EndlessChunked {
        #[serde(rename = "ms", with = "millis", default = "an_hour")]
        at_most: Duration,
    },
    /// An HTML page of a gateway, with the usual status.
    WrongContentType,
    Redirect {
        location: String,
    },
    /// Half of the usual answer, then the end of the connection.
    CloseMidBody,
    /// The usual one, and once more when the next request of the connection has come: from then on
    /// its answers are one behind.
    Twice,
    /// The answer to the other of two such requests, which waits for its partner, at most a second.
    Swapped,
}

fn an_hour() -> Duration {
    Duration::from_secs(3600)
}

/// A fault of an answer. `dials` says whether a phone rings all the same. At another endpoint than
/// the creation, `creates` says whether the request takes effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CreateFault {
    pub creates: Creates,
    pub answer: Answer,
}

impl CreateFault {
    #[must_use]
    pub fn new(creates: Creates, answer: Answer) -> Self {
        Self { creates, answer }
    }

    /// The request makes a call, now or later.
    #[must_use]
    pub fn dials(&self) -> bool {
        self.creates != Creates::No
    }

    /// Does not dial. Holds the connection until the client leaves.
    #[must_use]
    pub fn hang_before_creating() -> Self {
        Self::new(Creates::No, Answer::Hang { at_most: an_hour() })
    }

    /// Dials. Holds the connection until the client leaves.
    #[must_use]
    pub fn hang_after_creating() -> Self {
        Self::new(Creates::Now, Answer::Hang { at_most: an_hour() })
    }

    /// Dials at once, answers later.
    #[must_use]
    pub fn answer_after(by: Duration) -> Self {
        Self::new(Creates::Now, Answer::Delayed { by })
    }

    /// Dials, but later: until then the call is not to be found. The client gets no answer.
    #[must_use]
    pub fn create_late(after: Duration) -> Self {
        Self::new(Creates::After(after), Answer::Hang { at_most: an_hour() })
    }

    /// The same, and until then its idempotency key does not protect it.
    #[must_use]
    pub fn create_late_unkeyed(after: Duration) -> Self {
        Self::new(
            Creates::AfterUnkeyed(after),
            Answer::Hang { at_most: an_hour() },
        )
    }

    /// Does not dial. Connection reset with the body unread.
    #[must_use]
    pub fn reset_before_reading() -> Self {
        Self::new(Creates::No, Answer::EarlyReset)
    }

    /// Does not dial. Connection reset after the whole request was read.
    #[must_use]
    pub fn reset_before_creating() -> Self {
        Self::new(Creates::No, Answer::Reset)
    }

    /// Dials. Connection reset instead of an answer.
    #[must_use]
    pub fn reset_after_creating() -> Self {
        Self::new(Creates::Now, Answer::Reset)
    }

    /// Does not dial. `message` `""` is the documented text of that status.
    #[must_use]
    pub fn status(status: u16, message: &str) -> Self {
        let message = (!message.is_empty()).then(|| message.to_owned());
        let (body, headers) = (None, Vec::new());
        let answer = Answer::Status {
            status,
            message,
            body,
            headers,
        };
        Self::new(Creates::No, answer)
    }

    /// Dials, and answers this status all the same (a gateway that lost the answer).
    #[must_use]
    pub fn status_after_creating(status: u16) -> Self {
        Self {
            creates: Creates::Now,
            ..Self::status(status, "")
        }
    }

    /// Does not dial. 429, `Retry-After` as given: seconds or an HTTP date.
    #[must_use]
    pub fn throttled(retry_after: Option<&str>) -> Self {
        let fault = Self::status(429, "");
        match retry_after {
            Some(value) => fault.header("Retry-After", value),
            None => fault,
        }
    }

    /// Does not dial: the answer is a normal 201 of a call that nobody ever hears of again.
    #[must_use]
    pub fn phantom() -> Self {
        Self::new(Creates::No, Answer::Usual)
    }

    /// Dials. 201 without a body.
    #[must_use]
    pub fn empty_body() -> Self {
        Self::new(Creates::Now, Answer::Empty)
    }

    /// Dials. 201 without a `call_id`.
    #[must_use]
    pub fn without_call_id() -> Self {
        Self::new(Creates::Now, Answer::WithoutCallId)
    }

    /// Dials. 201 with broken JSON.
    #[must_use]
    pub fn malformed() -> Self {
        Self::new(Creates::Now, Answer::Malformed)
    }

    /// Dials. 201 with so many bytes of padding in the JSON.
    #[must_use]
    pub fn huge(bytes: usize) -> Self {
        Self::new(Creates::Now, Answer::Huge { bytes })
    }

    /// Dials. 201 that never ends.
    #[must_use]
    pub fn endless() -> Self {
        Self::new(Creates::Now, Answer::EndlessChunked { at_most: an_hour() })
    }

    /// Dials. 201 with an HTML page.
    #[must_use]
    pub fn wrong_content_type() -> Self {
        Self::new(Creates::Now, Answer::WrongContentType)
    }

    /// Does not dial. 302.
    #[must_use]
    pub fn redirect(location: &str) -> Self {
        let location = location.to_owned();
        Self::new(Creates::No, Answer::Redirect { location })
    }

    /// Dials. Half an answer.
    #[must_use]
    pub fn close_mid_body() -> Self {
        Self::new(Creates::Now, Answer::CloseMidBody)
    }

    /// Dials. The next request on the same connection gets this answer too.
    #[must_use]
    pub fn answered_twice() -> Self {
        Self::new(Creates::Now, Answer::Twice)
    }

    /// Dials. Two such requests get each other's answers.
    #[must_use]
    pub fn swapped() -> Self {
        Self::new(Creates::Now, Answer::Swapped)
    }

    /// One more header of a `Status` answer.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Answer::Status { headers, .. } = &mut self.answer {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// The exact body of a `Status` answer.
    #[must_use]
    pub fn body(mut self, text: &str) -> Self {
        if let Answer::Status { body, .. } = &mut self.answer {
            *body = Some(text.to_owned());
        }
        self
    }

    pub(crate) fn is_early_reset(&self) -> bool {
        self.answer == Answer::EarlyReset
    }
}

/// What happens to the webhooks of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WebhookTrouble {
    /// Not sent.
    Drop,
    /// Sent so many times more, at the same moment.
    Duplicate {
        copies: u32,
    },
    Delay {
        #[serde(rename = "ms", with = "millis")]
        by: Duration,
    },
    /// `call_analyzed` first, then the others, the newest first.
    Reorder,
    /// The body is changed after it was signed.
    Tamper,
    /// Signed as if sent so many milliseconds ago (negative: in the future).
    Stale {
        ms: i64,
    },
    /// Signed with another key.
    WrongKey,
    NoSignature,
    UpperCaseDigest,
    /// An event that nobody knows comes before it.
    UnknownEventFirst,
}

/// A trouble for one event of the call, or for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookFault {
    /// Name of the event; `function` and `flat` are the posts of the agent.
    #[serde(default)]
    pub event: Option<String>,
    #[serde(flatten)]
    pub trouble: WebhookTrouble,
}

impl WebhookFault {
    #[must_use]
    pub fn every(trouble: WebhookTrouble) -> Self {
        Self {
            event: None,
            trouble,
        }
    }

    #[must_use]
    pub fn on(event: &str, trouble: WebhookTrouble) -> Self {
        Self {
            event: Some(event.to_owned()),
            trouble,
        }
    }

    /// No webhook ever.
    #[must_use]
    pub fn never() -> Self {
        Self::every(WebhookTrouble::Drop)
    }

    #[must_use]
    pub fn reorder() -> Self {
        Self::every(WebhookTrouble::Reorder)
    }

    /// Six minutes old.
    #[must_use]
    pub fn stale() -> Self {
        Self::every(WebhookTrouble::Stale { ms: 360_000 })
    }

    pub(crate) fn concerns(&self, event: &str) -> bool {
        self.event.as_deref().is_none_or(|name| name == event)
    }
}
