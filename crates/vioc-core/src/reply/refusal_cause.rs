//! What caused a refusal, by its text.

use super::{Request, mask::masked};
use regex::Regex;
use std::sync::LazyLock;

/// A value at least this long, echoed in a message, would not be mistaken for Retell's own words.
const DISTINCT_LENGTH: usize = 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefusalCause {
    /// Too many calls at once, or too quickly.
    Pace,
    /// The idempotency key has made a call, or is making one.
    UsedKey,
    /// The number or the variables of this contact.
    Contact,
    DoNotCall,
    Destination,
    /// One of the older names at the top level of the request.
    LegacyField,
    Config,
    Unknown,
}

struct Patterns {
    /// Retell's validator names a place: `request/body/to_number must NOT have fewer than 1 characters`.
    place: Regex,
    pace: Regex,
    used_key: Regex,
    /// `\b` counts `_` as a letter, so `honor_internal_dnc` is not `dnc`.
    do_not_call: Regex,
    destination: Regex,
    unexpected_key: Regex,
    /// An older name, whole and not inside another object (`agent_override.agent.webhook_url`).
    legacy_name: Regex,
    /// The other names that only newer versions of Retell know.
    newer_name: Regex,
    config: Regex,
    contact: Regex,
    number_format: Regex,
}

static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| Patterns::compile().ok());

impl Patterns {
    fn compile() -> Result<Self, regex::Error> {
        let new = |pattern: &str| Regex::new(&format!("(?i){pattern}"));
        Ok(Self {
            place: new(r"\bbody(?:[/.](\w+)|(?: must not have additional| has additional))")?,
            pace: new(
                r"\bconcurren\w*\b.*\b(limit|exceed|reach|full)|\b(limit|exceed|reach)\w*\b.*\bconcurren|\bcps\b|\bcalls? per second\b|\brate[ -]?limit|\btoo many (calls|requests)\b",
            )?,
            used_key: new(
                r"\bidempoten\w*\b.*\b(already|us(ed|e)|exist\w*|conflict\w*|different|duplicate\w*|mismatch\w*|progress|another|same)\b|\b(already|duplicate|conflicting|same)\b.*\bidempoten",
            )?,
            do_not_call: new(r"\bdo[ _-]not[ _-]call\b|\bdnc\b")?,
            destination: new(
                r"\bcountry\b.*\bnot (supported|allowed)\b|\bdestination\b.*\bnot (supported|allowed)\b|\bunsupported (country|destination)\b",
            )?,
            unexpected_key: new(
                r#"\badditional propert|\b(unrecogni[sz]ed|unknown|unexpected|unsupported|extra|invalid|undefined) (request |body |input )?(key|field|propert|param|argument|attribute)|\bextra inputs?\b|["'`][\w.]+["'`] is not (allowed|permitted|expected)\b"#,
            )?,
            legacy_name: new(r"(?:^|[^\w./])(?:body[/.])?(agent_id|webhook_url)\b")?,
            config: new(
                r"\boutbound agent\b|\bfrom[_ -]number\b|\bfrom phone-number\b|\b(override_)?agent|\bapi[ _-]key\b|\bidempotency|\bmetadata\b|\bwebhook_url\b|\b(insufficient|balance|credits?|payment|billing|subscription|kyc|verif\w+|compliance)\b",
            )?,
            contact: new(
                r"\bto[_ -]number\b|\bretell_llm_dynamic_variables\b|\bdynamic[ _]variables?\b",
            )?,
            number_format: new(r"\be\.?164\b")?,
            newer_name: new(
                r"\b(honor_internal_dnc|idempotency_key|agent_override|override_agent_\w+|metadata)\b",
            )?,
        })
    }
}

impl RefusalCause {
    pub(super) fn of(said: &str, request: &Request) -> Self {
        // A long note of the practice ("do not call before nine"), echoed, is not Retell speaking.
        let notes: Vec<&str> = request
            .personal
            .iter()
            .map(String::as_str)
            .filter(|value| value.chars().count() >= DISTINCT_LENGTH)
            .collect();
        let said = masked(said, &notes);
        // The patterns are constants that the tests compile; without them every refusal is unknown.
        PATTERNS
            .as_ref()
            .map_or(Self::Unknown, |patterns| patterns.judge(&said, request))
    }
}

