//! Auth API and pages, staff API, node API.

pub mod auth;
pub mod staff_auth;
