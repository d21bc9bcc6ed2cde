//! Settings. All but `vioconcierge.databases` take effect at reload; only a superuser can set any of them, because
//! they say where keys and personal data go.

use std::ffi::{CStr, CString};
use std::path::PathBuf;
use std::time::Duration;

use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use pgrx::prelude::*;
use vioc_core::margins::LEASE_MARGIN;

mod check;

pub(crate) use check::problem;
use check::{
    check_api_base_url, check_databases, check_https_proxy, check_legal_hours,
    check_retell_api_key, check_webhook_base_url, checked, names_of,
};

type Text = GucSetting<Option<CString>>;

static DATABASES: Text = Text::new(Some(c""));
static API_BASE_URL: Text = Text::new(Some(c"https://api.retellai.com"));
static HTTPS_PROXY: Text = Text::new(Some(c""));
static RETELL_API_KEY: Text = Text::new(Some(c""));
static SECRETS_DIR: Text = Text::new(Some(c""));
static WEBHOOK_BASE_URL: Text = Text::new(Some(c""));
static LEGAL_HOURS: Text = Text::new(Some(c"08:00-21:00"));
static CA_FILE: Text = Text::new(Some(c""));
static MAX_IN_FLIGHT: GucSetting<i32> = GucSetting::<i32>::new(32);
static REQUEST_TIMEOUT_S: GucSetting<i32> = GucSetting::<i32>::new(120);
static CONNECT_TIMEOUT_S: GucSetting<i32> = GucSetting::<i32>::new(5);
static RECONCILE_AFTER_S: GucSetting<i32> = GucSetting::<i32>::new(360);
static BACKOFF_START_S: GucSetting<i32> = GucSetting::<i32>::new(1);
static BACKOFF_CAP_S: GucSetting<i32> = GucSetting::<i32>::new(300);
static MAX_FORCED_CALLS: GucSetting<i32> = GucSetting::<i32>::new(5);
static MAX_WAITERS: GucSetting<i32> = GucSetting::<i32>::new(50);
static MAX_BODY_SIZE_KB: GucSetting<i32> = GucSetting::<i32>::new(8 * 1024);
static LEGACY_FIELDS: GucSetting<bool> = GucSetting::<bool>::new(true);
static SIMULATE: GucSetting<bool> = GucSetting::<bool>::new(false);

/// What the setting may say at most.
pub(crate) const MOST_IN_FLIGHT: usize = 4096;

