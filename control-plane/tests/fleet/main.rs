//! The fleet on real servers: provisioning, its crashes, its accounts, the staff API, the program.

mod accounts;
mod cancel;
mod crash;
mod fixture;
mod openapi;
mod program;
mod provision;
mod service;
mod staff_api;
mod staff_roles;
mod workers;
