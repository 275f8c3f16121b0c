//! The runtime's side of the node API.

mod timers;

use std::time::Duration;

use kernel::{NodeId, TenantId};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{
    BASE_PATH, BeatAnswer, Changes, ChangesQuery, DeadLetters, NodeApiProblem, NodeBeat,
    NodeRegistered, NodeRegistration, QueueOrders, QueueReport, SweepPage, TenantPage,
    TenantPlacement, TenantsQuery,
};

const CONNECT: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(5);

/// Why a call of the node API failed.
#[derive(Debug, thiserror::Error)]
pub enum NodeApiError {
    /// The address of the control plane is no URL that a client can use.
    #[error("the control plane's address is not usable: {0}")]
    Address(String),
    /// The control plane cannot be reached, or broke off. Worth trying again; what is known stays.
    #[error("the control plane cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// It is there, but cannot answer now. Worth trying again; what is known stays.
    #[error("the control plane is not available ({0})")]
    Unavailable(StatusCode),
    /// The node's secret is not accepted.
    #[error("the control plane refuses this node's secret")]
    Unauthenticated,
    /// There is no such thing for this node: forget it.
    #[error("the control plane knows no such thing for this node")]
    NotFound,
    /// The call is wrong.
    #[error("the control plane refuses: {} ({})", .0.code, .0.detail.as_deref().unwrap_or("no detail"))]
    Refused(NodeApiProblem),
    /// The answer is not what the protocol says.
    #[error("the control plane's answer cannot be read")]
    Answer(#[source] reqwest::Error),
}

impl NodeApiError {
    /// Whether the same call may succeed later, so that what is kept should be served meanwhile.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Unavailable(_))
    }

    /// Whether the call contradicts what is: of a leader of timers, that another leads.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused(problem) if problem.code == "conflict")
    }
}

/// A client of the node API. Cheap to clone; connections are kept.
#[derive(Debug, Clone)]
pub struct NodeApi {
    client: Client,
    base: Url,
    secret: SecretString,
}