pub(crate) fn init(preloading: bool) {
    if preloading {
        checked(
            c"vioconcierge.databases",
            c"Databases of this cluster that calls are made from, separated by commas.",
            &DATABASES,
            GucContext::Postmaster,
            GucFlags::default(),
            check_databases,
        );
    }
    checked(
        c"vioconcierge.api_base_url",
        c"Where Retell's API is; https, or http to this machine.",
        &API_BASE_URL,
        GucContext::Sighup,
        GucFlags::default(),
        check_api_base_url,
    );
    checked(
        c"vioconcierge.https_proxy",
        c"HTTP proxy that requests to Retell go through: http://[user:password@]host:port; empty: directly.",
        &HTTPS_PROXY,
        GucContext::Sighup,
        GucFlags::SUPERUSER_ONLY,
        check_https_proxy,
    );
    checked(
        c"vioconcierge.retell_api_key",
        c"API key of tenants without a key of their own; a key or file:NAME.",
        &RETELL_API_KEY,
        GucContext::Sighup,
        GucFlags::SUPERUSER_ONLY,
        check_retell_api_key,
    );
    text(
        c"vioconcierge.secrets_dir",
        c"Directory of the key files that file:NAME refers to.",
        &SECRETS_DIR,
    );
    checked(
        c"vioconcierge.webhook_base_url",
        c"Public base URL of the webhook front of all tenants; Retell posts to /api/webhook/call-outcome below it.",
        &WEBHOOK_BASE_URL,
        GucContext::Sighup,
        GucFlags::default(),
        check_webhook_base_url,
    );
    checked(
        c"vioconcierge.legal_hours",
        c"Hours, at the contact's place, outside of which no call is made: HH:MM-HH:MM, 24:00 is a time.",
        &LEGAL_HOURS,
        GucContext::Sighup,
        GucFlags::default(),
        check_legal_hours,
    );
    text(
        c"vioconcierge.ca_file",
        c"PEM file of certificate authorities trusted besides the system's.",
        &CA_FILE,
    );
    number(
        c"vioconcierge.max_in_flight",
        c"Requests to Retell at the same time, shared evenly by the databases that are served.",
        &MAX_IN_FLIGHT,
        (1, MOST_IN_FLIGHT as i32),
        GucFlags::default(),
    );
    number(
        c"vioconcierge.request_timeout",
        c"How long one request may take; Retell's own SDK allows 120 s.",
        &REQUEST_TIMEOUT_S,
        (1, 600),
        GucFlags::UNIT_S,
    );
    number(
        c"vioconcierge.connect_timeout",
        c"How long connecting may take.",
        &CONNECT_TIMEOUT_S,
        (1, 60),
        GucFlags::UNIT_S,
    );
    number(
        c"vioconcierge.reconcile_after",
        c"Only a look-up later than this after a request proves that Retell does not have the call.",
        &RECONCILE_AFTER_S,
        (1, 40 * 60),
        GucFlags::UNIT_S,
    );
    number(
        c"vioconcierge.backoff_start",
        c"First wait before a call that surely was not made is sent again; doubles with each try, with jitter. Five times as long if Retell throttles without saying how long.",
        &BACKOFF_START_S,
        (1, 3600),
        GucFlags::UNIT_S,
    );
    number(
        c"vioconcierge.backoff_cap",
        c"Longest wait before a call is sent again (see backoff_start).",
        &BACKOFF_CAP_S,
        (1, 24 * 3600),
        GucFlags::UNIT_S,
    );
    number(
        c"vioconcierge.max_forced_calls",
        c"Forced calls to one phone number in a day.",
        &MAX_FORCED_CALLS,
        (0, 1000),
        GucFlags::default(),
    );
    number(
        c"vioconcierge.max_waiters",
        c"Sessions that may wait in vioc_wait_for_call at the same time, per database.",
        &MAX_WAITERS,
        (0, 10_000),
        GucFlags::default(),
    );
    number(
        c"vioconcierge.max_body_size",
        c"Largest webhook body taken, and largest answer of Retell read.",
        &MAX_BODY_SIZE_KB,
        (64, 512 * 1024),
        GucFlags::UNIT_KB,
    );
    boolean(
        c"vioconcierge.legacy_fields",
        c"Also send the older names agent_id and webhook_url.",
        &LEGACY_FIELDS,
    );
    boolean(
        c"vioconcierge.simulate",
        c"Every tenant is simulated: no call leaves the server.",
        &SIMULATE,
    );
    if preloading {
        // SAFETY: PostgreSQL copies the prefix. Not in a single backend: its placeholder of vioconcierge.databases would be
        // dropped with a warning.
        unsafe { pg_sys::MarkGUCPrefixReserved(c"vioconcierge".as_ptr()) };
    }
}

/// A setting of ours, or of those that say what the server has loaded, whatever the reader may see of it.
#[pg_extern(sql = false)]
fn server_setting(name: &str) -> Option<String> {
    const LOADED: [&str; 3] = [
        "shared_preload_libraries",
        "cron.database_name",
        "cron.use_background_workers",
    ];
    let is_own = name.starts_with("vioconcierge.");
    if !is_own && !LOADED.contains(&name) {
        return None;
    }
    let name = CString::new(name).ok()?;
    // SAFETY: the name is a C string that outlives both calls; PostgreSQL's answer is copied at once.
    unsafe {
        let value = pg_sys::GetConfigOption(name.as_ptr(), true, false);
        // what any session may have made up; of our own the server's file has some before the library is loaded
        let is_made_up = pg_sys::GetConfigOptionFlags(name.as_ptr(), true).cast_unsigned()
            & pg_sys::GUC_CUSTOM_PLACEHOLDER
            != 0;
        if value.is_null() || (is_made_up && !is_own) {
            return None;
        }
        Some(CStr::from_ptr(value).to_string_lossy().into_owned())
    }
}

