//! The typed client. One [`StaffApi`] per process; one [`StaffCalls`] per request of a person.

mod accounts;
mod people;
mod queues;
mod support;
mod timers;

use std::{fmt, time::Duration};

use kernel::{OperationId, Page, TenantId};
use reqwest::{Method, RequestBuilder, Response, header};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Accepted, AuditEntryView, AuditHeadView, AuditQuery, OperationEvents, OperationQuery,
    OperationView, PlacementGroupCreate, PlacementGroupView, SecondFactor, ServerCreate,
    ServerView, StaffApiError, StaffSessionView, StaffSignIn, StaffSignInAnswer, SuspendTenant,
    TenantCreate, TenantDetail, TenantQuery, TenantSummary,
};

/// The names of the cookie that holds a staff session: over https, and over plain http, which the
/// control plane's settings allow on this machine only.
pub const SESSION_COOKIES: [&str; 2] = ["__Host-trellis-staff", "trellis-staff"];
/// How long a call may take. The events of an operation may take longer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Where the staff API is, and the connections to it.
#[derive(Debug, Clone)]
pub struct StaffApi {
    http: reqwest::Client,
    base: String,
}

/// On whose behalf calls are made.
#[derive(Clone, Default)]
pub struct Caller {
    /// The value of the session cookie.
    pub session: Option<String>,
    /// `X-Request-Id`, so that both logs tell the same story.
    pub request_id: Option<String>,
    /// The person's address, for their list of sessions.
    pub address: Option<String>,
    /// The person's browser, likewise.
    pub user_agent: Option<String>,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

/// An answer of a sign-in step with the cookie that came with it.
#[derive(Clone)]
pub struct SignedIn {
    /// What the step leads to.
    pub answer: StaffSignInAnswer,
    /// The value of the session cookie from now on.
    pub session: String,
}

impl StaffApi {
    /// A client of the API at `base`, such as `http://127.0.0.1:8081`.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn new(base: &str) -> Result<Self, StaffApiError> {
        // Fails when a provider is there already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(3))
            .build()
            .map_err(StaffApiError::Unreachable)?;
        Ok(Self {
            http,
            base: base.trim_end_matches('/').to_owned(),
        })
    }

    /// Calls on somebody's behalf.
    #[must_use]
    pub fn calls(&self, caller: Caller) -> StaffCalls {
        StaffCalls {
            api: self.clone(),
            caller,
        }
    }
}

/// Calls on somebody's behalf.
#[derive(Debug, Clone)]
pub struct StaffCalls {
    api: StaffApi,
    caller: Caller,
}

type Answer<T> = Result<T, StaffApiError>;

impl StaffCalls {
    /// First step of signing in.
    ///
    /// # Errors
    /// Wrong e-mail or password is a problem `invalid_credentials`.
    pub async fn sign_in(&self, body: &StaffSignIn) -> Answer<SignedIn> {
        signed_in(send(self.request(Method::POST, "/sign-in").json(body)).await?).await
    }

    /// Second step of signing in, with the cookie of the first.
    ///
    /// # Errors
    /// A wrong code is a problem `invalid_credentials`.
    pub async fn confirm_totp(&self, body: &SecondFactor) -> Answer<SignedIn> {
        signed_in(send(self.request(Method::POST, "/sign-in/totp").json(body)).await?).await
    }

    /// Confirms who one is, before what is dangerous.
    ///
    /// # Errors
    /// A wrong code is a problem `invalid_credentials`.
    pub async fn confirm_identity(&self, body: &SecondFactor) -> Answer<SignedIn> {
        let request = self.request(Method::POST, "/confirm-identity");
        signed_in(send(request.json(body)).await?).await
    }

