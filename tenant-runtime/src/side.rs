//! What `work` and `tick` have in common: a listener for health and metrics only, and a place in
//! the fleet that takes no requests.

use std::net::SocketAddr;

use actix_web::App;
use clock::Clock;
use cp_node_api::NodeRole;
use web::{Bound, Edge, Listen, health::Health};

use crate::{fleet::Part, settings::Settings};

/// The listener. One thread is plenty for it.
///
/// # Errors
/// When the address cannot be had.
pub fn listen(address: SocketAddr, health: &Health) -> anyhow::Result<Bound> {
    let health = health.clone();
    Ok(web::bind(
        Listen {
            address,
            workers: 1,
        },
        move || {
            App::new()
                .app_data(health.clone())
                .configure(web::health::configure)
                .configure(web::configure_app)
                .wrap(Edge::new(Clock::system()))
        },
    )?)
}

/// The log and the metrics of a subcommand, and where its health is said.
#[must_use]
pub fn observed(program: &'static str, settings: &Settings) -> Health {
    let telemetry = telemetry::init(program, &settings.log);
    Health::new().with_metrics(move || telemetry.metrics_text())
}

/// A part in the fleet that verifies no identities and has no requests in flight.
#[must_use]
pub fn part(role: NodeRole, health: &Health) -> Part {
    Part {
        role,
        keys: Box::new(drop),
        in_flight: Box::new(|| 0),
        health: health.clone(),
    }
}
