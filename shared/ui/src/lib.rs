//! What pages of all programs share: the layout, components, styles, scripts and their policy.
//!
//! A consumer puts `dirs = ["templates", "…/shared/ui/templates"]` into its `askama.toml`, starts
//! a template with `{% extends "ui/base.html" %}` and gives it a field `page: ui::Page`. Components
//! ([`Field`], [`ErrorSummary`], [`Status`], [`Moment`]) are values: `{{ email }}` writes one.

mod assets;
mod brand;
mod components;
mod controls;
mod moment;
mod notices;
mod page;
mod policy;

pub use assets::{asset, configure as configure_assets};
pub use brand::{Colour, configure as configure_brand};
pub use components::{ErrorSummary, Field, Status, Tone};
pub use controls::{Choice, Choices, Select, TextArea, Tick};
pub use moment::{Moment, duration};
pub use notices::{Banner, Tabs};
pub use page::{Crumb, NavItem, Page, Who};
pub use policy::{Nonce, html};
