//! What a test tells the simulator to do differently, and for which requests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::Timing;
use crate::fate::Fate;
use crate::fault::{CreateFault, WebhookFault};

pub(crate) const CREATE_PATH: &str = "/v2/create-phone-call";

/// Which requests a script is for; everything given must hold, an empty one is any create.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// Start of the path; `None` is `/v2/create-phone-call`.
    pub path: Option<String>,
    pub to_number: Option<String>,
    pub from_number: Option<String>,
    /// Keys of the request's `metadata` and their values.
    pub metadata: BTreeMap<String, String>,
    /// The API key of the request.
    pub key: Option<String>,
}

impl Match {
    /// Holds for a request of which only the head has been read.
    pub(crate) fn needs_no_body(&self) -> bool {
        self.to_number.is_none() && self.from_number.is_none() && self.metadata.is_empty()
    }

    pub(crate) fn matches(&self, path: &str, key: &str, body: &Value) -> bool {
        let path_matches = match &self.path {
            None => path == CREATE_PATH,
            Some(start) => path.starts_with(start.as_str()),
        };
        let equals = |field: &str, wanted: &Option<String>| {
            wanted
                .as_ref()
                .is_none_or(|it| body.get(field).and_then(Value::as_str) == Some(it))
        };
        path_matches
            && self.key.as_ref().is_none_or(|wanted| wanted == key)
            && equals("to_number", &self.to_number)
            && equals("from_number", &self.from_number)
            && self.metadata.iter().all(|(name, wanted)| {
                body.get("metadata")
                    .and_then(|it| it.get(name))
                    .and_then(Value::as_str)
                    == Some(wanted)
            })
    }
}

/// `Script::to_number("+1555…").times(2).create(CreateFault::status(503, ""))`.
///
/// Of the scripts that match, the oldest with a `create` decides the answer, and the oldest with
/// anything about the call (fate, timing, webhooks) decides the call. A script is used up by
/// the requests it decided; one about the call alone only by calls that were really made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    pub when: Match,
    /// How many requests it is for; `None` is all.
    pub times: Option<u32>,
    pub create: Option<CreateFault>,
    pub fate: Option<Fate>,
    pub timing: Option<Timing>,
    pub webhooks: Vec<WebhookFault>,
}

impl Script {
    /// Any create.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// The next `n` creates.
    #[must_use]
    pub fn next(n: u32) -> Self {
        Self::any().times(n)
    }

    #[must_use]
    pub fn to_number(number: &str) -> Self {
        let mut script = Self::any();
        script.when.to_number = Some(number.to_owned());
        script
    }

    #[must_use]
    pub fn metadata(key: &str, value: &str) -> Self {
        let mut script = Self::any();
        script
            .when
            .metadata
            .insert(key.to_owned(), value.to_owned());
        script
    }

    #[must_use]
    pub fn session(session_id: &str) -> Self {
        Self::metadata("session_id", session_id)
    }

    /// Requests to another endpoint, such as `/v3/list-calls`.
    #[must_use]
    pub fn path(start: &str) -> Self {
        let mut script = Self::any();
        script.when.path = Some(start.to_owned());
        script
    }

    /// Only requests with this API key.
    #[must_use]
    pub fn with_key(mut self, key: &str) -> Self {
        self.when.key = Some(key.to_owned());
        self
    }

    #[must_use]
    pub fn times(mut self, n: u32) -> Self {
        self.times = Some(n);
        self
    }

    #[must_use]
    pub fn create(mut self, fault: CreateFault) -> Self {
        self.create = Some(fault);
        self
    }

    /// Another name for [`Script::create`], for scripts of other paths.
    #[must_use]
    pub fn answer(self, fault: CreateFault) -> Self {
        self.create(fault)
    }

    #[must_use]
    pub fn fate(mut self, fate: Fate) -> Self {
        self.fate = Some(fate);
        self
    }

    #[must_use]
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = Some(timing);
        self
    }

    #[must_use]
    pub fn webhook(mut self, fault: WebhookFault) -> Self {
        self.webhooks.push(fault);
        self
    }

    fn is_about_the_call(&self) -> bool {
        self.fate.is_some() || self.timing.is_some() || !self.webhooks.is_empty()
    }

    fn is_live(&self) -> bool {
        self.times != Some(0)
    }

    fn use_up(&mut self) {
        self.times = self.times.map(|left| left.saturating_sub(1));
    }

    fn manner(&self) -> Manner {
        Manner {
            fate: self.fate.clone(),
            timing: self.timing,
            webhooks: self.webhooks.clone(),
        }
    }
}

/// How a call goes, where a script says so.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manner {
    pub(crate) fate: Option<Fate>,
    pub(crate) timing: Option<Timing>,
    pub(crate) webhooks: Vec<WebhookFault>,
}

/// What the scripts say about one request.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) fault: Option<CreateFault>,
    manner: Option<Manner>,
}

#[derive(Debug, Default)]
pub(crate) struct Scripts {
    scripts: Vec<Script>,
}

impl Scripts {
    pub(crate) fn add(&mut self, script: Script) {
        self.scripts.retain(Script::is_live);
        self.scripts.push(script);
    }

    pub(crate) fn clear(&mut self) {
        self.scripts.clear();
    }

    /// Whether to break the connection before the body is read.
    pub(crate) fn take_early_reset(&mut self, path: &str, key: &str) -> bool {
        let early = self.scripts.iter_mut().find(|it| {
            it.is_live()
                && it.when.needs_no_body()
                && it.create.as_ref().is_some_and(CreateFault::is_early_reset)
                && it.when.matches(path, key, &Value::Null)
        });
        early.map(Script::use_up).is_some()
    }

    pub(crate) fn take_plan(&mut self, path: &str, key: &str, body: &Value) -> Plan {
        let decisive = self
            .scripts
            .iter_mut()
            .find(|it| it.is_live() && it.create.is_some() && it.when.matches(path, key, body));
        let Some(script) = decisive else {
            return Plan::default();
        };
        script.use_up();
        Plan {
            fault: script.create.clone(),
            manner: script.is_about_the_call().then(|| script.manner()),
        }
    }

    /// How the call goes that this request makes.
    pub(crate) fn take_manner(&mut self, plan: Plan, key: &str, body: &Value) -> Manner {
        if let Some(manner) = plan.manner {
            return manner;
        }
        let decisive = self.scripts.iter_mut().find(|it| {
            it.is_live()
                && it.create.is_none()
                && it.is_about_the_call()
                && it.when.matches(CREATE_PATH, key, body)
        });
        let Some(script) = decisive else {
            return Manner::default();
        };
        script.use_up();
        script.manner()
    }
}