    /// Ends the session.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn sign_out(&self) -> Answer<()> {
        send(self.request(Method::POST, "/sign-out"))
            .await
            .map(drop)
    }

    /// The present session.
    ///
    /// # Errors
    /// Without one, a problem `unauthenticated`.
    pub async fn session(&self) -> Answer<StaffSessionView> {
        self.get("/session", &()).await
    }

    /// A page of tenants.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn tenants(&self, query: &TenantQuery) -> Answer<Page<TenantSummary>> {
        self.get("/tenants", query).await
    }

    /// One tenant.
    ///
    /// # Errors
    /// An unknown id is a problem `not_found`.
    pub async fn tenant(&self, id: TenantId) -> Answer<TenantDetail> {
        self.get(&format!("/tenants/{id}"), &()).await
    }

    /// Asks for a tenant. With the same key and body it is asked for once.
    ///
    /// # Errors
    /// A slug that is taken or not allowed is a problem with a field error.
    pub async fn create_tenant(&self, body: &TenantCreate, key: Option<&str>) -> Answer<Accepted> {
        self.post("/tenants", body, key).await
    }

    /// Asks for a tenant to be taken out of service.
    ///
    /// # Errors
    /// A tenant that is not in service is a problem `invalid_state`.
    pub async fn suspend_tenant(&self, id: TenantId, body: &SuspendTenant) -> Answer<Accepted> {
        self.post(&format!("/tenants/{id}/suspend"), body, None)
            .await
    }

    /// Asks for a suspended tenant to be put back into service.
    ///
    /// # Errors
    /// A tenant that is not suspended is a problem `invalid_state`.
    pub async fn resume_tenant(&self, id: TenantId) -> Answer<Accepted> {
        self.post(&format!("/tenants/{id}/resume"), &Nothing {}, None)
            .await
    }

    /// A page of operations, the newest first.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn operations(&self, query: &OperationQuery) -> Answer<Page<OperationView>> {
        self.get("/operations", query).await
    }

    /// One operation.
    ///
    /// # Errors
    /// An unknown id is a problem `not_found`.
    pub async fn operation(&self, id: OperationId) -> Answer<OperationView> {
        self.get(&format!("/operations/{id}"), &()).await
    }

    /// Runs a failed operation on from the step that failed.
    ///
    /// # Errors
    /// An operation that has not failed is a problem `invalid_state`.
    pub async fn retry_operation(&self, id: OperationId) -> Answer<OperationView> {
        self.post(&format!("/operations/{id}/retry"), &Nothing {}, None)
            .await
    }

    /// Takes back what an operation has done.
    ///
    /// # Errors
    /// An operation that has ended well is a problem `invalid_state`.
    pub async fn cancel_operation(&self, id: OperationId) -> Answer<OperationView> {
        self.post(&format!("/operations/{id}/cancel"), &Nothing {}, None)
            .await
    }

    /// The operation now and after each change, until it comes to rest.
    ///
    /// # Errors
    /// An unknown id is a problem `not_found`.
    pub async fn operation_events(&self, id: OperationId) -> Answer<OperationEvents> {
        let mut request = self.request(Method::GET, &format!("/operations/{id}/events"));
        request = request.timeout(Duration::from_secs(24 * 3600));
        Ok(OperationEvents::new(Box::pin(
            send(request).await?.bytes_stream(),
        )))
    }

    /// All database servers.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn servers(&self) -> Answer<Page<ServerView>> {
        self.get("/servers", &()).await
    }

    /// Adds a database server.
    ///
    /// # Errors
    /// A name that is taken is a problem `already_exists`.
    pub async fn create_server(
        &self,
        body: &ServerCreate,
        key: Option<&str>,
    ) -> Answer<ServerView> {
        self.post("/servers", body, key).await
    }

    /// All placement groups.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn placement_groups(&self) -> Answer<Page<PlacementGroupView>> {
        self.get("/placement-groups", &()).await
    }

    /// Adds a placement group.
    ///
    /// # Errors
    /// A name that is taken is a problem `already_exists`.
    pub async fn create_placement_group(
        &self,
        body: &PlacementGroupCreate,
        key: Option<&str>,
    ) -> Answer<PlacementGroupView> {
        self.post("/placement-groups", body, key).await
    }

    /// A page of the audit log, the newest first.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn audit(&self, query: &AuditQuery) -> Answer<Page<AuditEntryView>> {
        self.get("/audit", query).await
    }

    /// The end of the audit log's chain of hashes.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn audit_head(&self) -> Answer<AuditHeadView> {
        self.get("/audit/head", &()).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &impl Serialize) -> Answer<T> {
        decode(send(self.request(Method::GET, path).query(query)).await?).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        key: Option<&str>,
    ) -> Answer<T> {
        let mut request = self.request(Method::POST, path).json(body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        decode(send(request).await?).await
    }

    async fn delete(&self, path: &str) -> Answer<()> {
        send(self.request(Method::DELETE, path)).await.map(drop)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/staff/v1{path}", self.api.base);
        let mut request = self.api.http.request(method, url).timeout(TIMEOUT);
        let session = self
            .caller
            .session
            .as_ref()
            .map(|session| format!("Bearer {session}"));
        let headers = [
            (header::AUTHORIZATION, session.as_ref()),
            (
                header::HeaderName::from_static("x-request-id"),
                self.caller.request_id.as_ref(),
            ),
            (
                header::HeaderName::from_static("x-forwarded-for"),
                self.caller.address.as_ref(),
            ),
            (header::USER_AGENT, self.caller.user_agent.as_ref()),
        ];
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        request
    }
}

/// The body of verbs that take none.
#[derive(Serialize)]
struct Nothing {}

async fn send(request: RequestBuilder) -> Answer<Response> {
    let response = request.send().await.map_err(StaffApiError::Unreachable)?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    match response.json().await {
        Ok(problem) => Err(StaffApiError::Problem(Box::new(problem))),
        Err(_) => Err(StaffApiError::NotUnderstood(format!(
            "status {status} without a problem"
        ))),
    }
}

async fn decode<T: DeserializeOwned>(response: Response) -> Answer<T> {
    response.json().await.map_err(|error| {
        if error.is_decode() {
            StaffApiError::NotUnderstood(error.to_string())
        } else {
            StaffApiError::Unreachable(error)
        }
    })
}

async fn signed_in(response: Response) -> Answer<SignedIn> {
    let session = response
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .filter_map(|cookie| cookie.to_str().ok()?.split(';').next()?.split_once('='))
        .find_map(|(name, value)| SESSION_COOKIES.contains(&name).then_some(value))
        .map(str::to_owned)
        .ok_or_else(|| StaffApiError::NotUnderstood("a sign-in without a cookie".to_owned()))?;
    Ok(SignedIn {
        answer: decode(response).await?,
        session,
    })
}
