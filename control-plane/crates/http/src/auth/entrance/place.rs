//! Whose host a page before a session is on, and how it looks there.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, HttpResponse, dev::Payload, http::StatusCode,
    web::Data,
};
use askama::Template;
use cp_app::{
    Auth,
    people::{TenantSecurity, look_of},
    sessions::{PeopleHost, TenantHost},
};
use ui::{Colour, Nonce, Page};
use web::{ApiError, ProblemCode};

use crate::auth::pages::render;

/// What the host of people is called.
const PLATFORM: &str = "Trellis";

/// A tenant's host, or the one of people.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// A tenant's.
    Tenant(TenantHost),
    /// The one of people, whatever their tenants.
    People,
}

impl Place {
    pub(super) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let extensions = request.extensions();
        if let Some(tenant) = extensions.get::<TenantHost>() {
            return Ok(Self::Tenant(tenant.clone()));
        }
        match extensions.get::<PeopleHost>() {
            Some(PeopleHost) => Ok(Self::People),
            None => Err(ApiError::new(ProblemCode::UnknownTenant)),
        }
    }

    /// The tenant; on the host of people there is no such page.
    pub(super) fn tenant(&self) -> Result<&TenantHost, ApiError> {
        match self {
            Self::Tenant(tenant) => Ok(tenant),
            Self::People => Err(ApiError::new(ProblemCode::NotFound)),
        }
    }

    /// That this is the host of people; on a tenant's there is no such page.
    pub(super) fn people(&self) -> Result<(), ApiError> {
        match self {
            Self::People => Ok(()),
            Self::Tenant(_) => Err(ApiError::new(ProblemCode::NotFound)),
        }
    }
}

/// The frame of a page: its place, in the tenant's name and colour.
pub(super) struct Frame {
    pub(super) place: Place,
    pub(super) auth: Data<Auth>,
    pub(super) security: TenantSecurity,
    nonce: Nonce,
}

impl Frame {
    async fn load(request: HttpRequest) -> Result<Self, ApiError> {
        let place = Place::of(&request)?;
        let auth = request
            .app_data::<Data<Auth>>()
            .cloned()
            .ok_or(ProblemCode::Internal)?;
        let security = match &place {
            Place::Tenant(tenant) => look_of(&auth, tenant.tenant_id).await,
            Place::People => TenantSecurity::default(),
        };
        Ok(Self {
            place,
            auth,
            security,
            nonce: Nonce::new(),
        })
    }

    /// Whose page it is.
    pub(super) fn name(&self) -> &str {
        match &self.place {
            Place::Tenant(tenant) => &tenant.name,
            Place::People => PLATFORM,
        }
    }

    /// Whether this is a tenant's host.
    pub(super) const fn is_tenant(&self) -> bool {
        matches!(self.place, Place::Tenant(_))
    }

    /// A page with one short form.
    pub(super) fn page(&self, title: impl Into<String>) -> Page {
        Page {
            narrow: true,
            colour: self.security.colour.as_deref().and_then(Colour::parse),
            ..Page::new(title, self.name(), &self.nonce)
        }
    }

    /// The answer with this page.
    pub(super) fn render(
        &self,
        template: &impl Template,
        status: StatusCode,
    ) -> Result<HttpResponse, ApiError> {
        render(template, status, &self.nonce)
    }
}

impl FromRequest for Frame {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        Box::pin(Self::load(request.clone()))
    }
}
