//! Leadership: of all processes that stand for a role, one has it.
//!
//! The token is an exclusive queue, which the broker grants to one connection and removes with
//! it. A leader publishes over that same connection and no other, so that one who lost the role
//! without noticing, paused or cut off, cannot act any more: the broker has closed its door. That
//! is what a fencing token is for, without anyone having to check one.

use std::time::Duration;

use lapin::{
    Channel, ErrorKind,
    options::QueueDeclareOptions,
    protocol::{AMQPErrorKind, AMQPSoftError},
    types::FieldTable,
};

use crate::{BrokerError, Link, Outgoing, PublishError, Publisher, Session};

/// How often one who stands by tries again.
const RETRY: Duration = Duration::from_secs(1);

/// The role, for as long as the session lasts.
pub struct Leadership {
    link: Link,
    session: Session,
    publisher: Publisher,
    _channel: Channel,
}

impl Leadership {
    /// Waits until the role is ours.
    ///
    /// # Errors
    /// When the link was closed.
    pub async fn win(link: &Link, role: &str) -> Result<Self, BrokerError> {
        loop {
            let session = link.connected().await?;
            match stand(link, &session, role).await {
                Ok(Some(channel)) => {
                    let publisher = Publisher::new(link.clone());
                    return Ok(Self {
                        link: link.clone(),
                        session,
                        publisher,
                        _channel: channel,
                    });
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, role, "could not stand for leader"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Publishes as the leader; an error for every message when the role is lost.
    pub async fn publish(&self, batch: &[Outgoing]) -> Vec<Result<(), PublishError>> {
        self.publisher.publish_in(&self.session, batch).await
    }

    /// Waits until the role is lost.
    pub async fn ended(&self) {
        self.link.ended(&self.session).await;
    }
}

/// The channel that holds the role; none when another has it.
async fn stand(link: &Link, session: &Session, role: &str) -> Result<Option<Channel>, BrokerError> {
    let declared = async {
        let channel = session.connection.create_channel().await?;
        let name = link.topology().leader_queue(role);
        let options = QueueDeclareOptions::exclusive();
        match channel
            .queue_declare(name.into(), options, FieldTable::default())
            .await
        {
            Ok(_) => Ok(Some(channel)),
            Err(error) if is_locked(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    };
    tokio::select! {
        biased;
        declared = declared => declared,
        () = link.ended(session) => Err(BrokerError::Away),
    }
}

fn is_locked(error: &lapin::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ProtocolError(error)
            if *error.kind() == AMQPErrorKind::Soft(AMQPSoftError::RESOURCELOCKED)
    )
}
