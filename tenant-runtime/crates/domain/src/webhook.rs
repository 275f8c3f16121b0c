//! Webhooks: which events one hears of, and when a delivery is tried again or given up.

mod kinds;
mod message;
mod retry;

pub use kinds::Kinds;
pub use message::{body, test_body};
pub use retry::{ATTEMPTS, is_given_up, retry_in};

/// The kind of a message that an architect has sent to see whether it arrives.
pub const TEST: &str = "webhook.test";
