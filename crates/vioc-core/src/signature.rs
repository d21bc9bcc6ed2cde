//! The signature Retell puts on a webhook, `X-Retell-Signature: v=<unix ms>,d=<hex>`.
//!
//! Source: Retell's SDKs (JS 5.66.1 `src/lib/webhook_auth.ts`, PY 6.2.13 `retell/lib/webhook_auth.py`);
//! `d` is HMAC-SHA256 over the body as received followed by the digits of `v`, and `v` may be five
//! minutes away in either direction, inclusive. Where the SDKs differ (upper-case digits) we accept both.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// How far `v` may be from the receiver's clock, inclusive.
const TOLERANCE_MS: u64 = 300_000;
/// More than any `i64` has digits; longer headers are not worth reading.
const MAX_VERSION_DIGITS: usize = 20;

/// Whether one of `keys` signed `body` about now.
///
/// Every key is tried, so the time taken does not tell which one matched. An empty key never matches:
/// anyone could sign with it.
#[must_use]
pub fn verify(header: &str, body: &[u8], keys: &[&str], now_ms: i64) -> bool {
    let Some(signature) = Signature::parse(header) else {
        return false;
    };
    if now_ms.abs_diff(signature.v_ms) > TOLERANCE_MS {
        return false;
    }
    keys.iter().fold(false, |found, key| {
        found | signature.is_by(key.as_bytes(), body)
    })
}

/// The header Retell would send; for tests and tools.
#[must_use]
pub fn sign(body: &[u8], key: &str, v_ms: i64) -> String {
    let digest = mac(key.as_bytes(), body, &v_ms.to_string())
        .map(|mac| mac.finalize().into_bytes())
        .unwrap_or_default();
    let mut header = format!("v={v_ms},d=");
    for byte in digest {
        for nibble in [byte >> 4, byte & 15] {
            header.extend(char::from_digit(u32::from(nibble), 16));
        }
    }
    header
}

struct Signature<'a> {
    /// As written: leading zeros are part of the signed message.
    v: &'a str,
    v_ms: i64,
    digest: [u8; 32],
}

impl<'a> Signature<'a> {
    fn parse(header: &'a str) -> Option<Self> {
        // Blanks around a header value are not part of it, but PostgREST hands them on.
        let (v, d) = header
            .trim_matches([' ', '\t'])
            .strip_prefix("v=")?
            .split_once(",d=")?;
        if v.len() > MAX_VERSION_DIGITS || !v.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            v,
            v_ms: v.parse().ok()?,
            digest: digest(d)?,
        })
    }

    fn is_by(&self, key: &[u8], body: &[u8]) -> bool {
        // verify_slice compares in constant time.
        !key.is_empty()
            && mac(key, body, self.v).is_some_and(|mac| mac.verify_slice(&self.digest).is_ok())
    }
}

fn mac(key: &[u8], body: &[u8], v: &str) -> Option<Hmac<Sha256>> {
    // HMAC takes keys of any length; the error exists for other algorithms.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(body);
    mac.update(v.as_bytes());
    Some(mac)
}

fn digest(hex: &str) -> Option<[u8; 32]> {
    let hex: &[u8; 64] = hex.as_bytes().try_into().ok()?;
    let nibble = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|n| u8::try_from(n).ok())
    };
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

