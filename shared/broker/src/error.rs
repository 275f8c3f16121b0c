//! What can go wrong between us and the broker.

use std::time::Duration;

/// A call to the broker failed.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The setting is no AMQP URL. The URL itself may hold a password and is not repeated.
    #[error("the broker's address is not an AMQP URL: {0}")]
    Address(String),
    /// There is no connection at the moment.
    #[error("the broker is away")]
    Away,
    /// The broker took the call and did not answer.
    #[error("the broker did not answer within {0:?}")]
    Silent(Duration),
    /// The broker or the connection refused the call.
    #[error(transparent)]
    Amqp(#[from] lapin::Error),
}

/// A message was not taken over by the broker; publishing it again is safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// There was no connection, or it was lost before the confirm.
    #[error("the broker is away")]
    Away,
    /// The broker knows no queue for it.
    #[error("the broker returned the message: {0}")]
    Returned(String),
    /// The broker refused to store it, as a full queue does.
    #[error("the broker refused the message")]
    Refused,
    /// No confirm came in time.
    #[error("the broker did not confirm the message in time")]
    Unconfirmed,
}
