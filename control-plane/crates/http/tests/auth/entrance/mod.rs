//! The pages on the way in, as a browser without scripts sees them.

mod accounts;
mod handoff;
mod look;
mod second_factor;
mod sign_in;
mod world;
