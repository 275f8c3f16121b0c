//! Webhooks: the activity class's effect writes a delivery for each webhook that wants to hear of
//! an event; class `webhook` sends it, again and again if need be, and keeps a log of that.

mod fan_out;
mod outcome;
mod sender;
mod sign;

pub(crate) use fan_out::{Heard, fan_out};
pub use sender::{Attempt, WebhookSender};
