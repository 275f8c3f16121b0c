//! Room to compute in. Each thread keeps what one hash needs: pieces of 19 MiB that come and go
//! are kept by some allocators many times over.

use std::cell::RefCell;

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, Version,
    password_hash::phc::{Output, ParamsString, Salt},
};
use subtle::ConstantTimeEq as _;

thread_local! {
    static ROOM: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// Whether this is the hash of the password. A text that is no hash is nobody's.
pub(super) fn verify(password: &str, kept: &str) -> bool {
    compare(password, kept).unwrap_or(false)
}

/// The hash of a password with a salt of its own, as a PHC string.
pub(super) fn hash(
    params: &Params,
    password: &str,
) -> Result<String, argon2::password_hash::Error> {
    let salt = Salt::new(&rand::random::<[u8; 16]>())?;
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    compute(&hasher(params.clone()), password, &salt, &mut output)?;
    let made = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params)?,
        salt: Some(salt),
        hash: Some(Output::new(&output)?),
    };
    Ok(made.to_string())
}

fn hasher(params: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn compare(password: &str, kept: &str) -> Option<bool> {
    let kept = PasswordHash::new(kept).ok()?;
    let (salt, wanted) = (kept.salt.as_ref()?, kept.hash.as_ref()?);
    let algorithm = Algorithm::try_from(kept.algorithm.as_str()).ok()?;
    let version = kept
        .version
        .map_or(Ok(Version::default()), Version::try_from);
    let params = Params::try_from(&kept).ok()?;
    let hasher = Argon2::new(algorithm, version.ok()?, params);
    let mut computed = vec![0; wanted.len()];
    compute(&hasher, password, salt, &mut computed).ok()?;
    Some(computed.ct_eq(wanted.as_bytes()).into())
}

fn compute(
    hasher: &Argon2<'_>,
    password: &str,
    salt: &[u8],
    output: &mut [u8],
) -> argon2::Result<()> {
    let blocks = hasher.params().block_count();
    ROOM.with_borrow_mut(|room| {
        if room.len() < blocks {
            room.resize(blocks, Block::default());
        }
        let room = room.get_mut(..blocks).unwrap_or_default();
        hasher.hash_password_into_with_memory(password.as_bytes(), salt, output, room)
    })
}
