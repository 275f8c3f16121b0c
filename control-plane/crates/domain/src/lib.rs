//! Accounts, memberships, sessions, tenants, placements, operations: pure.
