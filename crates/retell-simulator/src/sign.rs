//! Retell's webhook signature: `v=<unix ms>,d=<hex HMAC-SHA256 of body and v>`.
//!
//! Written from the reference alone and on purpose not shared with the extension, so that each
//! checks the other.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The value of `X-Retell-Signature` for these bytes at this instant.
#[must_use]
pub fn signature(key: &str, body: &[u8], at_ms: i64) -> String {
    let digest = digest(key, body, at_ms);
    format!("v={at_ms},d={digest}")
}

fn digest(key: &str, body: &[u8], at_ms: i64) -> String {
    // HMAC takes keys of any length; the error is for other algorithms of the trait.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else {
        return String::new();
    };
    mac.update(body);
    mac.update(at_ms.to_string().as_bytes());
    let bytes = mac.finalize().into_bytes();
    let mut hex = String::with_capacity(64);
    for byte in bytes {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::signature;

    const KEY: &str = "key_0123456789abcdef0123456789ab";
    const VECTORS: [(&str, &str); 6] = [
        (
            r#"{"event":"call_ended","call":{"call_id":"call_0123456789abcdef01234567","call_status":"ended","disconnection_reason":"user_hangup"}}"#,
            "3c8faa59cd8b4d2ba7e274751be7c56155c253c41be3911007081280cf096374",
        ),
        (
            r#"{"event":"call_analyzed","call":{"call_id":"call_0123456789abcdef01234567","call_analysis":{"call_summary":"José confirmó su cita – 15:30 ✅"}}}"#,
            "7e5ca611b8b63567ba33faffb1088606493933f8ad7b8b596c45107e56bdef06",
        ),
        (
            "{ \"event\": \"call_started\",\n  \"call\": { \"call_id\": \"call_0123456789abcdef01234567\" } }\n",
            "10a1a7035b230606b63a466ef335a13bb2c367bcd82ce7d8986f7564a86b8f75",
        ),
        (
            "",
            "40c2eb3aaad9085ac264989c7e75245c40d6c15952a0e38507ed458e45d223a4",
        ),
        (
            r#"{"s":"Jos\u00e9 \ud83d\udcde"}"#,
            "54edb96849e05934182aacdc55c3133ee6b4ab6f7676faf173b0d3519d3c3fdb",
        ),
        (
            r#"{"s":"José 📞"}"#,
            "14f83bbe3a7b37bb467b0d9f3f976fa0481d5bc2965dd91244da1222e24b9c12",
        ),
    ];

    #[test]
    fn signatures_equal_those_of_the_official_sdks() {
        for (body, digest) in VECTORS {
            let expected = format!("v=1760000000000,d={digest}");
            assert_eq!(signature(KEY, body.as_bytes(), 1_760_000_000_000), expected);
        }
    }
}
