//! Auth API and pages, staff API, node API.

pub mod auth;
pub mod node;
pub mod oauth;
pub mod scim;
mod policies;
pub mod staff;
pub mod staff_auth;
