//! Passwords that were found in stolen lists: a file of SHA-1 hashes in their order, one a line,
//! as the downloader of “Pwned Passwords” writes it (`HASH:COUNT`). Nothing leaves the machine.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::PathBuf,
};

use sha1::{Digest as _, Sha1};

/// Hex digits of a hash.
const DIGITS: usize = 40;
/// Below this many bytes lines are read one after the other.
const NEAR: u64 = 4096;

/// A file of breached passwords. It is opened for each question, so it may be replaced by renaming
/// another over it.
#[derive(Debug, Clone)]
pub(super) struct BreachedFile(PathBuf);

impl BreachedFile {
    /// The file at this path.
    ///
    /// # Errors
    /// When it cannot be read, or does not begin with a hash.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let mut first = [0; DIGITS];
        File::open(&path)?.read_exact(&mut first)?;
        if first.iter().all(u8::is_ascii_hexdigit) {
            Ok(Self(path))
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "its lines are not of the form HASH:COUNT",
            ))
        }
    }

    /// Whether the password is in the file: a few reads, whatever its size.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn contains(&self, password: &str) -> io::Result<bool> {
        let wanted = hex::encode_upper(Sha1::digest(password.as_bytes()));
        let mut file = BufReader::new(File::open(&self.0)?);
        let (mut from, mut to) = (0, file.get_ref().metadata()?.len());
        // The line of the hash, when there is one, begins in from..to, and from begins a line.
        while to - from > NEAR {
            let middle = from + (to - from) / 2;
            file.seek(SeekFrom::Start(middle))?;
            let skipped = skip_line(&mut file)?;
            let begins = middle + skipped;
            let line = read_hash(&mut file)?;
            if begins >= to || line.as_str() > wanted.as_str() {
                to = middle;
            } else {
                from = begins;
            }
        }
        file.seek(SeekFrom::Start(from))?;
        loop {
            let line = read_hash(&mut file)?;
            if line.is_empty() || line.as_str() > wanted.as_str() {
                return Ok(false);
            }
            if line == wanted {
                return Ok(true);
            }
        }
    }
}

fn skip_line(file: &mut BufReader<File>) -> io::Result<u64> {
    let mut rest = Vec::new();
    let length = file.read_until(b'\n', &mut rest)?;
    Ok(u64::try_from(length).unwrap_or(u64::MAX))
}

/// The hash of the next line, in capitals; empty at the end.
fn read_hash(file: &mut BufReader<File>) -> io::Result<String> {
    let mut line = String::new();
    file.read_line(&mut line)?;
    Ok(line
        .chars()
        .take(DIGITS)
        .collect::<String>()
        .to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file_of(passwords: &[String], name: &str) -> PathBuf {
        let mut hashes: Vec<String> = passwords
            .iter()
            .map(|password| hex::encode_upper(Sha1::digest(password.as_bytes())))
            .collect();
        hashes.sort();
        let path = std::env::temp_dir().join(format!("breached-{name}-{}", std::process::id()));
        let mut file = File::create(&path).unwrap();
        for (n, hash) in hashes.iter().enumerate() {
            write!(file, "{hash}:{}\r\n", n * 37 % 1000).unwrap();
        }
        path
    }

    #[test]
    fn what_is_in_the_file_is_found_and_nothing_else() {
        for number in [1, 2, 100, 5000] {
            let passwords: Vec<String> = (0..number).map(|n| format!("secret {n}")).collect();
            let path = file_of(&passwords, &number.to_string());
            let file = BreachedFile::open(path.clone()).unwrap();
            for password in &passwords {
                assert!(file.contains(password).unwrap(), "{password} of {number}");
            }
            for n in 0..200 {
                assert!(!file.contains(&format!("other {n}")).unwrap());
            }
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn another_file_is_refused() {
        assert!(BreachedFile::open("/nowhere/at/all".into()).is_err());
        let path = std::env::temp_dir().join(format!("breached-wrong-{}", std::process::id()));
        std::fs::write(
            &path,
            "password,count\nsecret,1\nanother line that is long enough",
        )
        .unwrap();
        assert!(BreachedFile::open(path.clone()).is_err());
        std::fs::remove_file(path).unwrap();
    }
}