fn text(name: &'static CStr, about: &'static CStr, setting: &'static Text) {
    let (context, flags) = (GucContext::Sighup, GucFlags::default());
    GucRegistry::define_string_guc(name, about, c"", setting, context, flags);
}

fn number(
    name: &'static CStr,
    about: &'static CStr,
    setting: &'static GucSetting<i32>,
    (least, most): (i32, i32),
    unit: GucFlags,
) {
    let context = GucContext::Sighup;
    GucRegistry::define_int_guc(name, about, c"", setting, least, most, context, unit);
}

fn boolean(name: &'static CStr, about: &'static CStr, setting: &'static GucSetting<bool>) {
    let (context, flags) = (GucContext::Sighup, GucFlags::default());
    GucRegistry::define_bool_guc(name, about, c"", setting, context, flags);
}

fn read(setting: &Text) -> String {
    setting
        .get()
        .map(|value| value.to_string_lossy().trim().to_owned())
        .unwrap_or_default()
}

fn seconds(setting: &GucSetting<i32>) -> Duration {
    Duration::from_secs(setting.get().unsigned_abs().into())
}

/// Served databases, in order; the position is the slot in shared memory.
pub(crate) fn databases() -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    // what is no list does not get past the check
    for name in names_of(&read(&DATABASES)).unwrap_or_default() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.truncate(crate::shmem::SLOTS);
    names
}

pub(crate) fn retell() -> vioc_retell::Settings {
    let ca_file = read(&CA_FILE);
    vioc_retell::Settings {
        base_url: read(&API_BASE_URL),
        https_proxy: https_proxy(),
        request_timeout: seconds(&REQUEST_TIMEOUT_S),
        connect_timeout: seconds(&CONNECT_TIMEOUT_S),
        ca_file: (!ca_file.is_empty()).then(|| PathBuf::from(ca_file)),
        max_body_bytes: MAX_BODY_SIZE_KB.get().unsigned_abs() as usize * 1024,
    }
}

fn https_proxy() -> Option<vioc_retell::Secret> {
    let proxy = read(&HTTPS_PROXY);
    (!proxy.is_empty()).then(|| proxy.into())
}

/// Which way requests go, in words that show no password: the setting itself is for superusers.
#[pg_extern(sql = false)]
fn way_to_retell() -> String {
    // what cannot be used is in force nowhere: a check keeps it out
    vioc_retell::way(&read(&API_BASE_URL), https_proxy().as_ref())
        .unwrap_or_else(|error| format!("nowhere ({error})"))
}

pub(crate) fn max_in_flight() -> usize {
    MAX_IN_FLIGHT.get().unsigned_abs() as usize
}

pub(crate) fn max_waiters() -> u32 {
    MAX_WAITERS.get().unsigned_abs()
}

pub(crate) fn secrets_dir() -> PathBuf {
    PathBuf::from(read(&SECRETS_DIR))
}

/// Why the files that the settings name cannot be used, other than those that the connection pool reads itself.
pub(crate) fn unusable_file() -> Option<&'static str> {
    let dir = secrets_dir();
    (!dir.as_os_str().is_empty() && !dir.is_dir())
        .then_some("vioconcierge.secrets_dir: it is no directory that the server can look into")
}

/// By the settings that the connection pool really has, not by those that it will get.
pub(crate) fn lease(pool: Option<&vioc_retell::Settings>) -> Duration {
    pool.map_or_else(|| seconds(&REQUEST_TIMEOUT_S), |it| it.request_timeout) + LEASE_MARGIN
}

/// More requests than these would leave PostgreSQL too few file descriptors in the worker's process: a connection and a name
/// look-up each.
pub(crate) fn most_in_flight() -> usize {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: fills the struct, or leaves it as it is.
    let is_known = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } == 0;
    let descriptors = usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX);
    match is_known {
        true => (descriptors.saturating_sub(128) / 2).max(1),
        false => usize::MAX,
    }
}
