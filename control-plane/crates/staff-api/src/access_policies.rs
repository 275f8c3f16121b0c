//! Access policies: from where and when people and staff may come in.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::StaffId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A country from which nobody comes in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnsafeCountryView {
    /// The country, two letters (ISO 3166-1).
    pub country: String,
    /// Its English name, when the standard has one.
    #[schema(required = true)]
    pub name: Option<String>,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Who put it on the list.
    #[schema(value_type = String, format = Uuid)]
    pub staff_id: StaffId,
    /// What they are called.
    pub staff_name: String,
}

/// Why a country is put on the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, garde::Validate)]
#[serde(deny_unknown_fields)]
pub struct UnsafeCountryPut {
    /// Why, 1 to 500 characters.
    #[garde(length(chars, min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// How a policy is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PolicyPutQuery {
    /// Write it even if it refuses yourself.
    #[serde(default)]
    pub including_me: bool,
}

/// A policy: every rule that applies has to admit. What is left out refuses nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccessPolicyBody {
    /// Where the hours are meant (IANA); without it, the tenant's own zone, or UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// For everyone.
    pub everyone: AccessRulesBody,
    /// For those of a role, too.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, AccessRulesBody>,
    /// For people from outside, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<AccessRulesBody>,
    /// For programs with a token, instead of all the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<AccessRulesBody>,
}

/// Rules for some people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccessRulesBody {
    /// The countries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub countries: Option<CountryRuleBody>,
    /// What happens when the country is not known; without it, what the platform's setting says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_country: Option<UnknownCountry>,
    /// Addresses and networks, such as `192.0.2.0/24`, from which they may come.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<String>,
    /// The hours in which they may come.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<WindowBody>,
}

/// Which countries, by two letters (ISO 3166-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountryRuleBody {
    /// These only.
    Allow(Vec<String>),
    /// All but these.
    Refuse(Vec<String>),
}

/// What happens to somebody whose country is not known, where countries matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnknownCountry {
    /// They come in.
    Allow,
    /// They do not.
    Refuse,
}

/// A time of the day on some days of the week; one that ends before it begins goes on into the next
/// day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowBody {
    /// The days on which it begins, `monday` to `sunday`.
    pub days: Vec<String>,
    /// When it begins, `HH:MM`.
    pub from: String,
    /// When it ends, `HH:MM`, up to `24:00`.
    pub until: String,
}

/// What is known of the countries of addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CountryDataView {
    /// Whether countries are known at all. Without, rules by country go by what is laid down for
    /// countries that are not known.
    pub available: bool,
    /// When the data was made.
    #[schema(required = true)]
    pub built_at: Option<DateTime<Utc>>,
    /// What happens to people whose country is not known, where no policy says otherwise.
    pub unknown_country: UnknownCountry,
}

/// A policy of the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlatformPolicyView {
    /// The policy.
    pub policy: AccessPolicyBody,
    /// What is known of the countries of addresses.
    pub country_data: CountryDataView,
}

/// What is to be tried: each part instead of what is laid down now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyDraft {
    /// For all tenants' people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people: Option<AccessPolicyBody>,
    /// For staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staff: Option<AccessPolicyBody>,
    /// The whole list of unsafe countries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsafe_countries: Option<Vec<String>>,
}

/// What a draft would do, if everybody came again now from where they were last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DryRunView {
    /// How many people were looked at.
    pub checked: u64,
    /// How many of them would be refused.
    pub refused: u64,
    /// How many have never come, so that nobody knows from where they would.
    pub never_came: u64,
    /// How many tokens there are, of which nobody knows from where they are used.
    pub tokens: u64,
    /// Whether it would refuse whoever asks; nothing when the draft is not for them.
    #[schema(required = true)]
    pub me: Option<MyselfView>,
    /// The first hundred of those who would be refused.
    pub first: Vec<AffectedView>,
}

/// What a draft would do to whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MyselfView {
    /// Whether it would refuse them.
    pub refused: bool,
    /// The rule that would fire.
    #[schema(required = true)]
    pub rule: Option<String>,
}

/// Somebody whom a draft would refuse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AffectedView {
    /// The member or the member of staff.
    #[schema(format = Uuid)]
    pub id: String,
    /// What they are called.
    pub name: String,
    /// The tenant's slug; nothing for staff.
    #[schema(required = true)]
    pub tenant: Option<String>,
    /// Where they were last.
    pub address: String,
    /// The country of it, when it is known.
    #[schema(required = true)]
    pub country: Option<String>,
    /// The rule that would fire, such as `tenant.everyone.countries`.
    pub rule: String,
}

/// What a draft of the platform would do to people and to staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlatformDryRunView {
    /// To all tenants' people.
    pub people: DryRunView,
    /// To staff.
    pub staff: DryRunView,
}
