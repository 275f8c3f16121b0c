//! Who is already there, and how a sign-in goes on.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, HttpResponse, cookie::Cookie, dev::Payload, web::Data};
use cp_app::{
    Auth,
    admission::{Admission, PendingSession, find_pending},
    people::{self, PendingPerson, PersonAccess},
    sessions::{form_token, hash_link_token},
};
use cp_domain::{Factors, LocalPath, TokenHash};
use kernel::{MemberId, PersonSessionId, SessionId};
use secrecy::SecretString;
use web::{ApiError, ProblemCode};

use super::{
    browser::{cookie_value, email_cookie_name, form_cookie_name},
    place::{Frame, Place},
};
use crate::auth::{
    context::Visitor,
    cookies::{cookie_name, device_cookie, ended, session_cookie},
    pages::{local_target, see_other},
    problems,
};

/// Who is signed in where the request came to.
pub(super) enum Arrived {
    /// Nobody.
    Nobody,
    /// A member, on their tenant's host.
    Member(MemberId, SessionId),
    /// A person, on the host of people.
    Person(Box<PersonAccess>),
}

impl Arrived {
    async fn of(request: HttpRequest) -> Result<Self, ApiError> {
        match Place::of(&request)? {
            Place::Tenant(_) => {
                let visitor = Visitor::extract(&request).await?;
                Ok(match visitor.session() {
                    Some((session, id)) => Self::Member(session.member_id, id),
                    None => Self::Nobody,
                })
            }
            Place::People => {
                let person = person_of(&request).await?;
                Ok(person.map_or(Self::Nobody, |person| Self::Person(Box::new(person))))
            }
        }
    }

    /// Whether somebody is.
    pub(super) const fn is_somebody(&self) -> bool {
        !matches!(self, Self::Nobody)
    }

    /// The session on a tenant's host that a sign-in takes the place of.
    pub(super) const fn member(&self) -> Option<(MemberId, SessionId)> {
        match self {
            Self::Member(member, session) => Some((*member, *session)),
            Self::Nobody | Self::Person(_) => None,
        }
    }

    /// The session on the host of people that a sign-in takes the place of.
    pub(super) fn person(&self) -> Option<PersonSessionId> {
        match self {
            Self::Person(person) => Some(person.id),
            Self::Nobody | Self::Member(..) => None,
        }
    }
}

impl FromRequest for Arrived {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        Box::pin(Self::of(request.clone()))
    }
}

/// The person's session of a request's cookie.
async fn person_of(request: &HttpRequest) -> Result<Option<PersonAccess>, ApiError> {
    let auth = auth_of(request)?;
    web::csrf::guard_cookie(request)?;
    let Some(hash) = session_hash(request, &auth) else {
        return Ok(None);
    };
    people::find_session(&auth, &hash)
        .await
        .map_err(|error| problems::store(&error))
}

fn session_hash(request: &HttpRequest, auth: &Auth) -> Option<TokenHash> {
    let cookie = request.cookie(cookie_name(auth.settings.insecure_cookies))?;
    hash_link_token(cookie.value())
}

fn auth_of(request: &HttpRequest) -> Result<Data<Auth>, ApiError> {
    let auth = request.app_data::<Data<Auth>>().cloned();
    auth.ok_or_else(|| ApiError::new(ProblemCode::Internal))
}

/// A person who is signed in on the host of people; a page of theirs is nowhere else.
pub(super) struct Person {
    /// The session.
    pub(super) access: PersonAccess,
    /// What forms carry.
    pub(super) form_token: String,
}

impl FromRequest for Person {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            Place::of(&request)?.people()?;
            let access = person_of(&request).await?;
            let access = access.ok_or(ProblemCode::Unauthenticated)?;
            let insecure = auth_of(&request)?.settings.insecure_cookies;
            let cookie = cookie_value(&request, cookie_name(insecure));
            let cookie = cookie.ok_or(ProblemCode::Unauthenticated)?;
            Ok(Self {
                access,
                form_token: form_token(&cookie),
            })
        })
    }
}

/// Somebody whose second factor, or getting one, is due.
pub(super) enum Waiting {
    /// On a tenant's host.
    Member(Box<PendingSession>),
    /// On the host of people.
    Person(Box<PendingPerson>),
}

