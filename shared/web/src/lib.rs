//! HTTP habits of every listener, in one place so that all programs answer alike: problems,
//! request ids, strict bodies, preconditions, health, and a server that stops gracefully.
//!
//! ```ignore
//! web::serve(listen, move || {
//!     App::new()
//!         .wrap(web::Edge::new(clock.clone()))
//!         .app_data(health.clone())
//!         .configure(web::configure_app)
//!         .configure(web::health::configure)
//!         .service(work_items::create)
//! }, web::shutdown_signal()).await
//! ```

mod answer;
pub mod csrf;
mod edge;
mod extract;
pub mod health;
mod navigation;
pub mod openapi;
pub mod problem;
mod routes;
mod serve;
pub mod sse;
pub mod tasks;

pub use answer::{Created, Revised, etag};
pub use edge::{AsIs, Edge, Tenant, trace};
pub use extract::{
    IdempotencyKey, IfMatchHeader, Json, JsonLimit, OptionalJson, Path, Query, RawJson,
    RequestIdExt,
};
pub use navigation::navigates;
pub use problem::{ApiError, FieldError, Problem, ProblemCode};
pub use routes::{AllowTable, configure_app, unrouted};
pub use serve::{Bound, Listen, bind, serve, shutdown_signal, stopping};
