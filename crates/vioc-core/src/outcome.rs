//! What the way a call ended says about its outcome. Retell's disconnection reasons are those of retell-sdk 6.2.13
//! (`types/phone_call_response.py`), grouped as docs.retellai.com/reliability/debug-call-disconnect does. The list grows.

/// Of a call that ended for this reason. `line_error` is an outcome of failed that is worth one retry; `unknown` says nothing
/// about what was said, and is for a person to look at. `not_connected` and `error` are Retell's call_status, where it gives
/// no reason; none at all is a call that could not be made.
#[must_use]
pub fn of_reason(reason: Option<&str>) -> &'static str {
    let Some(reason) = reason else {
        return "failed";
    };
    match reason {
        "user_hangup"
        | "agent_hangup"
        | "call_transfer"
        | "call_take_over"
        | "inactivity"
        | "max_duration_reached"
        | "manual_stopped" => "completed",
        "user_requested_dnc" => "do_not_call",
        "user_requested_callback" => "callback_requested",
        "voicemail_reached" | "ivr_reached" => "voicemail",
        "dial_no_answer" | "user_declined" | "not_connected" => "no_answer",
        "dial_busy" => "busy",
        "dial_failed"
        | "sip_routing_error"
        | "telephony_provider_unavailable"
        | "registered_call_timeout"
        | "error" => "line_error",
        "no_valid_payment"
        | "credit_exhausted"
        | "budget_reached"
        | "scam_detected"
        | "telephony_provider_permission_denied" => "account_trouble",
        "concurrency_limit_reached" => "throttled",
        "invalid_destination"
        | "marked_as_spam"
        | "network_blocked"
        | "no_concurrency_fallback" => "failed",
        _ if reason.starts_with("transfer_") => "completed",
        _ if reason.starts_with("error_") => "line_error",
        _ => "unknown",
    }
}

/// Whether a person or a machine answered, so that there may be something to analyse. Trouble of the platform or of the
/// account can end a conversation too, and so can a reason that is not known here yet: `began` says that there was one. A
/// call without a reason was ended by the agent's own report, and was a conversation.
#[must_use]
pub fn has_connected(reason: Option<&str>, began: bool) -> bool {
    match of_reason(reason) {
        _ if reason.is_none() => true,
        "completed" | "do_not_call" | "callback_requested" | "voicemail" => true,
        "line_error" | "account_trouble" | "throttled" | "unknown" => {
            began
                && !matches!(
                    reason,
                    Some(
                        "dial_failed"
                            | "sip_routing_error"
                            | "telephony_provider_unavailable"
                            | "telephony_provider_permission_denied"
                            | "registered_call_timeout"
                    )
                )
        }
        _ => false,
    }
}

/// An outcome of ours, else `other`: a word of the agent may be anything that a person said, also a name or a number.
#[must_use]
pub fn known(outcome: &str) -> &str {
    match outcome {
        "confirmed" | "cancelled" | "rescheduled" | "callback_requested" | "declined"
        | "completed" | "no_answer" | "busy" | "voicemail" | "wrong_number" | "do_not_call"
        | "failed" | "account_trouble" | "throttled" => outcome,
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_one_meaning() {
        for (reason, outcome, without_beginning, with) in [
            (None, "failed", true, true),
            (Some("user_hangup"), "completed", true, true),
            (Some("transfer_bridged"), "completed", true, true),
            (Some("user_requested_dnc"), "do_not_call", true, true),
            (Some("ivr_reached"), "voicemail", true, true),
            (Some("dial_no_answer"), "no_answer", false, false),
            (Some("not_connected"), "no_answer", false, false),
            (Some("dial_busy"), "busy", false, false),
            (Some("dial_failed"), "line_error", false, false),
            (Some("error"), "line_error", false, true),
            (Some("error_asr"), "line_error", false, true),
            (Some("sip_routing_error"), "line_error", false, false),
            (Some("budget_reached"), "account_trouble", false, true),
            (
                Some("telephony_provider_permission_denied"),
                "account_trouble",
                false,
                false,
            ),
            (Some("concurrency_limit_reached"), "throttled", false, true),
            (Some("marked_as_spam"), "failed", false, false),
            (Some("User_hangup"), "unknown", false, true),
            (Some(""), "unknown", false, true),
            (Some("a reason of next year"), "unknown", false, true),
        ] {
            assert_eq!(of_reason(reason), outcome, "{reason:?}");
            assert_eq!(
                has_connected(reason, false),
                without_beginning,
                "{reason:?}"
            );
            assert_eq!(has_connected(reason, true), with, "{reason:?}");
        }
    }

    #[test]
    fn a_word_of_the_agents_is_not_told() {
        assert_eq!(known("confirmed"), "confirmed");
        assert_eq!(known("Confirmed"), "other");
        assert_eq!(known("Maria Jones said yes"), "other");
    }
}
