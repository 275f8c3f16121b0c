//! REST API of the tenant runtime.
