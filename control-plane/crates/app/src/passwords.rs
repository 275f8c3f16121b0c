//! Passwords: hashed with Argon2id off the request threads, a bounded number at a time, so that
//! sign-ins cannot use up memory or processors.

mod breached;
mod hashers;
mod room;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use cp_domain::{PasswordUse, WeakPassword, check_length, check_strength};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use breached::BreachedFile;
use hashers::Hashers;

/// Cost of a hash, and how many are computed at once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordSettings {
    /// Memory of one hash in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
    /// How many are computed at once: times `memory_kib`, the most memory they take. 0: one for
    /// every two processors.
    pub permits: usize,
    /// How long a request waits for its turn.
    pub queue_ms: u64,
    /// A file of breached passwords (SHA-1, `HASH:COUNT`, sorted); empty for none.
    pub breached_file: String,
}

impl Default for PasswordSettings {
    /// The second recommendation of OWASP's cheat sheet.
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            iterations: 2,
            parallelism: 1,
            permits: 0,
            queue_ms: 5_000,
            breached_file: String::new(),
        }
    }
}

/// Why a password could not be worked on.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many wait already.
    #[error("too many passwords are being checked")]
    Busy,
    /// The parameters are not possible.
    #[error("the parameters of Argon2 are not possible: {0}")]
    Parameters(String),
    /// The file of breached passwords cannot be used.
    #[error("the file of breached passwords cannot be used: {0}")]
    Breached(#[from] std::io::Error),
    /// There are no threads for it.
    #[error("no threads for hashing: {0}")]
    Threads(String),
    /// Hashing failed.
    #[error("hashing failed: {0}")]
    Failed(String),
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is the password.
    pub matches: bool,
    /// The password hashed anew, when the kept hash is of weaker parameters.
    pub stronger: Option<String>,
}

/// Hashes and checks passwords.
#[derive(Debug, Clone)]
pub struct Passwords {
    hasher: Argon2<'static>,
    hashers: Hashers,
    permits: Arc<Semaphore>,
    queue: Duration,
    /// What an unknown account's password is checked against, so that it takes as long.
    dummy: Arc<str>,
    breached: Option<BreachedFile>,
    checks: Arc<AtomicU64>,
}

impl Passwords {
    /// A hasher; takes as long as one hash.
    ///
    /// # Errors
    /// When the parameters are not possible.
    pub fn new(settings: PasswordSettings) -> Result<Self, PasswordError> {
        let PasswordSettings {
            memory_kib,
            iterations,
            parallelism,
            permits,
            queue_ms,
            breached_file,
        } = settings;
        let params = Params::new(memory_kib, iterations, parallelism, None)
            .map_err(|error| PasswordError::Parameters(error.to_string()))?;
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let breached = Some(breached_file)
            .filter(|path| !path.is_empty())
            .map(|path| BreachedFile::open(path.into()))
            .transpose()?;
        let dummy = hash(&hasher, "nobody has this password")?.into();
        let permits = match permits {
            0 => thread::available_parallelism().map_or(1, |all| all.get().div_ceil(2)),
            some => some,
        };
        Ok(Self {
            hasher,
            hashers: Hashers::start(permits)
                .map_err(|error| PasswordError::Threads(error.to_string()))?,
            permits: Arc::new(Semaphore::new(permits)),
            queue: Duration::from_millis(queue_ms),
            dummy,
            breached,
            checks: Arc::default(),
        })
    }

    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// When too many are being hashed.
    pub async fn hash(&self, password: &SecretString) -> Result<String, PasswordError> {
        let hasher = self.hasher.clone();
        self.work(password, move |password| hash(&hasher, password))
            .await?
    }

    /// Checks a password against a hash; against the dummy when there is none, which never
    /// matches.
    ///
    /// # Errors
    /// When too many are being checked.
    pub async fn verify(
        &self,
        password: &SecretString,
        kept: Option<&str>,
    ) -> Result<Verdict, PasswordError> {
        self.checks.fetch_add(1, Ordering::Relaxed);
        let hasher = self.hasher.clone();
        let known = kept.is_some();
        let kept = kept.unwrap_or(&self.dummy).to_owned();
        self.work(password, move |password| {
            let matches = room::verify(password, &kept) && known;
            let weaker = matches && is_weaker(&kept, hasher.params());
            let stronger = if weaker {
                Some(hash(&hasher, password)?)
            } else {
                None
            };
            Ok(Verdict { matches, stronger })
        })
        .await?
    }

    /// How many passwords were checked since the start, against the dummy too.
    #[must_use]
    pub fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    /// Checks that a new password is good enough for this person.
    ///
    /// # Errors
    /// `Ok(Err(_))` when it is not; an error when too many are being checked.
    pub async fn assess(
        &self,
        password: &SecretString,
        purpose: PasswordUse,
        about: Vec<String>,
    ) -> Result<Result<(), WeakPassword>, PasswordError> {
        if let Err(weak) = check_length(password.expose_secret(), purpose) {
            return Ok(Err(weak));
        }
        let breached = self.breached.clone();
        self.work(password, move |password| {
            let about: Vec<&str> = about.iter().flat_map(|text| words_of(text)).collect();
            let strength = u8::from(zxcvbn::zxcvbn(password, &about).score());
            if let Err(weak) = check_strength(strength) {
                return Ok(Err(weak));
            }
            let found = match breached {
                Some(breached) => breached.contains(password)?,
                None => false,
            };
            Ok(if found {
                Err(WeakPassword::Breached)
            } else {
                Ok(())
            })
        })
        .await?
    }

