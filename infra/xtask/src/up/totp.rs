//! The code that an authenticator shows (RFC 6238: SHA-1, six digits, thirty seconds).

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use hmac::{Hmac, Mac};
use sha1::Sha1;

/// How long a code is good for.
pub const STEP_SECONDS: u64 = 30;

/// The number of the present step.
pub fn step_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |age| age.as_secs())
        / STEP_SECONDS
}

/// The code of a step, for a secret in base32.
pub fn code(secret: &str, step: u64) -> Result<String> {
    let key = base32(secret).context("the TOTP secret is not base32")?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).context("the TOTP secret is no key")?;
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest.last().copied().unwrap_or_default() & 15);
    let number = digest
        .iter()
        .skip(offset)
        .take(4)
        .fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    Ok(format!("{:06}", (number & 0x7fff_ffff) % 1_000_000))
}

fn base32(text: &str) -> Option<Vec<u8>> {
    let mut bits = 0_u32;
    let mut held = 0;
    let mut bytes = Vec::new();
    for letter in text.trim().trim_end_matches('=').bytes() {
        let value = match letter.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter - b'A',
            digit @ b'2'..=b'7' => digit - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5) | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard() {
        // RFC 6238, appendix B, cut to six digits.
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(code(secret, 59 / 30).unwrap(), "287082");
        assert_eq!(code(secret, 1_111_111_109 / 30).unwrap(), "081804");
        assert!(code("not base32!", 1).is_err());
    }
}
