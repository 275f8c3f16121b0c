//! Tenant entities and stores.