/// SHA-256: by what a key is recognised without being kept.
#[must_use]
pub fn key_digest(key: &[u8]) -> [u8; 32] {
    Sha256::digest(key).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "key_0123456789abcdef0123456789ab";
    const NOW: i64 = 1_760_000_000_000;

    // Vectors made with Retell's JS SDK 5.66.1 and confirmed with PY 6.2.13.
    const ASCII: &str = r#"{"event":"call_ended","call":{"call_id":"call_0123456789abcdef01234567","call_status":"ended","disconnection_reason":"user_hangup"}}"#;
    const ASCII_DIGEST: &str = "3c8faa59cd8b4d2ba7e274751be7c56155c253c41be3911007081280cf096374";
    const VECTORS: [(&str, &str, &str); 6] = [
        ("ascii", ASCII, ASCII_DIGEST),
        (
            "utf8",
            r#"{"event":"call_analyzed","call":{"call_id":"call_0123456789abcdef01234567","call_analysis":{"call_summary":"José confirmó su cita – 15:30 ✅"}}}"#,
            "7e5ca611b8b63567ba33faffb1088606493933f8ad7b8b596c45107e56bdef06",
        ),
        (
            "spaced",
            "{ \"event\": \"call_started\",\n  \"call\": { \"call_id\": \"call_0123456789abcdef01234567\" } }\n",
            "10a1a7035b230606b63a466ef335a13bb2c367bcd82ce7d8986f7564a86b8f75",
        ),
        (
            "empty",
            "",
            "40c2eb3aaad9085ac264989c7e75245c40d6c15952a0e38507ed458e45d223a4",
        ),
        (
            "escaped",
            r#"{"s":"Jos\u00e9 \ud83d\udcde"}"#,
            "54edb96849e05934182aacdc55c3133ee6b4ab6f7676faf173b0d3519d3c3fdb",
        ),
        (
            "literal",
            r#"{"s":"José 📞"}"#,
            "14f83bbe3a7b37bb467b0d9f3f976fa0481d5bc2965dd91244da1222e24b9c12",
        ),
    ];

    fn header() -> String {
        format!("v={NOW},d={ASCII_DIGEST}")
    }

    fn accepted(header: &str) -> bool {
        verify(header, ASCII.as_bytes(), &[KEY], NOW)
    }

    #[test]
    fn retells_own_vectors_verify_and_are_reproduced() {
        for (name, body, digest) in VECTORS {
            let header = format!("v={NOW},d={digest}");
            assert!(verify(&header, body.as_bytes(), &[KEY], NOW), "{name}");
            assert_eq!(sign(body.as_bytes(), KEY, NOW), header, "{name}");
        }
    }

    #[test]
    fn five_minutes_either_way_are_accepted_and_no_more() {
        for (offset, expected) in [
            (0, true),
            (300_000, true),
            (-300_000, true),
            (300_001, false),
            (-300_001, false),
        ] {
            let at = NOW + offset;
            assert_eq!(
                verify(&header(), ASCII.as_bytes(), &[KEY], at),
                expected,
                "{offset}"
            );
        }
    }

    #[test]
    fn only_the_exact_pattern_is_read() {
        let h = header();
        for good in [
            format!("v={NOW},d={}", ASCII_DIGEST.to_uppercase()),
            format!(" \t{h}\t "),
        ] {
            assert!(accepted(&good), "{good:?}");
        }
        for bad in [
            String::new(),
            format!("v={NOW}, d={ASCII_DIGEST}"),
            format!("d={ASCII_DIGEST},v={NOW}"),
            format!("V={NOW},d={ASCII_DIGEST}"),
            format!("v=+{NOW},d={ASCII_DIGEST}"),
            format!("v=0{NOW},d={ASCII_DIGEST}"),
            format!("v=,d={ASCII_DIGEST}"),
            format!("v=99999999999999999999,d={ASCII_DIGEST}"),
            format!("v=9223372036854775808,d={ASCII_DIGEST}"),
            format!("v={},d={ASCII_DIGEST}", "1".repeat(1000)),
            format!("v=１７６００００００００００,d={ASCII_DIGEST}"),
            h[..h.len() - 1].to_owned(),
            format!("{h}0"),
            format!("{h}\n"),
            format!("\u{a0}{h}"),
            format!("{h},x=1"),
            format!("{}g", &h[..h.len() - 1]),
        ] {
            assert!(!accepted(&bad), "{bad:?}");
        }
    }

    #[test]
    fn v_is_signed_as_written() {
        let padded = format!("0{NOW}");
        let header = sign(b"{}", KEY, NOW).replace(&NOW.to_string(), &padded);
        assert!(!verify(&header, b"{}", &[KEY], NOW));
    }

    #[test]
    fn any_of_the_keys_may_have_signed() {
        let verify = |keys: &[&str]| verify(&header(), ASCII.as_bytes(), keys, NOW);
        assert!(verify(&["other", KEY]));
        assert!(verify(&[KEY, "other"]));
        assert!(!verify(&["other", "key_"]));
        assert!(!verify(&[]));
    }

    #[test]
    fn an_empty_key_never_verifies() {
        let header = sign(b"{}", "", NOW);
        assert!(!verify(&header, b"{}", &[""], NOW));
    }

    #[test]
    fn a_body_rewritten_by_jsonb_does_not_verify() {
        let body = br#"{"call": {"call_id": "call_0123456789abcdef01234567", "call_status": "ended", "disconnection_reason": "user_hangup"}, "event": "call_ended"}"#;
        assert!(!verify(&header(), body, &[KEY], NOW));
    }

    #[test]
    fn extreme_clocks_do_not_overflow() {
        for now in [i64::MIN, -1, 0, i64::MAX] {
            assert!(!verify(&header(), ASCII.as_bytes(), &[KEY], now));
        }
    }
}
