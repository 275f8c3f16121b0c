//! Tenant resolution, policy, proxying: the hot path.
