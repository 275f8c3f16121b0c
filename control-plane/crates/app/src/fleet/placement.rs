//! Names and passwords for a tenant that is being planned, and for a server's sweep account.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use cp_domain::{DatabaseNames, opaque_name, sweep_user};
use cp_store::{
    SweepAccount, TenantDatabase,
    seal::{Purpose, SealError, Sealer},
};
use kernel::{ServerId, TenantContext};
use rand::RngCore as _;

/// Plans the database of a tenant: opaque names, a nonce, two sealed passwords. Nothing of it
/// exists yet, so that a step may be repeated with the same names.
pub(super) fn plan_database(
    sealer: &Sealer,
    tenant: TenantContext,
    server: ServerId,
    now: DateTime<Utc>,
) -> Result<TenantDatabase, SealError> {
    let names = DatabaseNames::new(
        &opaque_name(random()),
        &opaque_name(random()),
        &opaque_name(random()),
    );
    let seal = |purpose| sealer.seal(purpose, tenant.tenant, password().as_bytes());
    Ok(TenantDatabase {
        tenant,
        server,
        names,
        nonce: hex::encode(random::<16>()),
        runtime_password: seal(Purpose::TenantRuntime)?,
        migrator_password: seal(Purpose::TenantMigrator)?,
        created_at: now,
    })
}

/// Plans the sweep account of a server. Nothing of it exists yet.
pub(crate) fn plan_sweep_account(
    sealer: &Sealer,
    server: ServerId,
) -> Result<SweepAccount, SealError> {
    let sealed = sealer.seal(Purpose::SweepAccount, server, password().as_bytes());
    Ok(SweepAccount {
        server,
        user: sweep_user(&opaque_name(random())),
        password: sealed?,
    })
}

/// 256 random bits as text without characters that mean anything in SQL.
fn password() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(random::<32>())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}
