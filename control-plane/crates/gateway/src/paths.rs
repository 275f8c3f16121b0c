//! Who answers a path: the one table.

use actix_web::http::Method;

/// Who answers a request of a tenant's host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The control plane, in this process.
    ControlPlane,
    /// A node of the tenant runtime.
    Runtime,
}

/// What belongs to the control plane whatever the method; everything else is the runtime's.
const CONTROL_PLANE: [&str; 15] = [
    "/.well-known",
    "/access-refused",
    "/accounts",
    "/admin/security",
    "/assets",
    "/auth",
    "/confirm-email",
    "/confirm-identity",
    "/handoff",
    "/invite",
    "/oauth",
    "/recover",
    "/scim",
    "/security",
    "/sign-in",
];

/// What belongs to the control plane when it changes something: memberships live centrally, the
/// runtime reads their projection.
const CONTROL_PLANE_WRITES: [&str; 1] = ["/api/v1/members"];

/// What one who is refused by an access policy may still see. Links of mail are followed by mail
/// servers from anywhere; they show nothing.
const FOR_THE_REFUSED: [&str; 4] = ["/access-refused", "/assets", "/auth/brand", UNSUBSCRIBE];

/// Links of mail, which anybody may follow who has one.
const UNSUBSCRIBE: &str = "/unsubscribe";

/// The ways out; a policy keeps nobody in.
const SIGN_OUT: [&str; 2] = ["/auth/v1/sign-out", "/sign-out"];

/// Ways through which a browser is sent and on which its cookies are set; no pages.
const FLOWS: &str = "/auth";

/// Where programs come that show something else than a token of a member.
const FOR_PROGRAMS: [&str; 2] = ["/oauth", "/scim"];

/// Where one arrives.
const HOME: &str = "/";

/// Answered by every listener whatever the host.
const HEALTH: [&str; 3] = ["/livez", "/metrics", "/readyz"];

/// Whether the path is answered whatever the host.
#[must_use]
pub fn is_health(path: &str) -> bool {
    HEALTH.contains(&path)
}

/// Whether one who is refused by an access policy may still see it.
#[must_use]
pub fn is_for_the_refused(path: &str) -> bool {
    FOR_THE_REFUSED.iter().any(|prefix| is_under(path, prefix))
}

/// Whether anybody may come there, signed in or not, and the node finds out what they may.
#[must_use]
pub fn is_for_visitors(path: &str) -> bool {
    is_under(path, UNSUBSCRIBE)
}

/// Whether it ends a session.
#[must_use]
pub fn is_sign_out(path: &str) -> bool {
    SIGN_OUT.contains(&path)
}

/// Whether a browser is only sent through there.
#[must_use]
pub fn is_flow(path: &str) -> bool {
    is_under(path, FLOWS)
}

/// Whether programs come there that show something else than a token of a member.
#[must_use]
pub fn is_for_programs(path: &str) -> bool {
    FOR_PROGRAMS.iter().any(|prefix| is_under(path, prefix))
}

fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Who answers this path.
#[must_use]
pub fn owner(method: &Method, path: &str) -> Owner {
    let under = |prefix: &str| is_under(path, prefix);
    if path == HOME && is_safe(method) {
        return Owner::ControlPlane;
    }
    let writes = !is_safe(method) && CONTROL_PLANE_WRITES.iter().any(|prefix| under(prefix));
    if writes || CONTROL_PLANE.iter().any(|prefix| under(prefix)) {
        return Owner::ControlPlane;
    }
    Owner::Runtime
}

/// Whether the method changes nothing (RFC 9110 §9.2.1).
#[must_use]
pub fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_whole_segments() {
        for path in [
            "/auth/v1/sign-in",
            "/invite/abc",
            "/sign-in",
            "/admin/security/x",
        ] {
            assert_eq!(owner(&Method::GET, path), Owner::ControlPlane, "{path}");
        }
        for path in [
            "/",
            "/authors",
            "/api/v1/work-items",
            "/admin",
            "/graphql",
            "/ws",
            "/signin",
        ] {
            assert_eq!(owner(&Method::POST, path), Owner::Runtime, "{path}");
        }
    }

    #[test]
    fn links_of_mail_are_for_anybody() {
        assert_eq!(owner(&Method::POST, "/unsubscribe/x"), Owner::Runtime);
        assert!(is_for_visitors("/unsubscribe/x") && is_for_the_refused("/unsubscribe/x"));
        assert!(!is_for_visitors("/unsubscribed") && !is_for_visitors("/api/v1/notifications"));
    }

    #[test]
    fn one_arrives_at_a_page_of_the_control_plane() {
        assert_eq!(owner(&Method::GET, "/"), Owner::ControlPlane);
    }

    #[test]
    fn members_are_read_at_the_runtime_and_changed_centrally() {
        for (method, path, who) in [
            (Method::GET, "/api/v1/members", Owner::Runtime),
            (Method::HEAD, "/api/v1/members/1", Owner::Runtime),
            (Method::POST, "/api/v1/members", Owner::ControlPlane),
            (Method::PATCH, "/api/v1/members/1", Owner::ControlPlane),
            (Method::POST, "/api/v1/memberships", Owner::Runtime),
        ] {
            assert_eq!(owner(&method, path), who, "{method} {path}");
        }
    }
}
