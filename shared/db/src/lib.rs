//! MariaDB: the central database and one micro-pool per tenant, as different types.
//!
//! A [`TenantDb`] comes only from [`TenantPools::get`], which has checked that the database at the
//! other end says it is this tenant's, of this generation. Nobody else makes one, so a store that
//! takes a `TenantDb` cannot be handed another tenant's database by a mistake in a cache, a
//! placement or an address.

mod central;
mod connect;
mod error;
mod placement;
mod pool;
mod sweep;
mod tenants;

pub use async_trait::async_trait;
pub use central::{CentralDb, PoolSettings};
pub use error::{DbError, is_busy, is_duplicate_key};
pub use placement::{Placement, PlacementError, Placements};
pub use pool::TenantDb;
pub use sweep::{SweepAddress, SweepConnection};
pub use tenants::{PoolBudget, TenantPools};
