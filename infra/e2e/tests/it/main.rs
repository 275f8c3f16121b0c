//! Journeys through the whole platform.

mod journey;
mod node_loss;
