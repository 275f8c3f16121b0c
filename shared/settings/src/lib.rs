//! Layered settings: defaults, files, environment; every fault reported.