impl Patterns {
    fn judge(&self, said: &str, request: &Request) -> RefusalCause {
        if self.used_key.is_match(said) {
            return RefusalCause::UsedKey;
        }
        // A named place decides: what follows may hold any word, a variable called "dnc" for one.
        if let Some(place) = self.place.captures(said) {
            match place
                .get(1)
                .map(|field| field.as_str().to_ascii_lowercase())
                .as_deref()
            {
                Some("to_number") if self.do_not_call.is_match(said) => {
                    return RefusalCause::DoNotCall;
                }
                Some("to_number") if self.destination.is_match(said) => {
                    return RefusalCause::Destination;
                }
                Some("to_number" | "retell_llm_dynamic_variables") => return RefusalCause::Contact,
                Some("agent_id" | "webhook_url") => return RefusalCause::LegacyField,
                Some(_) => return RefusalCause::Config,
                None => return self.unexpected(said, request),
            }
        }
        if self.pace.is_match(said) {
            RefusalCause::Pace
        } else if self.do_not_call.is_match(said) {
            RefusalCause::DoNotCall
        } else if self.destination.is_match(said) {
            RefusalCause::Destination
        } else if self.unexpected_key.is_match(said) {
            self.unexpected(said, request)
        } else if self.contact.is_match(said) {
            // Before the settings: "from_number and to_number must differ" is about one person.
            RefusalCause::Contact
        } else if self.config.is_match(said) {
            RefusalCause::Config
        } else if self.number_format.is_match(said) {
            RefusalCause::Contact
        } else {
            RefusalCause::Unknown
        }
    }

    fn unexpected(&self, said: &str, request: &Request) -> RefusalCause {
        if self.legacy_name.is_match(said) {
            RefusalCause::LegacyField
        } else if self.contact.is_match(said) {
            RefusalCause::Contact
        } else if request.has_legacy_field && self.is_nameless(said) {
            // Of what we send at the top level only the older names are not in Retell's schema.
            RefusalCause::LegacyField
        } else {
            RefusalCause::Config
        }
    }

    fn is_nameless(&self, said: &str) -> bool {
        self.place.is_match(said) && !self.newer_name.is_match(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = r#"{"agent_id":"agent_1","webhook_url":"https://example.com",
        "retell_llm_dynamic_variables":{"special_instructions":"do not call before nine"}}"#;

    fn cause(text: &str) -> RefusalCause {
        RefusalCause::of(text, &Request::read(REQUEST))
    }

    #[test]
    fn an_opt_out_at_retell_is_recognised_and_nothing_else_is() {
        for (text, expected) in [
            ("Contact is marked as do not call", true),
            ("to_number has do_not_call set", true),
            ("request/body/to_number is on the do-not-call list", true),
            ("Rejected: number on internal DNC list.", true),
            (
                "request/body/retell_llm_dynamic_variables/do_not_call must be string",
                false,
            ),
            ("request/body/honor_internal_dnc must be boolean", false),
            ("Unrecognized key(s) in object: 'honor_internal_dnc'", false),
            ("unexpected token in \"do not call before nine\"", false),
            ("Call country not supported: AE", false),
            ("do not caller", false),
        ] {
            assert_eq!(cause(text) == RefusalCause::DoNotCall, expected, "{text}");
        }
    }

    #[test]
    fn what_stands_far_behind_counts_too() {
        let far = "the request was not accepted by the upstream service ".repeat(20);
        assert_eq!(
            cause(&format!("{far}: Contact is marked as do not call")),
            RefusalCause::DoNotCall
        );
        assert_eq!(
            cause(&format!("{far}: to_number is not a number")),
            RefusalCause::Contact
        );
    }

    #[test]
    fn an_older_name_is_blamed_only_where_it_stands_alone() {
        for (text, expected) in [
            ("request/body/webhook_url must NOT be present", true),
            ("request/body/agent_id must be one of", true),
            ("request/body must NOT have additional properties", true),
            (
                "request/body must NOT have additional properties: agent_id",
                true,
            ),
            (
                "Unrecognized key(s) in object: 'agent_id', 'webhook_url'",
                true,
            ),
            ("\"webhook_url\" is not allowed", true),
            ("Unknown field `agent_id`", true),
            ("additional property webhook_url", true),
            (
                "request/body must NOT have additional properties: honor_internal_dnc",
                false,
            ),
            (
                "request/body/agent_override must NOT have additional properties",
                false,
            ),
            (
                "request/body/agent_override/agent/webhook_url must match format \"uri\"",
                false,
            ),
            ("request/body/override_agent_id must be string", false),
            ("Unrecognized key(s) in object: 'override_agent_id'", false),
            ("\"agent_override.agent.webhook_url\" is not allowed", false),
            ("agent_id agent_1 does not exist", false),
        ] {
            let expected = if expected {
                RefusalCause::LegacyField
            } else {
                RefusalCause::Config
            };
            assert_eq!(cause(text), expected, "{text}");
        }
    }

    #[test]
    fn a_nameless_key_is_no_older_name_when_none_was_sent() {
        let text = "request/body must NOT have additional properties";
        assert_eq!(
            RefusalCause::of(text, &Request::read("{}")),
            RefusalCause::Config
        );
    }
}