impl NodeApi {
    /// A client of the control plane at `address` (`http://host:port`). Nothing is sent yet.
    ///
    /// # Errors
    /// [`NodeApiError::Address`] when the address is no http URL.
    pub fn new(address: &str, secret: SecretString) -> Result<Self, NodeApiError> {
        let base = Url::parse(address).map_err(|err| NodeApiError::Address(err.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(NodeApiError::Address(
                "it is neither http nor https".to_owned(),
            ));
        }
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Fails only when another thread was faster, which serves as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .pool_idle_timeout(Duration::from_secs(30))
            .build()
            .map_err(|err| NodeApiError::Address(err.to_string()))?;
        Ok(Self {
            client,
            base,
            secret,
        })
    }

    /// Makes the node known. Repeat it after a start and whenever a beat is refused.
    ///
    /// # Errors
    /// See [`NodeApiError`].
    pub async fn register(&self, node: &NodeRegistration) -> Result<NodeRegistered, NodeApiError> {
        let call = self.call(Method::POST, "nodes/register").json(node);
        body(send(call).await?).await
    }

    /// Says that the node is there and how busy it is. [`NodeApiError::NotFound`]: register again.
    ///
    /// # Errors
    /// See [`NodeApiError`].
    pub async fn beat(&self, node: NodeId, beat: &NodeBeat) -> Result<BeatAnswer, NodeApiError> {
        let call = self
            .call(Method::POST, &format!("nodes/{node}/beat"))
            .json(beat);
        body(send(call).await?).await
    }

    /// Takes the node out of service, when it stops by itself.
    ///
    /// # Errors
    /// See [`NodeApiError`].
    pub async fn leave(&self, node: NodeId) -> Result<(), NodeApiError> {
        send(self.call(Method::DELETE, &format!("nodes/{node}")))
            .await
            .map(drop)
    }

    /// Where the tenant is. [`NodeApiError::NotFound`]: it is not this node's to serve.
    ///
    /// # Errors
    /// See [`NodeApiError`].
    pub async fn placement(&self, tenant: TenantId) -> Result<TenantPlacement, NodeApiError> {
        let call = self.call(Method::GET, &format!("tenants/{tenant}/placement"));
        body(send(call).await?).await
    }

    /// The active tenants of the node's ring, a page at a time.
    ///
    /// # Errors
    /// See [`NodeApiError`].
    pub async fn tenants(&self, query: TenantsQuery) -> Result<TenantPage, NodeApiError> {
        body(send(self.call(Method::GET, "tenants").query(&query)).await?).await
    }

    /// The active tenants of the node's ring as a sweep needs them, a page at a time.
    ///
    /// # Errors
    /// See [`NodeApiError`].
    pub async fn sweep(&self, query: TenantsQuery) -> Result<SweepPage, NodeApiError> {
        body(send(self.call(Method::GET, "sweep").query(&query)).await?).await
    }

    /// Which tenants changed since a revision; waits for a change as long as the query says.
    ///
    /// # Errors
    /// See [`NodeApiError`].
    pub async fn changes(&self, query: ChangesQuery) -> Result<Changes, NodeApiError> {
        let patience = ANSWER + Duration::from_secs(query.wait_seconds.unwrap_or(0).into());
        let call = self
            .call(Method::GET, "changes")
            .query(&query)
            .timeout(patience);
        body(send(call).await?).await
    }

    /// Says how the queues are; answers what is to be done with them.
    ///
    /// # Errors
    /// See [`NodeApiError`].
    pub async fn report_queues(&self, report: &QueueReport) -> Result<QueueOrders, NodeApiError> {
        let call = self.call(Method::POST, "queues/report").json(report);
        body(send(call).await?).await
    }

    /// Gives dead messages away. Giving one again is harmless.
    ///
    /// # Errors
    /// See [`NodeApiError`].
    pub async fn keep_dead_letters(&self, dead: &DeadLetters) -> Result<(), NodeApiError> {
        let call = self.call(Method::POST, "queues/dead-letters").json(dead);
        send(call).await.map(drop)
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let mut address = self.base.clone();
        address.set_path(&format!("{BASE_PATH}/{path}"));
        self.client
            .request(method, address)
            .bearer_auth(self.secret.expose_secret())
            .timeout(ANSWER)
    }
}

async fn send(call: RequestBuilder) -> Result<Response, NodeApiError> {
    let answer = call.send().await.map_err(NodeApiError::Unreachable)?;
    match answer.status() {
        status if status.is_success() => Ok(answer),
        StatusCode::UNAUTHORIZED => Err(NodeApiError::Unauthenticated),
        StatusCode::NOT_FOUND => Err(NodeApiError::NotFound),
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            Err(NodeApiError::Unavailable(status))
        }
        _ => {
            let problem = answer.json().await.map_err(NodeApiError::Answer)?;
            Err(NodeApiError::Refused(problem))
        }
    }
}

async fn body<T: DeserializeOwned>(answer: Response) -> Result<T, NodeApiError> {
    answer.json().await.map_err(NodeApiError::Answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_to_be_http() {
        let make = |address| NodeApi::new(address, SecretString::from("s"));
        assert!(make("http://127.0.0.1:8083").is_ok());
        assert!(matches!(
            make("127.0.0.1:8083"),
            Err(NodeApiError::Address(_))
        ));
        assert!(matches!(make("ftp://host"), Err(NodeApiError::Address(_))));
    }

    #[tokio::test]
    async fn a_control_plane_that_is_away_is_a_transient_fault() {
        let api = NodeApi::new("http://127.0.0.1:1", SecretString::from("s")).unwrap();
        let err = api
            .leave(NodeId::from_uuid(Default::default()))
            .await
            .unwrap_err();
        assert!(err.is_transient(), "{err}");
    }
}
