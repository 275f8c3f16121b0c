//! A name server that answers as a test says, another time otherwise if it is to: what rebinding
//! needs.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::net::UdpSocket;

use crate::must;

const A: u16 = 1;
const TXT: u16 = 16;
/// "No such name".
const NXDOMAIN: u8 = 3;

#[derive(Debug, Default)]
struct Zone {
    /// Of a name: what is answered first, second, …; the last goes on.
    addresses: HashMap<String, Vec<Vec<Ipv4Addr>>>,
    texts: HashMap<String, Vec<String>>,
}

/// A name server on a port of its own. It lives as long as the test's runtime.
#[derive(Debug, Clone)]
pub struct TestNames {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
}

impl TestNames {
    /// A server that knows no name yet.
    pub async fn start() -> Self {
        let socket = must(UdpSocket::bind("127.0.0.1:0").await, "no port for names");
        let names = Self {
            address: must(socket.local_addr(), "no address of names"),
            zone: Arc::default(),
        };
        tokio::spawn(names.clone().serve(socket));
        names
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The addresses of a name: of the first answer, of the second, and so on.
    pub fn set_addresses(&self, name: &str, answers: &[&[Ipv4Addr]]) {
        let answers = answers.iter().rev().map(|answer| answer.to_vec()).collect();
        let mut zone = self.zone.lock().unwrap_or_else(PoisonError::into_inner);
        zone.addresses.insert(name.to_owned(), answers);
    }

    /// The texts of a name.
    pub fn set_texts(&self, name: &str, texts: &[&str]) {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        let mut zone = self.zone.lock().unwrap_or_else(PoisonError::into_inner);
        zone.texts.insert(name.to_owned(), texts);
    }

    async fn serve(self, socket: UdpSocket) {
        let mut packet = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut packet).await {
            let answer = packet.get(..length).and_then(|query| self.answer(query));
            if let Some(answer) = answer {
                let _ = socket.send_to(&answer, from).await;
            }
        }
    }

    /// The answer to a query of one question.
    fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        let (name, end) = read_name(query)?;
        let question = query.get(12..end + 4)?;
        let kind = u16::from_be_bytes([*query.get(end)?, *query.get(end + 1)?]);
        let records = self.records(&name, kind);
        let code = if records.is_none() { NXDOMAIN } else { 0 };
        let records = records.unwrap_or_default();
        let mut answer = query.get(..2)?.to_vec();
        answer.extend([
            0x85,
            0x80 | code,
            0,
            1,
            0,
            u8::try_from(records.len()).ok()?,
            0,
            0,
            0,
            0,
        ]);
        answer.extend(question);
        for record in records {
            answer.extend([0xc0, 12]);
            answer.extend(kind.to_be_bytes());
            answer.extend([0, 1, 0, 0, 0, 60]);
            answer.extend(u16::try_from(record.len()).ok()?.to_be_bytes());
            answer.extend(record);
        }
        Some(answer)
    }

    fn records(&self, name: &str, kind: u16) -> Option<Vec<Vec<u8>>> {
        let mut zone = self.zone.lock().unwrap_or_else(PoisonError::into_inner);
        let known = zone.addresses.contains_key(name) || zone.texts.contains_key(name);
        let found = match kind {
            A => {
                let answers = zone.addresses.get_mut(name)?;
                let now = if answers.len() > 1 {
                    answers.pop()?
                } else {
                    answers.last()?.clone()
                };
                now.iter()
                    .map(|address| address.octets().to_vec())
                    .collect()
            }
            TXT => {
                let texts = zone.texts.get(name)?;
                texts.iter().map(|text| text_record(text)).collect()
            }
            _ => Vec::new(),
        };
        known.then_some(found)
    }
}

/// A text in pieces of at most 255 bytes, each with its length before it.
fn text_record(text: &str) -> Vec<u8> {
    let pieces = text.as_bytes().chunks(255);
    pieces
        .flat_map(|piece| {
            let length = u8::try_from(piece.len()).unwrap_or(u8::MAX);
            std::iter::once(length).chain(piece.iter().copied())
        })
        .collect()
}

/// The name of the question, in lower case, and where it ends.
fn read_name(query: &[u8]) -> Option<(String, usize)> {
    let (mut at, mut labels) = (12, Vec::new());
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        let label = query.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += length;
    }
    Some((labels.join("."), at))
}
