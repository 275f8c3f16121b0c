//! Who looks at a page of their tenant, and the frame around what they see.

use std::{future::Future, pin::Pin, sync::Arc};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, web::Data};
use chrono::{DateTime, Utc};
use cp_app::{
    Auth, Member,
    members::Administrator,
    people::{TenantSecurity, look_of},
    sessions::{CachedSession, Holder, TenantHost, form_token},
};
use kernel::{RequestId, SessionId};
use secrecy::SecretString;
use ui::{Colour, Crumb, Moment, NavItem, Nonce, Page, Who};
use web::{ApiError, ProblemCode};

use crate::auth::{
    context::{SignedIn, Tenant},
    cookies::cookie_name,
    problems,
};

/// A member with a session, as the database knows them now.
pub(in crate::auth) struct Seat {
    /// The parts.
    pub(in crate::auth) auth: Data<Auth>,
    /// The tenant whose host it is.
    pub(in crate::auth) tenant: TenantHost,
    /// The session, as the gateway found it.
    pub(in crate::auth) session: Arc<CachedSession>,
    /// Its id.
    pub(in crate::auth) session_id: SessionId,
    /// The member and the person.
    pub(in crate::auth) member: Member,
    /// What the tenant decided about signing in.
    pub(in crate::auth) security: TenantSecurity,
    /// What forms carry.
    pub(in crate::auth) form_token: String,
    /// The request, for the audit log.
    pub(in crate::auth) request_id: RequestId,
}

/// The main navigation's entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::auth) enum Section {
    /// Where one arrives.
    Home,
    /// One's own security.
    Own,
    /// The tenant's security.
    Tenant,
}

impl Seat {
    async fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let Tenant(tenant) = Tenant::extract(request).await?;
        let signed_in = SignedIn::extract(request).await?;
        let session_id = signed_in.session_id()?;
        let auth = request
            .app_data::<Data<Auth>>()
            .cloned()
            .ok_or(ProblemCode::Internal)?;
        let cookie = request
            .cookie(cookie_name(auth.settings.insecure_cookies))
            .ok_or(ProblemCode::Unauthenticated)?;
        let request_id = request.extensions().get::<RequestId>().cloned();
        let member = cp_app::members::find_member(&auth, tenant.tenant_id, signed_in.0.member_id)
            .await
            .map_err(|error| problems::store(&error))?
            .ok_or(ProblemCode::Unauthenticated)?;
        Ok(Self {
            security: look_of(&auth, tenant.tenant_id).await,
            auth,
            tenant,
            session: signed_in.0,
            session_id,
            member,
            form_token: form_token(&SecretString::from(cookie.value().to_owned())),
            request_id: request_id.ok_or(ProblemCode::Internal)?,
        })
    }

    /// The time.
    pub(in crate::auth) fn now(&self) -> DateTime<Utc> {
        self.auth.clock.now()
    }

    /// A point in time, as seen now.
    pub(in crate::auth) fn moment(&self, at: DateTime<Utc>) -> Moment {
        Moment {
            at,
            now: self.now(),
        }
    }

    /// Whether the member administers the tenant.
    pub(in crate::auth) fn is_architect(&self) -> bool {
        self.member.membership.is_active_architect()
    }

    /// That the member proved who they are a short time ago.
    ///
    /// # Errors
    /// 403 `step_up_required`, which leads a browser to the page that asks for it.
    pub(in crate::auth) fn confirmed(&self) -> Result<(), ApiError> {
        cp_app::step_up::require(&self.auth, &self.session)
            .map_err(|_| ApiError::new(ProblemCode::StepUpRequired))
    }

    /// The member with their session, as use cases ask for one who makes something of their own.
    pub(in crate::auth) fn holder(&self) -> Holder {
        Holder {
            tenant: self.tenant.tenant_id,
            member: self.session.member_id,
            session: self.session_id,
        }
    }

    /// The member as one who administers the tenant.
    pub(in crate::auth) fn administrator(&self) -> Administrator<'_> {
        Administrator {
            tenant: &self.tenant,
            session: &self.session,
            request_id: &self.request_id,
        }
    }

    /// The frame of a page in a section, below the pages of the way.
    pub(in crate::auth) fn frame(
        &self,
        title: &str,
        section: Section,
        way: &[(&str, &str)],
        nonce: &Nonce,
    ) -> Page {
        let crumb = |label: &str, href: Option<&str>| Crumb {
            label: label.to_owned(),
            href: href.map(str::to_owned),
        };
        let mut crumbs: Vec<Crumb> = way
            .iter()
            .map(|(label, href)| crumb(label, Some(href)))
            .collect();
        if !crumbs.is_empty() {
            crumbs.push(crumb(title, None));
        }
        Page {
            nav: self.navigation(section),
            crumbs,
            who: Some(Who {
                name: self.member.person.name.clone(),
                detail: self.member.membership.standing.role.to_string(),
                sign_out: "/auth/sign-out",
                form_token: self.form_token.clone(),
            }),
            colour: self.security.colour.as_deref().and_then(Colour::parse),
            ..Page::new(title, self.tenant.name.to_string(), nonce)
        }
    }

    fn navigation(&self, section: Section) -> Vec<NavItem> {
        let entry = |label, href, key, current| NavItem {
            label,
            href,
            key,
            current,
        };
        let mut entries = vec![
            entry("Home", "/", "g h", section == Section::Home),
            entry("Your security", "/security", "g s", section == Section::Own),
        ];
        if self.is_architect() {
            let current = section == Section::Tenant;
            entries.push(entry("Administration", "/admin/security", "g a", current));
        }
        entries
    }
}

impl FromRequest for Seat {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}

/// A member who administers the tenant. For everybody else the page does not exist.
pub(in crate::auth) struct Architect(pub(in crate::auth) Seat);

impl FromRequest for Architect {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let seat = Seat::of(&request).await?;
            if seat.is_architect() {
                Ok(Self(seat))
            } else {
                Err(ApiError::new(ProblemCode::NotFound))
            }
        })
    }
}
