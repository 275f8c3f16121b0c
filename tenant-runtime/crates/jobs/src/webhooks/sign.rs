//! Signatures of Standard Webhooks: HMAC-SHA256 over id, time and body.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;

/// The signatures by several secrets, of which the receiver needs one.
pub(super) fn signatures(
    id: &str,
    timestamp: i64,
    body: &str,
    secrets: &[SecretSlice<u8>],
) -> String {
    let signed: Vec<String> = secrets
        .iter()
        .filter_map(|secret| signature(id, timestamp, body, secret.expose_secret()))
        .collect();
    signed.join(" ")
}

/// A key of any length is one for HMAC, so that there always is a signature.
fn signature(id: &str, timestamp: i64, body: &str, secret: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    let code = mac.finalize().into_bytes();
    Some(format!("v1,{}", BASE64_STANDARD.encode(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_signed_as_there() {
        let secret = BASE64_STANDARD
            .decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .unwrap();
        let (id, at) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330);
        let signed = signatures(id, at, r#"{"test": 2432232314}"#, &[secret.into()]);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
