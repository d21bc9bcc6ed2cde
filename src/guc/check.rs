//! What the settings may say: check hooks with hints. No file is read: it may be there later, or be away later.

use std::ffi::{CStr, CString};

use pgrx::guc::{GucContext, GucFlags, GucRegistry};
use pgrx::prelude::*;

use super::Text;

type CheckHook = unsafe extern "C-unwind" fn(
    *mut *mut std::ffi::c_char,
    *mut *mut std::ffi::c_void,
    pg_sys::GucSource::Type,
) -> bool;

pub(super) fn checked(
    name: &'static CStr,
    about: &'static CStr,
    setting: &'static Text,
    context: GucContext,
    flags: GucFlags,
    check: CheckHook,
) {
    // SAFETY: the hook only reads the text that PostgreSQL hands it.
    unsafe {
        GucRegistry::define_string_guc_with_hooks(
            name,
            about,
            c"",
            setting,
            context,
            flags,
            Some(check),
            None,
            None,
        );
    }
}

/// Why a value of a setting cannot be used, and what can. No file is read: it may be there later, or be away later.
struct Refusal {
    detail: &'static CStr,
    hint: &'static CStr,
    /// In place of PostgreSQL's own message, which shows the value, for a secret.
    message: Option<&'static CStr>,
}

const API_BASE_URL_REFUSED: Refusal = Refusal {
    detail: c"It must be an https URL, or an http URL of this machine, without user name, query and fragment.",
    hint: c"For Retell: https://api.retellai.com. For a simulator on this machine: http://127.0.0.1:9000.",
    message: None,
};

const WEBHOOK_BASE_URL_REFUSED: Refusal = Refusal {
    detail: c"It must be an http or https URL without user name, query and fragment.",
    hint: c"For instance https://calls.example.com.",
    message: None,
};

const DATABASES_REFUSED: Refusal = Refusal {
    detail: c"It must be names of databases, separated by commas; a name with blanks, a comma or quotes is written in double quotes.",
    hint: c"For instance app, \"second app\".",
    message: None,
};

const LEGAL_HOURS_REFUSED: Refusal = Refusal {
    detail:
        c"It must be two times of one day in order, each of two digits, a colon and two digits.",
    hint: c"For instance 08:00-21:00.",
    message: None,
};

const RETELL_API_KEY_REFUSED: Refusal = Refusal {
    detail: c"A key has no blanks; file:NAME has only letters, digits, dot, _ and - in NAME.",
    hint: c"Copy the key from Retell's dashboard, or write file:NAME for a file in vioconcierge.secrets_dir.",
    message: Some(c"invalid value for parameter \"vioconcierge.retell_api_key\""),
};

const HTTPS_PROXY_REFUSED: Refusal = Refusal {
    detail: c"It must be the http URL of an HTTP proxy: a host and a port, before them a user name and a password if the proxy asks for them, and nothing else.",
    hint: c"For instance http://proxy.example.com:3128, or http://user:password@proxy.example.com:3128 with %40 for an @ of the password.",
    message: Some(c"invalid value for parameter \"vioconcierge.https_proxy\""),
};

fn refusal(name: &str, value: &str) -> Option<Refusal> {
    // as `read` and SQL take it: of the hours SQL trims nothing
    let value = match name {
        "vioconcierge.legal_hours" => value,
        _ => value.trim(),
    };
    let (is_good, refusal) = match name {
        "vioconcierge.api_base_url" => (
            vioc_retell::check_base_url(value).is_ok(),
            API_BASE_URL_REFUSED,
        ),
        "vioconcierge.webhook_base_url" => (
            value.is_empty()
                || !matches!(
                    vioc_retell::check_base_url(value),
                    Err(vioc_retell::PoolError::BaseUrl)
                ),
            WEBHOOK_BASE_URL_REFUSED,
        ),
        "vioconcierge.https_proxy" => (
            vioc_retell::check_https_proxy(value).is_ok(),
            HTTPS_PROXY_REFUSED,
        ),
        "vioconcierge.databases" => (names_of(value).is_some(), DATABASES_REFUSED),
        "vioconcierge.legal_hours" => (
            vioc_core::hours::parse(value).is_some(),
            LEGAL_HOURS_REFUSED,
        ),
        "vioconcierge.retell_api_key" => (
            vioc_retell::secrets::is_well_formed(value),
            RETELL_API_KEY_REFUSED,
        ),
        _ => return None,
    };
    (!is_good).then_some(refusal)
}

/// Why a line of the files cannot be used, better than PostgreSQL's "setting could not be applied".
pub(crate) fn problem(name: &str, value: &str) -> Option<&'static str> {
    refusal(name, value).and_then(|it| it.detail.to_str().ok())
}

unsafe fn check(name: &str, value: *mut *mut std::ffi::c_char) -> bool {
    // SAFETY: PostgreSQL hands the hook of a text a pointer to a text, or to null.
    let value = unsafe {
        match (*value).is_null() {
            true => c"",
            false => CStr::from_ptr(*value),
        }
    };
    let refusal = match value.to_str() {
        Ok(value) => refusal(name, value),
        Err(_) => refusal(name, "\u{fffd}"),
    };
    let Some(refusal) = refusal else {
        return true;
    };
    // SAFETY: PostgreSQL reads these texts right after the hook, and frees none of them.
    unsafe {
        pg_sys::GUC_check_errdetail_string = refusal.detail.as_ptr().cast_mut();
        pg_sys::GUC_check_errhint_string = refusal.hint.as_ptr().cast_mut();
        if let Some(message) = refusal.message {
            pg_sys::GUC_check_errmsg_string = message.as_ptr().cast_mut();
        }
    }
    false
}

macro_rules! check_hooks {
    ($($hook:ident: $name:literal),*) => {$(
        #[pg_guard]
        pub(super) unsafe extern "C-unwind" fn $hook(
            value: *mut *mut std::ffi::c_char,
            _extra: *mut *mut std::ffi::c_void,
            _source: pg_sys::GucSource::Type,
        ) -> bool {
            // SAFETY: PostgreSQL hands the hook of a text a pointer to a text, or to null.
            unsafe { check($name, value) }
        }
    )*};
}

check_hooks! {
    check_databases: "vioconcierge.databases",
    check_api_base_url: "vioconcierge.api_base_url",
    check_https_proxy: "vioconcierge.https_proxy",
    check_webhook_base_url: "vioconcierge.webhook_base_url",
    check_legal_hours: "vioconcierge.legal_hours",
    check_retell_api_key: "vioconcierge.retell_api_key"
}

/// As PostgreSQL reads such lists (shared_preload_libraries): a name with blanks, a comma or quotes is quoted, and none is folded.
pub(super) fn names_of(list: &str) -> Option<Vec<String>> {
    let mut text = CString::new(list).ok()?.into_bytes_with_nul();
    let mut names: *mut pg_sys::List = std::ptr::null_mut();
    // SAFETY: the names point into the text, which is changed in its place and outlives them.
    unsafe {
        let is_list = pg_sys::SplitGUCList(
            text.as_mut_ptr().cast(),
            b',' as std::ffi::c_char,
            &raw mut names,
        );
        let length = names.as_ref().map_or(0, |it| it.length);
        let found = (0..length)
            .map(|place| CStr::from_ptr(pg_sys::list_nth(names, place).cast()))
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        pg_sys::list_free(names);
        is_list.then_some(found)
    }
}
