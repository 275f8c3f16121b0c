//! Logs and metrics of a program.
