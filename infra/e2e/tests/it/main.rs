//! Journeys through the whole platform.

mod apart;
mod identity;
mod journey;
mod node_loss;
