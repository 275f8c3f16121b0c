//! The one table of problem codes. The reference in the documentation is generated from it.

use std::fmt::Write as _;

use actix_web::http::StatusCode;

macro_rules! problem_codes {
    ($($variant:ident, $status:literal, $code:literal, $title:literal, $description:literal;)*) => {
        /// What went wrong, stable across releases: a client may branch on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemCode {
            $(#[doc = $description] $variant,)*
        }

        impl ProblemCode {
            /// Every code, in the order of the reference.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in the member `code`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The short title, the same for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What it means and what to do about it.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $description,)* }
            }

            const fn number(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }
        }
    };
}

problem_codes! {
    BadRequest, 400, "bad_request", "Bad request", "The request is not well-formed HTTP or lacks something that the route needs.";
    MalformedJson, 400, "malformed_json", "Malformed JSON", "The body is not JSON. `detail` has the line and column.";
    InvalidQuery, 400, "invalid_query", "Invalid query", "A query parameter is unknown or has a wrong value. `errors` names it.";
    InvalidHeader, 400, "invalid_header", "Invalid header", "A header is not of the form that its standard prescribes.";
    InvalidIdempotencyKey, 400, "invalid_idempotency_key", "Invalid idempotency key", "`Idempotency-Key` is 1 to 255 visible ASCII characters.";
    InvalidCursor, 400, "invalid_cursor", "Invalid cursor", "The cursor was not given out by this list with these filters. Start from the first page.";
    Unauthenticated, 401, "unauthenticated", "Sign-in required", "There is no valid session or token. Sign in, or send `Authorization: Bearer`.";
    InvalidCredentials, 401, "invalid_credentials", "Wrong credentials", "The e-mail, password or code is wrong.";
    IdentityInvalid, 401, "identity_invalid", "Identity refused", "A runtime node takes requests from the gateway only: the signed identity is missing, expired or not for it.";
    NodeUnauthenticated, 401, "node_unauthenticated", "Node secret refused", "The internal API takes requests from registered nodes only.";
    EventsGone, 410, "events_gone", "Events gone", "The events after that number are not kept any more. Load what you show again, and listen from now on.";
    Forbidden, 403, "forbidden", "Not allowed", "The caller may see the thing but not do this with it.";
    ScopeMissing, 403, "scope_missing", "Scope missing", "The token lacks the scope that the route needs; `detail` names it.";
    CrossSiteRefused, 403, "cross_site_refused", "Cross-site request refused", "A request with a cookie came from another site.";
    PolicyRefused, 403, "policy_refused", "Refused by access policy", "A platform or tenant access policy refuses this client.";
    SsoRequired, 403, "sso_required", "Single sign-on required", "The tenant takes sign-ins through its identity provider only.";
    StepUpRequired, 403, "step_up_required", "Confirm your identity", "The act needs a recent confirmation of the second factor.";
    TenantSuspended, 403, "tenant_suspended", "Tenant suspended", "The tenant exists but is not in service.";
    NotFound, 404, "not_found", "Not found", "There is no such thing, or the caller may not know of it.";
    UnknownRoute, 404, "unknown_route", "Unknown route", "No route has this path.";
    UnknownTenant, 404, "unknown_tenant", "Unknown tenant", "No tenant has this host name.";
    MethodNotAllowed, 405, "method_not_allowed", "Method not allowed", "The path exists, but not with this method. `Allow` lists what does.";
    NotAcceptable, 406, "not_acceptable", "Not acceptable", "The route cannot answer in a type that `Accept` lists.";
    RequestTimeout, 408, "request_timeout", "Request timed out", "The request did not arrive in time.";
    Conflict, 409, "conflict", "Conflict", "The request contradicts the present state. `detail` says how.";
    AlreadyExists, 409, "already_exists", "Already exists", "Something with this unique name exists.";
    InvalidState, 409, "invalid_state", "Not in this state", "The thing is in a state in which this cannot be done.";
    SecondPersonRequired, 409, "second_person_required", "A second person is needed", "The request is written down and waits until another member of staff agrees; `detail` says where.";
    Gone, 410, "gone", "Gone", "The link was used or has expired.";
    PreconditionFailed, 412, "precondition_failed", "Changed meanwhile", "`If-Match` names another revision than the present one. Read again, then decide.";
    PayloadTooLarge, 413, "payload_too_large", "Body too large", "The body is larger than the route takes.";
    UriTooLong, 414, "uri_too_long", "Address too long", "The request target is longer than the server takes.";
    UnsupportedMediaType, 415, "unsupported_media_type", "Unsupported media type", "The body must be `application/json`, and `Content-Type` must say so.";
    ExpectationFailed, 417, "expectation_failed", "Expectation failed", "The server cannot do what `Expect` asks.";
    ValidationFailed, 422, "validation_failed", "Validation failed", "The body is JSON but not what the route takes. `errors` has one entry per field.";
    RuleBroken, 422, "rule_broken", "Against a rule", "The request is well-formed but a rule of the domain forbids it. `detail` says which.";
    IdempotencyKeyReused, 422, "idempotency_key_reused", "Idempotency key reused", "The key was used with another body.";
    PreconditionRequired, 428, "precondition_required", "If-Match required", "Send `If-Match` with the `ETag` of what was read.";
    TooManyRequests, 429, "too_many_requests", "Too many requests", "A limit is used up. `Retry-After` says when to come again.";
    HeadersTooLarge, 431, "headers_too_large", "Headers too large", "The request's headers are larger than the server takes.";
    Internal, 500, "internal", "Internal error", "Something failed on our side. The log has it under the request id.";
    NotImplemented, 501, "not_implemented", "Not implemented", "The server does not know how to do this.";
    BadGateway, 502, "bad_gateway", "Bad gateway", "The node that took the request failed. A safe request may be repeated.";
    ProviderFailed, 502, "provider_failed", "Identity provider failed", "The identity provider cannot be asked or did not answer as it should. `detail` says how.";
    OutcomeUnknown, 502, "outcome_unknown", "Outcome unknown", "The node was lost after it took the request, which may have been carried out. A POST with an `Idempotency-Key` may be repeated with the same key; before repeating anything else, read.";
    Unavailable, 503, "unavailable", "Unavailable", "The service cannot do this now. `Retry-After` says when to come again.";
    Busy, 503, "busy", "Busy", "Too many requests wait for the tenant's database. `Retry-After` says when to come again.";
    TenantMoved, 503, "tenant_moved", "Tenant is moving", "The request was made for a placement that is no longer the tenant's. Repeat it.";
    GatewayTimeout, 504, "gateway_timeout", "Gateway timeout", "The node did not answer in time. The request may have been carried out.";
}

