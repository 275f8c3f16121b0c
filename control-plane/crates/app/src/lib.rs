//! Use cases of the control plane.

pub mod access;
pub mod admission;
pub mod attempts;
pub mod audit;
mod auth;
pub mod cache;
pub mod clients;
pub mod credentials;
pub mod desk;
pub mod factors;
pub mod fleet;
pub mod identity_keys;
pub mod invitations;
mod links;
pub mod mail;
pub mod members;
pub mod nodes;
pub mod oauth;
pub mod passwords;
pub mod people;
mod placements;
pub mod policies;
pub mod projections;
pub mod push;
pub mod queues;
pub mod routes;
pub mod scim;
mod secrets;
pub mod sessions;
pub mod sign_in;
pub mod sso;
pub mod staff;
pub mod step_up;
pub mod support;
pub mod timers;
pub mod tokens;
pub mod usage;
pub mod worker;

pub use cp_store::{
    AccessToken, ClientSecret, Invitation, KeptAnswer, Member, Session, Staff, StaffAccess,
    StoreError,
};

pub use auth::{Auth, Client, SessionSettings};
pub use links::{InvalidPublicUrl, Links};
pub use placements::CentralPlacements;
