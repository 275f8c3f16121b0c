//! The demo tenants: provisioned through the staff API, peopled by invitations, filled through the
//! public API. What a run found complete is left alone.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::demo::{PEOPLE, Tenant};
use super::staff::{Staff, text};
use super::{Up, people, plan, samples};
use crate::progress;

/// Sees to every demo tenant.
pub fn run(up: &mut Up) -> Result<String> {
    let mut staff = Staff::sign_in(up)?;
    let tenants = up.demo.tenants.clone();
    let mut made = 0;
    for tenant in &tenants {
        let see_to = see_to(up, &mut staff, tenant);
        made += usize::from(see_to.with_context(|| format!("tenant {}", tenant.slug))?);
    }
    let slugs: Vec<&str> = tenants.iter().map(|tenant| tenant.slug.as_str()).collect();
    Ok(format!("{} ({made} filled)", slugs.join(", ")))
}

/// Says whether there was something to do.
fn see_to(up: &Up, staff: &mut Staff, tenant: &Tenant) -> Result<bool> {
    let id = active(staff, tenant)?;
    let memory = up.memory()?.join(format!("tenant-{}", tenant.slug));
    if fs::read_to_string(&memory).is_ok_and(|kept| kept == id) {
        return Ok(false);
    }
    let members = people::run(up, tenant)?;
    progress::line(&format!("     {}: {} people", tenant.slug, members.len()));
    let sample = plan::read(&up.repository, tenant.sample)?;
    let mut architect = people::sign_in(up, tenant, PEOPLE[0])?;
    let sent = samples::load(&mut architect, &sample, &members)?;
    people::sign_out(&mut architect)?;
    progress::line(&format!(
        "     {}: sample plan loaded, {sent} requests",
        tenant.slug
    ));
    fs::write(memory, id)?;
    Ok(true)
}

/// The id of the tenant, provisioned when it is not there.
fn active(staff: &mut Staff, tenant: &Tenant) -> Result<String> {
    let Some(found) = staff.tenant(&tenant.slug)? else {
        return provision(staff, tenant);
    };
    let id = text(&found, "id")
        .context("a tenant without an id")?
        .to_owned();
    if text(&found, "state") == Some("active") {
        return Ok(id);
    }
    let operation = found
        .get("open_operation")
        .and_then(|operation| text(operation, "id"));
    match operation {
        Some(operation) => staff.follow(operation)?,
        None => bail!(
            "its state is {:?}, and nothing is being done about it",
            found.get("state")
        ),
    }
    Ok(id)
}

fn provision(staff: &mut Staff, tenant: &Tenant) -> Result<String> {
    let [architect, ..] = PEOPLE;
    let body: Value = json!({
        "slug": tenant.slug,
        "name": tenant.name,
        "architect": {"name": tenant.name_of(architect), "email": tenant.email(architect)},
    });
    let (id, operation) = staff.create(&body)?;
    staff.follow(&operation)?;
    let state = staff.detail(&id)?;
    progress::line(&format!(
        "     {}: provisioned, {}",
        tenant.slug,
        text(&state, "url").unwrap_or_default()
    ));
    Ok(id)
}
