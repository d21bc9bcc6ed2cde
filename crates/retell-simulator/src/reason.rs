//! Retell's disconnection reasons and what each says about the call.

/// One of the reasons for which Retell ends a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    pub name: &'static str,
    /// The `call_status` of a call that ended so.
    pub call_status: &'static str,
    /// Somebody or something picked up: there is a `call_started`.
    pub connects: bool,
    /// A telephone rang, or was at least tried.
    pub rings: bool,
}

const fn talked(name: &'static str) -> Reason {
    reason(name, "ended", true, true)
}

const fn unanswered(name: &'static str) -> Reason {
    reason(name, "not_connected", false, true)
}

const fn undialled(name: &'static str) -> Reason {
    reason(name, "not_connected", false, false)
}

const fn refused(name: &'static str) -> Reason {
    reason(name, "error", false, false)
}

const fn broke(name: &'static str) -> Reason {
    reason(name, "error", true, true)
}

const fn reason(
    name: &'static str,
    call_status: &'static str,
    connects: bool,
    rings: bool,
) -> Reason {
    Reason {
        name,
        call_status,
        connects,
        rings,
    }
}

/// All 39. Where Retell does not document whether the call had been connected (the platform
/// errors), this is our reading; `Fate::connected` overrides it.
pub const REASONS: [Reason; 39] = [
    talked("user_hangup"),
    talked("agent_hangup"),
    talked("call_transfer"),
    talked("inactivity"),
    talked("max_duration_reached"),
    talked("user_requested_dnc"),
    talked("user_requested_callback"),
    talked("transfer_bridged"),
    talked("transfer_cancelled"),
    talked("manual_stopped"),
    talked("call_take_over"),
    talked("voicemail_reached"),
    talked("ivr_reached"),
    unanswered("dial_no_answer"),
    unanswered("dial_busy"),
    unanswered("user_declined"),
    undialled("invalid_destination"),
    unanswered("dial_failed"),
    unanswered("marked_as_spam"),
    undialled("network_blocked"),
    undialled("telephony_provider_permission_denied"),
    undialled("telephony_provider_unavailable"),
    undialled("sip_routing_error"),
    refused("no_valid_payment"),
    refused("credit_exhausted"),
    refused("budget_reached"),
    refused("scam_detected"),
    refused("concurrency_limit_reached"),
    talked("no_concurrency_fallback"),
    refused("error_llm_websocket_open"),
    broke("error_llm_websocket_lost_connection"),
    broke("error_llm_websocket_runtime"),
    broke("error_llm_websocket_corrupt_payload"),
    broke("error_no_audio_received"),
    broke("error_asr"),
    broke("error_retell"),
    broke("error_unknown"),
    refused("error_user_not_joined"),
    refused("registered_call_timeout"),
];

/// The reason of that name, if Retell knows it.
pub(crate) fn find(name: &str) -> Option<Reason> {
    REASONS.into_iter().find(|known| known.name == name)
}
