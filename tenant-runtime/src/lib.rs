//! The tenant runtime.
