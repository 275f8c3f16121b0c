//! Central entities and stores.
