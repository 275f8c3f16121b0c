//! What the layout needs to know of a page.

use crate::{Colour, Nonce};

/// The frame around a page's content.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Title and, usually, `h1`.
    pub title: String,
    /// Whose page it is: the product's or the tenant's name.
    pub brand: String,
    /// The colour of whose page it is.
    pub colour: Option<Colour>,
    /// The nonce of this answer.
    pub nonce: String,
    /// Main navigation.
    pub nav: Vec<NavItem>,
    /// The way here, the page itself last.
    pub crumbs: Vec<Crumb>,
    /// Who is signed in.
    pub who: Option<Who>,
    /// A page with one short form.
    pub narrow: bool,
    /// Whether the page needs htmx.
    pub live: bool,
    /// Whether the page works with passkeys.
    pub passkeys: bool,
    /// Whether a form was refused: the title starts with "Error:".
    pub failed: bool,
}

impl Page {
    /// A page of this title.
    #[must_use]
    pub fn new(title: impl Into<String>, brand: impl Into<String>, nonce: &Nonce) -> Self {
        Self {
            title: title.into(),
            brand: brand.into(),
            nonce: nonce.to_string(),
            ..Self::default()
        }
    }

    /// The path of an asset, for templates.
    #[must_use]
    pub fn asset(&self, name: &str) -> &'static str {
        crate::asset(name)
    }
}

/// An entry of the main navigation.
#[derive(Debug, Clone)]
pub struct NavItem {
    /// What it is called.
    pub label: &'static str,
    /// Where it leads.
    pub href: &'static str,
    /// Its keys, such as `g t`.
    pub key: &'static str,
    /// Whether the page is below it.
    pub current: bool,
}

/// One step of the way to a page.
#[derive(Debug, Clone)]
pub struct Crumb {
    /// What it is called.
    pub label: String,
    /// Where it leads; none for the page itself.
    pub href: Option<String>,
}

/// Who is signed in, and how they sign out.
#[derive(Debug, Clone)]
pub struct Who {
    /// Their name.
    pub name: String,
    /// Their role.
    pub detail: String,
    /// Where the sign-out form goes.
    pub sign_out: &'static str,
    /// The token that every form carries.
    pub form_token: String,
}