    async fn work<T: Send + 'static>(
        &self,
        password: &SecretString,
        work: impl FnOnce(&str) -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let turn = self.turn().await?;
        let password = password.clone();
        let done = self.hashers.run(move || {
            // Kept until the work is done, even when the request has gone away.
            let _turn = turn;
            work(password.expose_secret())
        });
        let broken = || PasswordError::Failed("it broke off".to_owned());
        done.await.ok_or_else(broken)
    }

    /// A turn at computing a hash, for as long as it is held.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit, PasswordError> {
        let turn = Arc::clone(&self.permits).acquire_owned();
        match tokio::time::timeout(self.queue, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(PasswordError::Busy),
        }
    }
}

/// What of a text somebody would build a password from: all of it and its words.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() > 2);
    std::iter::once(text).chain(words)
}

fn hash(hasher: &Argon2<'_>, password: &str) -> Result<String, PasswordError> {
    room::hash(hasher.params(), password).map_err(|error| PasswordError::Failed(error.to_string()))
}

fn is_weaker(kept: &str, wanted: &Params) -> bool {
    let Ok(kept) = PasswordHash::new(kept) else {
        return true;
    };
    let Ok(params) = Params::try_from(&kept) else {
        return true;
    };
    kept.algorithm != Algorithm::Argon2id.ident()
        || params.m_cost() < wanted.m_cost()
        || params.t_cost() < wanted.t_cost()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap(memory_kib: u32) -> Passwords {
        let settings = PasswordSettings {
            memory_kib,
            iterations: 1,
            permits: 1,
            ..PasswordSettings::default()
        };
        Passwords::new(settings).unwrap()
    }

    #[tokio::test]
    async fn only_the_password_matches_and_nobody_has_the_dummy() {
        let passwords = cheap(64);
        let right = SecretString::from("correct horse battery staple");
        let kept = passwords.hash(&right).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        let good = passwords.verify(&right, Some(&kept)).await.unwrap();
        assert_eq!(
            good,
            Verdict {
                matches: true,
                stronger: None
            }
        );
        let wrong = SecretString::from("correct horse battery stable");
        assert!(!passwords.verify(&wrong, Some(&kept)).await.unwrap().matches);
        let dummy = SecretString::from("nobody has this password");
        assert!(!passwords.verify(&dummy, None).await.unwrap().matches);
        assert!(
            !passwords
                .verify(&right, Some("no hash"))
                .await
                .unwrap()
                .matches
        );
    }

    #[tokio::test]
    async fn a_weaker_hash_is_replaced() {
        let password = SecretString::from("correct horse battery staple");
        let kept = cheap(64).hash(&password).await.unwrap();
        let strong = cheap(128);
        let stronger = strong
            .verify(&password, Some(&kept))
            .await
            .unwrap()
            .stronger
            .unwrap();
        assert!(stronger.contains("m=128"));
        let again = strong.verify(&password, Some(&stronger)).await.unwrap();
        assert_eq!(
            again,
            Verdict {
                matches: true,
                stronger: None
            }
        );
        assert_eq!(
            cheap(64)
                .verify(&password, Some(&stronger))
                .await
                .unwrap()
                .stronger,
            None
        );
    }

    #[tokio::test]
    async fn breached_passwords_are_refused() {
        use sha1::Digest as _;
        let known = "violet kettle marches north";
        let path = std::env::temp_dir().join(format!("breached-{}", std::process::id()));
        let hash = hex::encode_upper(sha1::Sha1::digest(known.as_bytes()));
        std::fs::write(&path, format!("{hash}:3\n")).unwrap();
        let passwords = Passwords::new(PasswordSettings {
            memory_kib: 64,
            iterations: 1,
            breached_file: path.to_str().unwrap().to_owned(),
            ..PasswordSettings::default()
        })
        .unwrap();
        let judge = async |text: &str| {
            let password = SecretString::from(text);
            let judged = passwords.assess(&password, PasswordUse::Alone, Vec::new());
            judged.await.unwrap()
        };
        assert_eq!(judge(known).await, Err(WeakPassword::Breached));
        assert_eq!(judge("amber lantern crosses rivers").await, Ok(()));
        std::fs::remove_file(path).unwrap();
    }

    #[tokio::test]
    async fn no_more_are_computed_at_once_than_there_is_memory_for() {
        let passwords = Passwords::new(PasswordSettings {
            memory_kib: 64,
            iterations: 1,
            permits: 2,
            queue_ms: 20,
            ..PasswordSettings::default()
        })
        .unwrap();
        let password = SecretString::from("violet kettle marches north");
        let taken = Arc::clone(&passwords.permits)
            .acquire_many_owned(2)
            .await
            .unwrap();
        assert!(matches!(
            passwords.hash(&password).await,
            Err(PasswordError::Busy)
        ));
        let unknown = passwords.verify(&password, None).await;
        assert!(matches!(unknown, Err(PasswordError::Busy)));
        drop(taken);
        assert!(passwords.hash(&password).await.is_ok());
    }

    #[tokio::test]
    async fn easy_passwords_are_refused() {
        let passwords = cheap(64);
        let about = vec!["zoe@acme.example".to_owned(), "Zoe Ångström".to_owned()];
        let judge = async |text: &str| {
            let password = SecretString::from(text);
            passwords
                .assess(&password, PasswordUse::Alone, about.clone())
                .await
                .unwrap()
        };
        assert_eq!(
            judge("short").await,
            Err(WeakPassword::TooShort { min: 15 })
        );
        assert_eq!(
            judge("passwordpassword").await,
            Err(WeakPassword::Guessable)
        );
        assert_eq!(
            judge("zoe@acme.example").await,
            Err(WeakPassword::Guessable)
        );
        assert_eq!(
            judge("aaaaaaaaaaaaaaaaaaaa").await,
            Err(WeakPassword::Guessable)
        );
        assert_eq!(judge("violet kettle marches north").await, Ok(()));
    }
}
