//! The codes of an authenticator (RFC 6238, SHA-1, six digits, 30 seconds: what every app knows).

use cp_domain::{TOTP_STEP_SECONDS, accepted_totp_steps};
use secrecy::{ExposeSecret as _, SecretString};
use totp_rs::{Builder, Secret, Totp};

const ISSUER: &str = "Trellis";

/// A secret that nobody has yet.
pub(crate) fn new_secret() -> Secret {
    Secret::generate()
}

/// A secret from outside, in base 32; none when it is unreadable or shorter than RFC 4226 allows.
pub(crate) fn read_secret(text: &SecretString) -> Option<Secret> {
    let secret = Secret::try_from_base32(text.expose_secret().trim()).ok()?;
    (secret.as_bytes().len() >= 16).then_some(secret)
}

/// The address that an authenticator app reads.
pub(crate) fn otpauth_url(secret: &Secret, account: &str) -> Option<String> {
    authenticator(secret.clone(), account)?.to_url().ok()
}

/// The step whose code this is: the present one or the one before.
pub(crate) fn matching_step(secret: &[u8], code: &str, unix_seconds: u64) -> Option<u64> {
    let totp = authenticator(Secret::from(secret.to_vec()), "staff")?;
    // Without skew, a check looks at exactly one step.
    accepted_totp_steps(unix_seconds)
        .into_iter()
        .find(|step| totp.check(code, step * TOTP_STEP_SECONDS).is_some())
}

fn authenticator(secret: Secret, account: &str) -> Option<Totp> {
    Builder::new()
        .with_secret(secret)
        .with_skew(0)
        .with_step_duration(TOTP_STEP_SECONDS)
        .with_issuer(Some(ISSUER))
        .with_account_name(account)
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_past_step_is_accepted_and_no_future_one() {
        let secret = b"12345678901234567890";
        let at = |time| {
            authenticator(Secret::from(secret.to_vec()), "a")
                .unwrap()
                .generate(time)
        };
        let now: u64 = 1_800_000_010;
        for (offset, good) in [(0_i64, true), (-30, true), (-60, false), (30, false)] {
            let code = at(now.checked_add_signed(offset).unwrap()).to_string();
            let step = matching_step(secret, &code, now);
            assert_eq!(step.is_some(), good, "{offset}");
        }
        // RFC 6238, appendix B: 94287082 at 59 seconds.
        assert_eq!(matching_step(secret, "287082", 59), Some(1));
    }
}
