//! JSON web tokens signed with HS256, as a PostgREST user sends them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// A token for a test that wants to act as a role: `sign(secret, &json!({"role": "frontdesk"}))`.
///
/// # Panics
/// Never: HMAC takes keys of any length.
pub fn sign(secret: &str, claims: &Value) -> String {
    let head = BASE64.encode(json!({"alg": "HS256", "typ": "JWT"}).to_string());
    let signed = format!("{head}.{}", BASE64.encode(claims.to_string()));
    let signature = BASE64.encode(mac(secret, &signed).finalize().into_bytes());
    format!("{signed}.{signature}")
}

/// Why a token is refused: PostgREST's code and message.
pub(crate) type Refusal = (&'static str, &'static str);

/// The claims of a valid token. `now` is in seconds since 1970.
pub(crate) fn verify(secret: &str, token: &str, now: u64) -> Result<Value, Refusal> {
    const UNREADABLE: Refusal = ("PGRST301", "Expected 3 parts in JWT");
    const WRONG: Refusal = ("PGRST301", "No suitable key or wrong key type");
    let (signed, signature) = token.rsplit_once('.').ok_or(UNREADABLE)?;
    let (head, claims) = signed.split_once('.').ok_or(UNREADABLE)?;
    let part = |text: &str| {
        BASE64
            .decode(text)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
    };
    if part(head).ok_or(UNREADABLE)?["alg"] != "HS256" {
        return Err(WRONG);
    }
    let signature = BASE64.decode(signature).map_err(|_| UNREADABLE)?;
    mac(secret, signed)
        .verify_slice(&signature)
        .map_err(|_| WRONG)?;
    let claims = part(claims).filter(Value::is_object).ok_or(UNREADABLE)?;
    // PostgREST allows clocks to differ by 30 seconds.
    if claims["exp"]
        .as_u64()
        .is_some_and(|expires| expires + 30 < now)
    {
        return Err(("PGRST303", "JWT expired"));
    }
    if claims["nbf"]
        .as_u64()
        .is_some_and(|begins| begins > now + 30)
    {
        return Err(("PGRST303", "JWT not yet valid"));
    }
    Ok(claims)
}

fn mac(secret: &str, text: &str) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_token_verifies_with_its_secret_only_and_until_it_expires() {
        let token = sign("secret", &json!({"role": "frontdesk", "exp": 1000}));
        assert_eq!(verify("secret", &token, 1000).unwrap()["role"], "frontdesk");
        assert_eq!(verify("other", &token, 1000).unwrap_err().0, "PGRST301");
        assert_eq!(verify("secret", &token, 2000).unwrap_err().0, "PGRST303");
        assert_eq!(
            verify("secret", "sk_live_key", 0).unwrap_err().0,
            "PGRST301"
        );
    }

    #[test]
    fn the_mac_is_the_one_of_rfc_7515() {
        // Appendix A.1 of RFC 7515 signs with a binary key; this is jwt.io's well-known text example.
        let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
        assert_eq!(
            verify("your-256-bit-secret", token, 0).unwrap()["name"],
            "John Doe"
        );
    }
}
