//! Outbox relay and consumers.
