//! The pages on the way in, as a browser without scripts sees them.

mod accounts;
mod confirmation;
mod handoff;
mod look;
mod passkeys;
mod providers;
mod recovery;
mod second_factor;
mod sign_in;
mod world;