impl Waiting {
    async fn of(request: HttpRequest) -> Result<Option<Self>, ApiError> {
        let auth = auth_of(&request)?;
        let place = Place::of(&request)?;
        let Some(hash) = session_hash(&request, &auth) else {
            return Ok(None);
        };
        let found = match place {
            Place::Tenant(tenant) => find_pending(&auth, tenant.tenant_id, &hash)
                .await
                .map(|pending| pending.map(|pending| Self::Member(Box::new(pending)))),
            Place::People => people::find_pending(&auth, &hash)
                .await
                .map(|pending| pending.map(|pending| Self::Person(Box::new(pending)))),
        };
        found.map_err(|error| problems::store(&error))
    }

    /// Whether a second factor has to be set up.
    pub(super) fn is_enrolment(&self) -> bool {
        match self {
            Self::Member(pending) => pending.is_enrolment(),
            Self::Person(_) => false,
        }
    }

    /// What the person has.
    pub(super) fn factors(&self) -> Factors {
        match self {
            Self::Member(pending) => pending.factors,
            Self::Person(pending) => pending.factors,
        }
    }
}

/// Somebody who waits, if anybody does.
pub(super) struct MaybeWaiting(pub(super) Option<Waiting>);

impl FromRequest for MaybeWaiting {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Waiting::of(request).await.map(Self) })
    }
}

/// What comes after a proof.
enum Next {
    In,
    SecondFactor,
    Enrolment,
}

/// How a proof turned out: a new cookie, and what comes next.
pub(super) struct Outcome {
    cookie: SecretString,
    device: Option<SecretString>,
    next: Next,
}

impl From<Admission> for Outcome {
    fn from(admission: Admission) -> Self {
        match admission {
            Admission::SignedIn(signed_in) => Self::signed_in(signed_in.cookie, signed_in.device),
            Admission::SecondFactorDue(pending) => Self::second_factor_due(pending.cookie),
            Admission::EnrolmentDue(pending) => Self {
                cookie: pending.cookie,
                device: None,
                next: Next::Enrolment,
            },
        }
    }
}

impl Outcome {
    /// Somebody is in.
    pub(super) const fn signed_in(cookie: SecretString, device: Option<SecretString>) -> Self {
        Self {
            cookie,
            device,
            next: Next::In,
        }
    }

    /// The second factor is due.
    pub(super) const fn second_factor_due(cookie: SecretString) -> Self {
        Self {
            cookie,
            device: None,
            next: Next::SecondFactor,
        }
    }

    /// The answer: on to where the browser wanted to go, or to what is due before. What belonged
    /// to the pages before is forgotten.
    pub(super) fn onwards(
        self,
        request: &HttpRequest,
        frame: &Frame,
        return_to: &LocalPath,
    ) -> Result<HttpResponse, ApiError> {
        let target = match self.next {
            Next::In => return_to.to_string(),
            Next::SecondFactor => local_target("/sign-in/code", return_to.as_str()),
            Next::Enrolment => local_target("/sign-in/second-factor", return_to.as_str()),
        };
        let mut answer = see_other(target);
        for cookie in self.cookies(request, frame) {
            answer
                .add_cookie(&cookie)
                .map_err(|error| ApiError::internal(&error))?;
        }
        Ok(answer)
    }

    /// The cookies that go with it: the new session's, and the end of what belonged to the pages
    /// before.
    pub(super) fn cookies(&self, request: &HttpRequest, frame: &Frame) -> Vec<Cookie<'static>> {
        let (auth, insecure) = (&frame.auth, frame.auth.settings.insecure_cookies);
        let mut cookies = vec![session_cookie(auth, &self.cookie)];
        if let Some(device) = &self.device {
            cookies.push(device_cookie(device, insecure));
        }
        if matches!(self.next, Next::In) {
            let names = [email_cookie_name(insecure), form_cookie_name(insecure)];
            let known = names
                .into_iter()
                .filter(|name| request.cookie(name).is_some());
            cookies.extend(known.map(|name| ended(name, insecure)));
        }
        cookies
    }
}
