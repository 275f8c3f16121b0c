//! What staff do for people and about tenants' providers: finding them, letting them try again,
//! ending sessions, taking lost factors away. Each act is in the audit log; of what touches their
//! factors people hear by mail.

mod connections;
mod people;

pub use connections::{ConnectionError, ConnectionSummary, list_connections, stop_connection};
pub use cp_store::{Belonging, ListedPerson, PersonVisit};
pub use people::{
    DeskError, PersonPage, clear_lockout, end_all_sessions, end_session, find_person, list_people,
    list_sessions, reset_factors,
};
