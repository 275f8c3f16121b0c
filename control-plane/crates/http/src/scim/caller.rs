//! The directory that asks.

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, dev::Payload, http::header::AUTHORIZATION,
    web::Data,
};
use cp_app::{
    Auth,
    scim::{Directory, authenticate},
    sessions::TenantHost,
};
use futures_util::future::LocalBoxFuture;
use kernel::RequestId;

use super::refusal::Refusal;

/// The directory that shows a token of the tenant whose host it is.
#[derive(Debug)]
pub(super) struct Caller {
    pub auth: Data<Auth>,
    pub directory: Directory,
}

impl Caller {
    async fn of(request: HttpRequest) -> Result<Self, Refusal> {
        let auth = request
            .app_data::<Data<Auth>>()
            .cloned()
            .ok_or_else(Refusal::not_found)?;
        let (tenant, request_id) = {
            let extensions = request.extensions();
            let tenant = extensions.get::<TenantHost>().cloned();
            let request_id = extensions.get::<RequestId>().map(ToString::to_string);
            (tenant.ok_or_else(Refusal::not_found)?, request_id)
        };
        let token = bearer(&request).ok_or_else(Refusal::unauthenticated)?;
        let request_id = request_id.unwrap_or_default();
        let directory = authenticate(&auth, &tenant, token, &request_id).await?;
        let directory = directory.ok_or_else(Refusal::unauthenticated)?;
        Ok(Self { auth, directory })
    }
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start())
}

impl FromRequest for Caller {
    type Error = Refusal;
    type Future = LocalBoxFuture<'static, Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        Box::pin(Self::of(request.clone()))
    }
}
