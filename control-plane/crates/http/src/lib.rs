//! Auth API and pages, staff API, node API.

pub mod auth;
pub mod node;
pub mod oauth;
mod policies;
pub mod scim;
pub mod staff;
pub mod staff_auth;
