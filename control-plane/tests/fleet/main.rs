//! The fleet on real servers: provisioning, its crashes, its accounts, the staff API, the program.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends at what it did not expect"
)]

mod accounts;
mod approvals;
mod audit_chain;
mod cancel;
mod crash;
mod fixture;
mod openapi;
mod program;
mod provision;
mod service;
mod staff_accounts;
mod staff_api;
mod staff_desk;
mod staff_queues;
mod staff_roles;
mod sweep_accounts;
mod timers;
mod workers;
