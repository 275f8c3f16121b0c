//! Who a request is for: the credential that it shows, the member behind it, and the signed
//! identity that a node gets instead.

mod access;
mod credentials;
mod identities;

pub(crate) use access::AccessTable;
pub(crate) use credentials::{Shown, cookie_name, shown};
pub(crate) use identities::Identities;
pub(crate) use web::csrf::refuse_cross_site;
