//! Dependencies between items, also across grids.

mod create;
mod delete;
mod error;
mod events;
mod list;

pub use create::{CreateDependency, create_dependency};
pub use delete::delete_dependency;
pub use error::DependencyError;
pub use list::{DependencyFilter, get_dependency, list_dependencies};
