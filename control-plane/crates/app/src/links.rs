//! Addresses of tenants, from settings and the tenant's row, never from a request's headers.

use cp_domain::ID_LABEL;
use url::Url;

/// Makes links.
#[derive(Debug, Clone)]
pub struct Links {
    public: Url,
    base_domain: String,
}

/// The public address cannot have tenants below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the public address must be http(s)://host[:port]")]
pub struct InvalidPublicUrl;

impl Links {
    /// Links below this address: tenants are hosts below its host.
    ///
    /// # Errors
    /// When it is not of the form `http(s)://host[:port]`.
    pub fn new(public_url: &str) -> Result<Self, InvalidPublicUrl> {
        let public = Url::parse(public_url).map_err(|_| InvalidPublicUrl)?;
        let plain = matches!(public.scheme(), "http" | "https")
            && matches!(public.path(), "" | "/")
            && public.query().is_none()
            && public.username().is_empty();
        let base_domain = public
            .domain()
            .filter(|_| plain)
            .ok_or(InvalidPublicUrl)?
            .to_owned();
        Ok(Self {
            public,
            base_domain,
        })
    }

    /// The host below which tenants are.
    #[must_use]
    pub fn base_domain(&self) -> &str {
        &self.base_domain
    }

    /// The public address, below whose host tenants are.
    pub(crate) const fn public(&self) -> &Url {
        &self.public
    }

    /// The tenant's address, without a slash at the end.
    #[must_use]
    pub fn tenant(&self, slug: &str) -> String {
        let port = self
            .public
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        format!(
            "{}://{slug}.{}{port}",
            self.public.scheme(),
            self.base_domain
        )
    }

    /// The address of the host of people, without a slash at the end.
    #[must_use]
    pub fn people(&self) -> String {
        self.tenant(ID_LABEL)
    }

    /// The page on which an invitation is accepted.
    #[must_use]
    pub fn invitation(&self, slug: &str, token: &str) -> String {
        format!("{}/invite/{token}", self.tenant(slug))
    }

    /// The page on which a forgotten password is replaced: on the host on which that was asked
    /// for.
    #[must_use]
    pub fn password_reset(&self, slug: Option<&str>, token: &str) -> String {
        format!("{}/recover/{token}", self.tenant(slug.unwrap_or(ID_LABEL)))
    }

    /// The page on which a new e-mail address is confirmed.
    #[must_use]
    pub fn email_change(&self, slug: &str, token: &str) -> String {
        format!("{}/confirm-email/{token}", self.tenant(slug))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_hosts_below_the_base() {
        let links = Links::new("http://trellis.localhost:8080").unwrap();
        assert_eq!(links.tenant("acme"), "http://acme.trellis.localhost:8080");
        assert_eq!(
            links.invitation("acme", "abc"),
            "http://acme.trellis.localhost:8080/invite/abc"
        );
        assert_eq!(links.people(), "http://id.trellis.localhost:8080");
        assert_eq!(links.base_domain(), "trellis.localhost");
        let secure = Links::new("https://trellis.example/").unwrap();
        assert_eq!(secure.tenant("acme"), "https://acme.trellis.example");
        for wrong in [
            "",
            "trellis.example",
            "ftp://a.example",
            "http://a.example/x",
            "http://127.0.0.1",
        ] {
            assert!(Links::new(wrong).is_err(), "{wrong}");
        }
    }
}
