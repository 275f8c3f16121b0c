//! Journeys through the whole platform.

mod journey;
