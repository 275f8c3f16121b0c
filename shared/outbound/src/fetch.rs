//! Requests to addresses that tenants name.
//!
//! The connection is made to an address that the guard saw: the client has no resolver but ours,
//! so there is no second look-up that could answer otherwise (DNS rebinding). Redirects are not
//! followed, proxies of the environment not used, bodies are cut at a limit, and one patience
//! covers the whole exchange.

use std::{
    error::Error,
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::{HeaderMap, Method, StatusCode, header};
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use url::Url;

use crate::{Guard, LookupFailed, Names, guard::ForbiddenAddress};

/// The largest answer that is read whole.
const BODY_LIMIT: usize = 256 * 1024;

/// Why the other side did not answer well.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address may not be called.
    #[error(transparent)]
    Forbidden(#[from] ForbiddenAddress),
    /// Its name is not known.
    #[error(transparent)]
    Name(LookupFailed),
    /// It cannot be reached.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// It takes too long.
    #[error("it did not answer in time")]
    Slow,
    /// It answers with more than is read.
    #[error("its answer is too large")]
    TooLarge,
    /// It sends elsewhere, which is not followed.
    #[error("it answered with a redirect")]
    Redirect,
    /// It refuses.
    #[error("it answered with status {0}")]
    Status(u16),
    /// Its answer is not JSON, or not of the form that it should have.
    #[error("its answer cannot be read")]
    Garbage,
}

/// An answer.
#[derive(Debug)]
pub struct Fetched {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Vec<u8>,
}

/// The beginning of an answer.
#[derive(Debug)]
pub struct Excerpt {
    /// The status, which may be a redirect.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The first bytes of the body.
    pub beginning: Vec<u8>,
}

/// Makes requests.
#[derive(Debug, Clone)]
pub struct Fetcher {
    /// Made when it is first used: it reads the certificates of the system.
    client: Arc<OnceLock<Result<Client, String>>>,
    guard: Guard,
    names: Names,
    patience: Duration,
}

impl Fetcher {
    /// A client behind this guard.
    #[must_use]
    pub fn new(guard: Guard, names: Names, patience: Duration) -> Self {
        Self {
            client: Arc::default(),
            guard,
            names,
            patience,
        }
    }

    fn client(&self) -> Result<&Client, FetchError> {
        let made = self.client.get_or_init(|| {
            if rustls::crypto::CryptoProvider::get_default().is_none() {
                // Fails only when another thread was faster, which serves as well.
                let _ = rustls::crypto::ring::default_provider().install_default();
            }
            let names = GuardedNames {
                guard: self.guard,
                names: self.names.clone(),
            };
            Client::builder()
                .dns_resolver(Arc::new(names))
                .redirect(Policy::none())
                .no_proxy()
                .referer(false)
                .connect_timeout(self.patience)
                .pool_idle_timeout(Duration::from_secs(20))
                .pool_max_idle_per_host(2)
                .user_agent("trellis")
                .build()
                .map_err(|error| error.to_string())
        });
        made.as_ref()
            .map_err(|error| FetchError::Unreachable(error.clone()))
    }

    /// The guard.
    #[must_use]
    pub const fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Checks an address that somebody wants to have called, with what its name means now. It is
    /// checked again whenever it is called; this is to say so at once.
    ///
    /// # Errors
    /// When it may not be called, or nobody knows its name.
    pub async fn vet(&self, url: &Url) -> Result<(), FetchError> {
        self.guard.check(url)?;
        if let Some(url::Host::Domain(name)) = url.host() {
            guarded(&self.guard, &self.names, name).await?;
        }
        Ok(())
    }

    /// Gets a JSON document.
    ///
    /// # Errors
    /// When there is none.
    pub async fn json<T: serde::de::DeserializeOwned>(
        &self,
        url: &Url,
        headers: HeaderMap,
    ) -> Result<T, FetchError> {
        let answer = self.send(Method::GET, url, headers, Vec::new()).await?;
        if answer.status != StatusCode::OK {
            return Err(FetchError::Status(answer.status.as_u16()));
        }
        serde_json::from_slice(&answer.body).map_err(|_| FetchError::Garbage)
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// When the address may not be called or does not answer well.
    pub async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Fetched, FetchError> {
        let request = self.request(method, url, headers, body)?;
        self.in_time(whole(request)).await
    }

    /// Sends a request of which only the status and the first bytes of the answer matter, whatever
    /// they are: a redirect is an answer like another, and so is one that goes on for ever.
    ///
    /// # Errors
    /// When the address may not be called or does not answer.
    pub async fn send_for_excerpt(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
        most: usize,
    ) -> Result<Excerpt, FetchError> {
        let request = self.request(method, url, headers, body)?;
        self.in_time(excerpt(request, most)).await
    }

    fn request(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<reqwest::RequestBuilder, FetchError> {
        self.guard.check(url)?;
        Ok(self
            .client()?
            .request(method, url.clone())
            .header(header::ACCEPT, "application/json")
            .headers(headers)
            .body(body))
    }

    async fn in_time<T>(
        &self,
        exchange: impl Future<Output = Result<T, FetchError>>,
    ) -> Result<T, FetchError> {
        match tokio::time::timeout(self.patience, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(FetchError::Slow),
        }
    }
}

async fn excerpt(request: reqwest::RequestBuilder, most: usize) -> Result<Excerpt, FetchError> {
    let mut answer = request.send().await.map_err(|error| failed(&error))?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut beginning = Vec::new();
    while beginning.len() < most {
        // Who has given a status has answered, whatever becomes of the rest.
        let Ok(Some(chunk)) = answer.chunk().await else {
            break;
        };
        beginning.extend(chunk.iter().take(most - beginning.len()));
    }
    Ok(Excerpt {
        status,
        headers,
        beginning,
    })
}

async fn whole(request: reqwest::RequestBuilder) -> Result<Fetched, FetchError> {
    let mut answer = request.send().await.map_err(|error| failed(&error))?;
    if answer.status().is_redirection() {
        return Err(FetchError::Redirect);
    }
    let announced = answer.content_length().unwrap_or_default();
    if announced > BODY_LIMIT as u64 {
        return Err(FetchError::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| failed(&error))? {
        if body.len() + chunk.len() > BODY_LIMIT {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Fetched {
        status: answer.status(),
        headers: answer.headers().clone(),
        body,
    })
}

fn failed(error: &reqwest::Error) -> FetchError {
    let mut source: Option<&(dyn Error + 'static)> = Some(error);
    let mut last = error.to_string();
    while let Some(inner) = source {
        if let Some(forbidden) = inner.downcast_ref::<ForbiddenAddress>() {
            return FetchError::Forbidden(*forbidden);
        }
        if let Some(lookup) = inner.downcast_ref::<LookupFailed>() {
            return FetchError::Name(lookup.clone());
        }
        last = inner.to_string();
        source = inner.source();
    }
    if error.is_timeout() {
        FetchError::Slow
    } else {
        FetchError::Unreachable(last)
    }
}

/// The addresses of a name, all of which may be called.
async fn guarded(guard: &Guard, names: &Names, name: &str) -> Result<Vec<IpAddr>, FetchError> {
    let found = names.addresses(name).await.map_err(FetchError::Name)?;
    if found.iter().all(|address| guard.permits(*address)) {
        Ok(found)
    } else {
        Err(ForbiddenAddress::NotPublic.into())
    }
}

/// Answers names with addresses that may be called; refuses a name that has any other, which no
/// honest party has.
struct GuardedNames {
    guard: Guard,
    names: Names,
}

impl Resolve for GuardedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, names) = (self.guard, self.names.clone());
        Box::pin(async move {
            let found = guarded(&guard, &names, name.as_str()).await;
            let found = found.map_err(|error| match error {
                FetchError::Forbidden(forbidden) => Box::from(forbidden),
                FetchError::Name(lookup) => Box::from(lookup),
                other => Box::<dyn Error + Send + Sync>::from(other),
            })?;
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
