//! The listeners: which app answers where.

use std::io;

use actix_web::{App, web::Data};
use cp_gateway::{Door, Gateway};
use web::{AllowTable, Bound, Edge, Listen, health::Health};

use crate::parts::Parts;

/// Tenants' hosts.
pub(super) fn gateway(parts: &Parts, gateway: &Gateway, health: &Health) -> io::Result<Bound> {
    let (auth, clock) = (Data::new(parts.auth.clone()), parts.auth.clock.clone());
    let (gateway, health) = (gateway.clone(), health.clone());
    let allowed = AllowTable::from_openapi(&cp_http::auth::openapi());
    web::bind(parts.settings.gateway.into(), move || {
        App::new()
            .wrap(Door::new(gateway.clone()))
            .wrap(Edge::new(clock.clone()))
            .app_data(auth.clone())
            .app_data(health.clone())
            .app_data(allowed.clone())
            .configure(web::configure_app)
            .configure(web::health::configure_public)
            .configure(cp_http::auth::configure)
    })
}

/// Staff and the back office.
pub(super) fn staff_api(parts: &Parts, health: &Health) -> io::Result<Bound> {
    let (auth, fleet) = (
        Data::new(parts.auth.clone()),
        Data::new(parts.fleet.clone()),
    );
    let (clock, health) = (parts.auth.clock.clone(), health.clone());
    let allowed = AllowTable::from_openapi(&cp_http::staff::openapi());
    web::bind(parts.settings.staff_api.into(), move || {
        App::new()
            .wrap(Edge::new(clock.clone()))
            .app_data(auth.clone())
            .app_data(fleet.clone())
            .app_data(health.clone())
            .app_data(allowed.clone())
            .configure(web::configure_app)
            .configure(web::health::configure)
            .configure(cp_http::staff::configure)
    })
}

/// Runtime nodes.
pub(super) fn node_api(parts: &Parts, health: &Health) -> io::Result<Bound> {
    let (nodes, clock) = (Data::new(parts.nodes.clone()), parts.auth.clock.clone());
    let health = health.clone();
    web::bind(parts.settings.node_api.into(), move || {
        App::new()
            .wrap(Edge::new(clock.clone()))
            .app_data(nodes.clone())
            .app_data(health.clone())
            .configure(web::configure_app)
            .configure(web::health::configure)
            .configure(cp_http::node::configure)
    })
}

/// Health and metrics of a process that serves nothing else.
pub(super) fn health(parts: &Parts, health: &Health) -> io::Result<Bound> {
    let (clock, health) = (parts.auth.clock.clone(), health.clone());
    let listen = Listen {
        address: parts.settings.work.listen,
        workers: 1,
    };
    web::bind(listen, move || {
        App::new()
            .wrap(Edge::new(clock.clone()))
            .app_data(health.clone())
            .configure(web::configure_app)
            .configure(web::health::configure)
    })
}
