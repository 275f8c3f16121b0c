//! The link by which somebody gets no more mail of some triggers. It says whose it is and of what,
//! and is signed with a key of the tenant's own: it works for as long as the key is there, however
//! old the mail is, and nobody can make one for somebody else.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, Mac as _};
use kernel::MemberId;
use sha2::Sha256;
use tr_domain::notifications::Trigger;
use uuid::Uuid;

/// Bytes of a signature.
const SIGNATURE: usize = 32;
/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;
/// What is signed is nothing else of ours.
const PURPOSE: &[u8] = b"trellis unsubscribe 1\0";

/// Signs a tenant's links.
#[derive(Clone)]
pub struct LinkKey([u8; BLOCK]);

impl std::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkKey")
    }
}

/// Whose mail of what a link ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whose.
    pub member: MemberId,
    /// Of what.
    pub triggers: Vec<Trigger>,
}

impl LinkKey {
    /// The key of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        // HMAC pads a key that is shorter than its block with zeros.
        let mut block = [0; BLOCK];
        block
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = from);
        Self(block)
    }

    fn mac(&self, text: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new(&self.0.into());
        mac.update(PURPOSE);
        mac.update(text);
        mac
    }

    /// The link's last segment.
    #[must_use]
    pub fn sign(&self, link: &Link) -> String {
        let words: Vec<_> = link.triggers.iter().map(|t| t.as_str()).collect();
        let mut bytes = link.member.as_uuid().as_bytes().to_vec();
        bytes.extend(words.join(",").into_bytes());
        let signature = self.mac(&bytes).finalize().into_bytes();
        bytes.extend(signature);
        BASE64.encode(bytes)
    }

    /// What a segment says, when this key signed it. Triggers that are no more are left out.
    #[must_use]
    pub fn read(&self, segment: &str) -> Option<Link> {
        let bytes = BASE64.decode(segment).ok()?;
        let signed = bytes.len().checked_sub(SIGNATURE)?;
        let (text, signature) = bytes.split_at_checked(signed)?;
        self.mac(text).verify_slice(signature).ok()?;
        let (member, words) = text.split_at_checked(16)?;
        let words = std::str::from_utf8(words).ok()?;
        Some(Link {
            member: MemberId::from_uuid(Uuid::from_slice(member).ok()?),
            triggers: words
                .split(',')
                .filter_map(|word| word.parse().ok())
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_says_what_it_was_made_for_and_nobody_else_makes_one() {
        let key = LinkKey::new([7; 32]);
        let link = Link {
            member: MemberId::from_uuid(Uuid::from_u128(5)),
            triggers: vec![Trigger::Assigned, Trigger::DueSoon],
        };
        let segment = key.sign(&link);
        assert_eq!(key.read(&segment), Some(link));
        assert!(
            segment
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
        assert_eq!(LinkKey::new([8; 32]).read(&segment), None);
        let bytes = BASE64.decode(&segment).unwrap();
        for place in 0..bytes.len() {
            let mut other = bytes.clone();
            other[place] ^= 1;
            assert_eq!(key.read(&BASE64.encode(other)), None, "byte {place}");
        }
        for other in ["", "abc", "*", &segment[..segment.len() - 4]] {
            assert_eq!(key.read(other), None);
        }
    }
}