impl ProblemCode {
    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.number()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The member `type`: the address of the description.
    #[must_use]
    pub fn type_uri(self) -> String {
        format!(
            "https://trellis.example/problems/{}",
            self.code().replace('_', "-")
        )
    }

    /// The general code of a status, for answers that came without a problem.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthenticated,
            403 => Self::Forbidden,
            404 => Self::UnknownRoute,
            405 => Self::MethodNotAllowed,
            406 => Self::NotAcceptable,
            408 => Self::RequestTimeout,
            409 => Self::Conflict,
            410 => Self::Gone,
            412 => Self::PreconditionFailed,
            413 => Self::PayloadTooLarge,
            414 => Self::UriTooLong,
            415 => Self::UnsupportedMediaType,
            417 => Self::ExpectationFailed,
            422 => Self::ValidationFailed,
            428 => Self::PreconditionRequired,
            429 => Self::TooManyRequests,
            431 => Self::HeadersTooLarge,
            501 => Self::NotImplemented,
            502 => Self::BadGateway,
            503 => Self::Unavailable,
            504 => Self::GatewayTimeout,
            400..=499 => Self::BadRequest,
            _ => Self::Internal,
        }
    }
}

/// The table as Markdown: `docs/reference/problems.md`.
#[must_use]
pub fn reference_markdown() -> String {
    let mut page = String::from(
        "# Problems\n\nEvery error is `application/problem+json` (RFC 9457) with `type`, `title`, \
         `status`, `detail`, `code`, `request_id` and, for validation, `errors` with one \
         `{pointer, code, detail}` per field. Branch on `code`: it does not change.\n\n\
         Generated from `shared/web/src/problem/codes.rs`.\n\n\
         | Status | `code` | Title | Meaning |\n| --- | --- | --- | --- |\n",
    );
    for problem in ProblemCode::ALL {
        let _ = writeln!(
            page,
            "| {} | <a id=\"{}\"></a>`{}` | {} | {} |",
            problem.number(),
            problem.code().replace('_', "-"),
            problem.code(),
            problem.title(),
            problem.description(),
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_words_with_error_statuses() {
        let mut seen = HashSet::new();
        for problem in ProblemCode::ALL {
            assert!(seen.insert(problem.code()), "{} twice", problem.code());
            assert!(problem.status().as_u16() >= 400);
            assert!(
                problem
                    .code()
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b == b'_')
            );
            assert!(reference_markdown().contains(&format!("`{}`", problem.code())));
        }
        assert_eq!(
            ProblemCode::MalformedJson.type_uri(),
            "https://trellis.example/problems/malformed-json"
        );
    }
}
