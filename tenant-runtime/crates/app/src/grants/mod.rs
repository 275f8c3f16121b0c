//! Rights of members and groups on folders and grids: for those who manage them.

mod delete;
mod error;
mod list;
mod object;
mod put;

pub use delete::delete_grant;
pub use error::GrantError;
pub use list::{get_grant, list_grants};
pub use put::{PutGrant, put_grant};
pub use tr_domain::access::{Level, Subject};
