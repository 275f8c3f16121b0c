//! Auth API and pages, staff API, node API.
