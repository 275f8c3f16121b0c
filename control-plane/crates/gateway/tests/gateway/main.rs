//! The gateway on real servers: MariaDB, Redis, and nodes that are small programs in this process.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends at what it did not expect"
)]

mod access;
mod counting;
mod countries;
mod ends;
mod homes;
mod hosts;
mod losses;
mod node;
mod passing;
mod people;
mod rates;
mod rotation;
mod sessions;
mod streams;
mod tunnels;
mod visitors;
mod world;
