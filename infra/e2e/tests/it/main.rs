//! Journeys through the whole platform.

mod identity;
mod journey;
mod node_loss;
