//! Access policies as both APIs show and take them: the tenants' and the staff's.

use cp_app::{
    Auth,
    policies::{Affected, DryRun},
};
use cp_domain::{
    Country,
    access_policy::{PolicyFault, Refusal, Unknown},
};
use cp_staff_api as api;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use web::{ApiError, ProblemCode};

/// A policy in a request: read as what it is, so that a fault names the place in the body.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Draft<P>(pub(crate) P);

impl<P> garde::Validate for Draft<P> {
    type Context = ();

    fn validate_into(
        &self,
        (): &Self::Context,
        _parent: &mut dyn FnMut() -> garde::Path,
        _report: &mut garde::Report,
    ) {
        // Whether it means something is for the use case to say.
    }
}

/// A policy as its API shows it: the same JSON.
pub(crate) fn shown<P: Serialize>(policy: &P) -> api::AccessPolicyBody {
    into(policy).unwrap_or_default()
}

fn into<A: Serialize, B: DeserializeOwned>(value: &A) -> Option<B> {
    serde_json::from_value(serde_json::to_value(value).ok()?).ok()
}

pub(crate) const fn unknown(unknown: Unknown) -> api::UnknownCountry {
    match unknown {
        Unknown::Allow => api::UnknownCountry::Allow,
        Unknown::Refuse => api::UnknownCountry::Refuse,
    }
}

/// What is known of the countries of addresses.
pub(crate) fn country_data(auth: &Auth) -> api::CountryDataView {
    let data = auth.access.country_data();
    api::CountryDataView {
        available: data.built_at.is_some(),
        built_at: data.built_at,
        unknown_country: unknown(auth.access.unknown_country()),
    }
}

/// What a draft would do.
pub(crate) fn dry_run(auth: &Auth, run: &DryRun) -> api::DryRunView {
    api::DryRunView {
        checked: run.checked,
        refused: run.refused,
        never_came: run.never_came,
        tokens: run.tokens,
        me: run.myself.map(|me| api::MyselfView {
            refused: me.refusal.is_some(),
            rule: me.refusal.map(|refusal| refusal.to_string()),
        }),
        first: run
            .first
            .iter()
            .map(|affected| view(auth, affected))
            .collect(),
    }
}

fn view(auth: &Auth, affected: &Affected) -> api::AffectedView {
    let ip = affected.address.parse().ok();
    let country = ip.and_then(|ip| auth.access.country_of(ip));
    api::AffectedView {
        id: affected.id.to_string(),
        name: affected.name.clone(),
        tenant: affected.tenant.clone(),
        address: affected.address.clone(),
        country: country.map(|country: Country| country.to_string()),
        rule: affected.refusal.to_string(),
    }
}

/// A policy that means nothing.
pub(crate) fn fault(fault: PolicyFault) -> ApiError {
    ApiError::new(ProblemCode::RuleBroken).detail(format!("{fault}."))
}

/// A policy that refuses its writer.
pub(crate) fn refuses_myself(refusal: Refusal) -> ApiError {
    ApiError::new(ProblemCode::RuleBroken).detail(format!(
        "This would refuse yourself ({refusal}). Send including_me=true if you mean it."
    ))
}
