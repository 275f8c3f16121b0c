//! The last thousand messages, in memory.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use clock::Clock;

use crate::message::Message;

/// How many messages are kept; older ones make room.
pub const CAPACITY: usize = 1000;

/// Everything that came in, newest last.
#[derive(Debug)]
pub struct Mailbox {
    clock: Clock,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    last_id: u64,
    messages: VecDeque<Message>,
}

impl Mailbox {
    /// An empty mailbox.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            kept: Mutex::default(),
        }
    }

    /// Takes one message for all of its recipients.
    pub fn receive(&self, from: &str, recipients: &[String], raw: &[u8]) -> u64 {
        let message = Message::parse(from, recipients, raw, self.clock.now());
        let mut kept = self.kept();
        kept.last_id += 1;
        let id = kept.last_id;
        if kept.messages.len() == CAPACITY {
            kept.messages.pop_front();
        }
        kept.messages.push_back(Message { id, ..message });
        id
    }

    /// Newest first; with `to`, only what went to that address (letter case does not matter).
    #[must_use]
    pub fn list(&self, to: Option<&str>) -> Vec<Message> {
        let kept = self.kept();
        let wanted = |message: &&Message| {
            to.is_none_or(|to| {
                message
                    .to
                    .iter()
                    .any(|address| address.eq_ignore_ascii_case(to))
            })
        };
        kept.messages.iter().rev().filter(wanted).cloned().collect()
    }

    /// One message.
    #[must_use]
    pub fn find(&self, id: u64) -> Option<Message> {
        self.kept()
            .messages
            .iter()
            .find(|message| message.id == id)
            .cloned()
    }

    /// Forgets everything. Numbers go on, so that an id never means two messages.
    pub fn clear(&self) {
        self.kept().messages.clear();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox_with(count: usize) -> Mailbox {
        let mailbox = Mailbox::new(Clock::system());
        for number in 0..count {
            let to = format!("Person{}@acme.example", number % 2);
            mailbox.receive("a@b.example", &[to], b"Subject: hello\r\n\r\nbody\r\n");
        }
        mailbox
    }

    #[test]
    fn keeps_only_the_newest() {
        let mailbox = mailbox_with(CAPACITY + 5);
        let list = mailbox.list(None);
        assert_eq!(list.len(), CAPACITY);
        assert_eq!(list[0].id, (CAPACITY + 5) as u64);
        assert!(mailbox.find(5).is_none());
        assert!(mailbox.find(6).is_some());
    }

    #[test]
    fn finds_by_recipient_and_forgets() {
        let mailbox = mailbox_with(3);
        assert_eq!(mailbox.list(Some("person0@ACME.example")).len(), 2);
        mailbox.clear();
        assert!(mailbox.list(None).is_empty());
        assert_eq!(mailbox.receive("", &[], b""), 4);
    }
}
