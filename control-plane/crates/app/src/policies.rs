//! Access policies: whether somebody may sign in from where they are, what tenants and the platform
//! lay down, and who a draft would refuse.

mod check;
mod dry_run;
mod platform;
mod tenant;

pub use check::{CheckError, check_sign_in, check_staff};
pub use cp_store::UnsafeCountry;
pub use dry_run::{
    Affected, DryRun, Myself, StaffDryRun, try_platform_policy, try_staff_policy, try_tenant_policy,
};
pub use platform::{
    KeptPolicy, PlatformChange, PlatformError, PlatformSubject, find_people_policy,
    find_staff_policy, list_unsafe_countries, list_unsafe_country, put_people_policy,
    put_staff_policy, remove_unsafe_country,
};
pub use tenant::{PolicyError, PolicyWriter, TenantAccess, find_tenant_policy, put_tenant_policy};
