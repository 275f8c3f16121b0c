//! A mailbox for development: whatever the programs send ends here, where a person, a script or a
//! test can read it. Nothing is delivered anywhere and nothing is kept on disk.

pub mod http;
pub mod message;
mod pages;
pub mod smtp;
pub mod store;
