//! Sign-in of staff on the staff API's listener, and the actor of every other staff request.
//!
//! Whoever serves these routes puts `actix_web::web::Data<cp_app::Auth>` into the app's data. A
//! handler takes [`StaffActor`]: the cookie `trellis-staff` (`__Host-trellis-staff` over https) or
//! `Authorization: Bearer` with the same value, of a session that both factors were given for.

mod actor;
mod handlers;

pub use actor::StaffActor;
pub use handlers::documented_routes;
