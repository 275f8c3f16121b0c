//! The whole platform as real processes on ports of their own, over the servers of tests.

use std::net::TcpListener;

use anyhow::Result;

/// The platform.
pub struct Stack {}

/// A port that nothing listens on now.
///
/// # Errors
/// When the machine has none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
