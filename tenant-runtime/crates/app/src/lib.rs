//! Use cases of the tenant runtime.
