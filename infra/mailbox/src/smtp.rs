//! The receiving side of SMTP (RFC 5321), as much of it as a client on this machine uses: no
//! relaying, no authentication, no encryption.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::store::Mailbox;

/// Largest message taken.
const SIZE_LIMIT: usize = 10 * 1024 * 1024;
/// Longest command line.
const LINE_LIMIT: usize = 4096;
const RECIPIENT_LIMIT: usize = 100;
/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(300);

/// Takes mail until the task is dropped.
pub async fn listen(listener: TcpListener, mailbox: Arc<Mailbox>) {
    loop {
        match listener.accept().await {
            Ok((stream, client)) => {
                let mailbox = Arc::clone(&mailbox);
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, &mailbox).await {
                        tracing::debug!(%client, %error, "a client went away");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Envelope of the message under way.
#[derive(Debug, Default)]
struct Envelope {
    from: Option<String>,
    to: Vec<String>,
}

/// Speaks with one client until it quits.
///
/// # Errors
///
/// When the connection breaks or falls silent.
pub async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    mailbox: &Mailbox,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut envelope = Envelope::default();
    say(&mut stream, "220 mailbox ESMTP").await?;
    while let Some(line) = read_line(&mut stream, LINE_LIMIT).await? {
        let Some(line) = line else {
            say(&mut stream, "500 line too long").await?;
            continue;
        };
        let text = String::from_utf8_lossy(&line).into_owned();
        let (verb, rest) = text.split_once(' ').unwrap_or((&text, ""));
        match verb.to_ascii_uppercase().as_str() {
            "DATA" => {
                let answer = data(&mut stream, &mut envelope, mailbox).await?;
                say(&mut stream, &answer).await?;
            }
            "QUIT" => return say(&mut stream, "221 bye").await,
            verb => say(&mut stream, answer(verb, rest, &mut envelope)).await?,
        }
    }
    Ok(())
}

/// Answers a command that needs no more input.
fn answer(verb: &str, rest: &str, envelope: &mut Envelope) -> &'static str {
    match verb {
        "EHLO" => {
            *envelope = Envelope::default();
            "250-mailbox\r\n250-SIZE 10485760\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8"
        }
        "HELO" | "RSET" => {
            *envelope = Envelope::default();
            "250 ok"
        }
        "MAIL" => match path(rest, "FROM:") {
            Some(from) => {
                *envelope = Envelope {
                    from: Some(from),
                    to: Vec::new(),
                };
                "250 ok"
            }
            None => "501 MAIL FROM:<address> is expected",
        },
        "RCPT" if envelope.from.is_none() => "503 MAIL comes first",
        "RCPT" if envelope.to.len() >= RECIPIENT_LIMIT => "452 too many recipients",
        "RCPT" => match path(rest, "TO:").filter(|to| to.contains('@')) {
            Some(to) => {
                envelope.to.push(to);
                "250 ok"
            }
            None => "501 RCPT TO:<address> is expected",
        },
        "NOOP" => "250 ok",
        "VRFY" => "252 cannot verify",
        _ => "502 not implemented",
    }
}

/// The address between angle brackets after `MAIL FROM:` or `RCPT TO:`.
fn path(rest: &str, keyword: &str) -> Option<String> {
    let rest = rest.trim();
    let head = rest.get(..keyword.len())?;
    let tail = rest.get(keyword.len()..)?.trim_start().strip_prefix('<')?;
    let (address, _) = tail.split_once('>')?;
    head.eq_ignore_ascii_case(keyword)
        .then(|| address.to_owned())
}

/// Reads a message up to the lone dot.
async fn data<S: AsyncBufRead + AsyncWrite + Unpin>(
    stream: &mut S,
    envelope: &mut Envelope,
    mailbox: &Mailbox,
) -> io::Result<String> {
    let Some(from) = envelope.from.clone().filter(|_| !envelope.to.is_empty()) else {
        return Ok("503 MAIL and RCPT come first".to_owned());
    };
    say(stream, "354 end with a lone dot").await?;
    let mut message = Vec::new();
    let mut fits = true;
    loop {
        let line = match read_line(stream, SIZE_LIMIT).await? {
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
            Some(None) => {
                fits = false;
                continue;
            }
            Some(Some(line)) => line,
        };
        if line == b"." {
            break;
        }
        let line = line.strip_prefix(b".").unwrap_or(&line);
        fits = fits && message.len() + line.len() + 2 <= SIZE_LIMIT;
        if fits {
            message.extend_from_slice(line);
            message.extend_from_slice(b"\r\n");
        }
    }
    let envelope = std::mem::take(envelope);
    if !fits {
        return Ok("552 message too large".to_owned());
    }
    let id = mailbox.receive(&from, &envelope.to, &message);
    tracing::info!(id, to = %envelope.to.join(", "), "received");
    Ok(format!("250 taken as {id}"))
}

/// One line without its end; `Some(None)` for one that is too long, `None` at the end of the input.
async fn read_line<S: AsyncBufRead + Unpin>(
    stream: &mut S,
    limit: usize,
) -> io::Result<Option<Option<Vec<u8>>>> {
    let mut line = Vec::new();
    let mut fits = true;
    loop {
        let chunk = timeout(PATIENCE, stream.fill_buf())
            .await
            .map_err(io::Error::other)??;
        if chunk.is_empty() {
            return Ok(None);
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(chunk.len(), |end| end + 1);
        fits = fits && line.len() + taken <= limit;
        if fits {
            line.extend(chunk.iter().take(taken));
        }
        stream.consume(taken);
        if end.is_some() {
            break;
        }
    }
    while line
        .last()
        .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
    {
        line.pop();
    }
    Ok(Some(fits.then_some(line)))
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, line: &str) -> io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.flush().await
}

#[cfg(test)]
mod tests {
    use clock::Clock;
    use tokio::io::AsyncReadExt;

    use super::*;

    async fn session(input: &str) -> (String, Mailbox) {
        let mailbox = Mailbox::new(Clock::system());
        let (mut client, server) = tokio::io::duplex(64 * 1024);
        client
            .write_all(input.replace('\n', "\r\n").as_bytes())
            .await
            .unwrap();
        client.shutdown().await.unwrap();
        let _ = converse(server, &mailbox).await;
        let mut said = String::new();
        client.read_to_string(&mut said).await.unwrap();
        (said, mailbox)
    }

    #[tokio::test]
    async fn takes_a_pipelined_message_and_unstuffs_dots() {
        let (said, mailbox) = session(
            "EHLO me\nMAIL FROM:<a@b.example> SIZE=10\nRCPT TO:<c@d.example>\nrcpt to:<e@f.example>\n\
             DATA\nSubject: x\n\n..dot\n.\nQUIT\n",
        )
        .await;
        assert!(said.contains("250 taken as 1"), "{said}");
        let message = mailbox.find(1).unwrap();
        assert_eq!(message.to, ["c@d.example", "e@f.example"]);
        assert_eq!(message.text.as_deref().map(str::trim), Some(".dot"));
    }

    #[tokio::test]
    async fn refuses_what_is_out_of_order_or_malformed() {
        let (said, mailbox) = session(
            "RCPT TO:<c@d.example>\nMAIL FROM:a@b\nMAIL FROM:<>\nRCPT TO:<nobody>\nDATA\nBREW\nQUIT\n",
        )
        .await;
        let codes: Vec<&str> = said.lines().map(|line| &line[..3]).collect();
        assert_eq!(
            codes,
            ["220", "503", "501", "250", "501", "503", "502", "221"]
        );
        assert!(mailbox.list(None).is_empty());
    }

    #[tokio::test]
    async fn half_a_message_is_no_message() {
        let (_, mailbox) =
            session("MAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nDATA\nSubject: x\n").await;
        assert!(mailbox.list(None).is_empty());
    }
}
