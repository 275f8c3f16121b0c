//! `OpenID` Connect relying party for providers that tenants name.
