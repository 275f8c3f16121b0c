//! Work items, access, completion, roll-up: pure.
