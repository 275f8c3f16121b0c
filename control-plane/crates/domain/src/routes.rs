//! Routes: which tenant a host name is, and whether it is served.

use kernel::{Generation, TenantContext, TenantId};

use crate::{
    Ring, TenantState,
    access_policy::{TenantPolicy, Zone},
};

/// The host label whose tenant comes from the token.
pub const API_LABEL: &str = "api";

/// The label of the host where people are themselves, whatever their tenants.
pub const ID_LABEL: &str = "id";

/// What a gateway knows of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The tenant.
    pub tenant: TenantId,
    /// The first label of its host name.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is served.
    pub service: Service,
    /// The generation of its placement.
    pub generation: Generation,
    /// The ring whose nodes serve it.
    pub ring: Ring,
    /// The catalogue's revision of its last change.
    pub revision: u64,
    /// Who may come in.
    pub access: RouteAccess,
}

/// Who may come into a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteAccess {
    /// The tenant's own policy.
    pub policy: TenantPolicy,
    /// Where its hours are meant.
    pub zone: Zone,
    /// Whom one who is refused may ask.
    pub contact: Option<String>,
}

impl Route {
    /// The tenant at this generation.
    #[must_use]
    pub const fn context(&self) -> TenantContext {
        TenantContext {
            tenant: self.tenant,
            generation: self.generation,
        }
    }
}

/// Whether a tenant is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// It is.
    Open,
    /// Not yet: it is being made.
    Preparing,
    /// Not now: staff suspended it.
    Suspended,
    /// No more: the host name means nobody.
    Gone,
}

impl Service {
    /// What the state of the catalogue means for requests. A quarantined tenant, whose migration
    /// failed, goes on with its old schema.
    #[must_use]
    pub const fn of_state(state: TenantState) -> Self {
        match state {
            TenantState::Active | TenantState::Quarantined => Self::Open,
            TenantState::Requested | TenantState::Provisioning => Self::Preparing,
            TenantState::Suspended => Self::Suspended,
            TenantState::Archived | TenantState::Deleted | TenantState::Purged => Self::Gone,
        }
    }
}

/// What a host name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostName<'a> {
    /// The tenant with this slug, when there is one. In the case in which it was given.
    Tenant(&'a str),
    /// The host whose tenant comes from the token.
    Api,
    /// The host of people.
    Id,
    /// Nothing of ours.
    Foreign,
}

impl<'a> HostName<'a> {
    /// The meaning of a `Host` header: one label before the base domain, the port and the case
    /// ignored.
    #[must_use]
    pub fn parse(host: &'a str, base_domain: &str) -> Self {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        let Some(length) = name.len().checked_sub(base_domain.len() + 1) else {
            return Self::Foreign;
        };
        let (Some(label), Some(rest)) = (name.get(..length), name.get(length..)) else {
            return Self::Foreign;
        };
        let ours = rest
            .strip_prefix('.')
            .is_some_and(|base| base.eq_ignore_ascii_case(base_domain));
        let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if !ours || label.is_empty() || label.len() > 63 || !label.bytes().all(legal) {
            Self::Foreign
        } else if label.eq_ignore_ascii_case(API_LABEL) {
            Self::Api
        } else if label.eq_ignore_ascii_case(ID_LABEL) {
            Self::Id
        } else {
            Self::Tenant(label)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "trellis.localhost";

    #[test]
    fn a_host_is_one_label_before_the_base() {
        let tenants = [
            "acme.trellis.localhost",
            "acme.Trellis.LocalHost:8080",
            "acme.trellis.localhost.",
        ];
        for host in tenants {
            assert_eq!(
                HostName::parse(host, BASE),
                HostName::Tenant("acme"),
                "{host}"
            );
        }
        assert_eq!(
            HostName::parse("API.trellis.localhost:1", BASE),
            HostName::Api
        );
        assert_eq!(HostName::parse("Id.trellis.localhost", BASE), HostName::Id);
        let foreign = [
            "",
            "trellis.localhost",
            ".trellis.localhost",
            "a.b.trellis.localhost",
            "acme.example",
            "acmetrellis.localhost",
            "acme.trellis.localhost:x",
            "ac_me.trellis.localhost",
            "é.trellis.localhost",
            "trellis.localhosté",
            "127.0.0.1:8080",
            "[::1]:8080",
        ];
        for host in foreign {
            assert_eq!(HostName::parse(host, BASE), HostName::Foreign, "{host}");
        }
    }

    #[test]
    fn what_is_in_service_is_open() {
        for state in TenantState::ALL {
            assert_eq!(
                Service::of_state(state) == Service::Open,
                state.is_in_service()
            );
        }
    }
}
