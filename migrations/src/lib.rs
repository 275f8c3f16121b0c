//! Central and tenant schema: migrations, runner, fingerprint.
