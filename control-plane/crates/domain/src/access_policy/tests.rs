use core::net::{IpAddr, Ipv4Addr};

use chrono::{DateTime, TimeZone as _, Utc};
use kernel::Role;
use proptest::prelude::*;

use super::*;
use crate::{Country, CountrySet, StaffRole};

const BERLIN: &str = "Europe/Berlin";

fn countries(codes: &str) -> CountrySet {
    let codes = codes.split_whitespace();
    codes.map(|code| Country::parse(code).unwrap()).collect()
}

fn visit(ip: &str, country: &str, at: &str) -> Visit {
    Visit {
        ip: ip.parse().ok(),
        country: Country::parse(country).ok(),
        at: at.parse().unwrap(),
    }
}

fn read(text: &str) -> TenantPolicy {
    let policy: TenantRolePolicy = serde_json::from_str(text).unwrap();
    policy.check().unwrap();
    TenantPolicy::Rules(Box::new(policy))
}

fn fired(
    platform: &PlatformPolicies,
    tenant: &TenantPolicy,
    who: Who<Role>,
    visit: &Visit,
) -> String {
    let zone = Zone::parse(BERLIN).unwrap();
    let ruled = platform.admit(tenant, zone, who, visit);
    ruled.map_or_else(|refusal| refusal.to_string(), |()| "in".to_owned())
}

const NOON: &str = "2026-11-23T12:00:00Z";
const BUILDER: Who<Role> = Who::person(Role::Builder, false);
const OUTSIDER: Who<Role> = Who::person(Role::User, true);
const TOKEN: Who<Role> = Who {
    role: Some(Role::Builder),
    external: false,
    token: true,
};

#[test]
fn the_rule_that_fired_is_named() {
    let platform = PlatformPolicies {
        unsafe_countries: countries("KP"),
        ..PlatformPolicies::default()
    };
    let tenant = read(
        r#"{
        "everyone": {"countries": {"allow": ["DE", "fr"]}},
        "roles": {"builder": {"networks": ["192.0.2.0/24", "2001:db8::7"]}},
        "external": {"hours": [{"days": ["monday"], "from": "08:00", "until": "12:00"}]},
        "tokens": {"countries": {"refuse": ["DE"]}, "unknown_country": "refuse"}
    }"#,
    );
    for (who, ip, country, expected) in [
        (BUILDER, "192.0.2.9", "DE", "in"),
        (BUILDER, "2001:db8::7", "FR", "in"),
        (BUILDER, "::ffff:192.0.2.9", "DE", "in"),
        (BUILDER, "192.0.2.9", "", "in"),
        (BUILDER, "192.0.2.9", "US", "tenant.everyone.countries"),
        (BUILDER, "192.0.3.9", "DE", "tenant.roles.builder.networks"),
        (BUILDER, "", "DE", "tenant.roles.builder.networks"),
        (BUILDER, "192.0.2.9", "KP", "platform.unsafe.countries"),
        // Noon in UTC is one o'clock in Berlin.
        (OUTSIDER, "203.0.113.1", "DE", "tenant.external.hours"),
        (TOKEN, "203.0.113.1", "US", "in"),
        (TOKEN, "192.0.2.9", "DE", "tenant.tokens.countries"),
        (TOKEN, "192.0.2.9", "", "tenant.tokens.unknown_country"),
        (
            Who::program(),
            "203.0.113.1",
            "DE",
            "tenant.tokens.countries",
        ),
    ] {
        let visit = visit(ip, country, NOON);
        assert_eq!(
            fired(&platform, &tenant, who, &visit),
            expected,
            "{who:?} {visit:?}"
        );
    }
    let unreadable = TenantPolicy::Unreadable;
    let anybody = visit("192.0.2.9", "DE", NOON);
    assert_eq!(
        fired(&platform, &unreadable, BUILDER, &anybody),
        "tenant.everyone.unreadable"
    );
    assert_eq!(
        fired(&platform, &TenantPolicy::None, BUILDER, &anybody),
        "in"
    );
}

#[test]
fn an_unknown_country_follows_the_setting_where_countries_matter() {
    let nowhere = visit("192.0.2.9", "", NOON);
    let by_country = read(r#"{"everyone": {"countries": {"refuse": ["KP"]}}}"#);
    for unknown_country in [Unknown::Allow, Unknown::Refuse] {
        let mut platform = PlatformPolicies {
            unknown_country,
            ..PlatformPolicies::default()
        };
        assert_eq!(
            fired(&platform, &TenantPolicy::None, BUILDER, &nowhere),
            "in"
        );
        let refused = unknown_country == Unknown::Refuse;
        let outcome = fired(&platform, &by_country, BUILDER, &nowhere);
        assert_eq!(outcome != "in", refused, "{outcome}");
        platform.unsafe_countries = countries("KP");
        let outcome = fired(&platform, &TenantPolicy::None, BUILDER, &nowhere);
        assert_eq!(
            outcome == "platform.unsafe.unknown_country",
            refused,
            "{outcome}"
        );
        // Staff: closed, whatever the setting.
        assert!(platform.admit_staff(StaffRole::Owner, &nowhere).is_err());
    }
}

#[test]
fn staff_have_a_policy_of_their_own() {
    let mut platform = PlatformPolicies::default();
    let home = visit("192.0.2.9", "DE", NOON);
    assert!(platform.admit_staff(StaffRole::Support, &home).is_ok());
    platform.staff =
        serde_json::from_str(r#"{"roles": {"support": {"networks": ["198.51.100.0/24"]}}}"#)
            .unwrap();
    let refusal = platform.admit_staff(StaffRole::Support, &home).unwrap_err();
    assert_eq!(refusal.to_string(), "platform.roles.support.networks");
    assert!(platform.admit_staff(StaffRole::Owner, &home).is_ok());
    assert_eq!(fired(&platform, &TenantPolicy::None, BUILDER, &home), "in");
}

#[test]
fn hours_are_those_of_the_zone_and_may_pass_midnight() {
    let day = read(
        r#"{"everyone": {"hours": [{"days": ["monday"], "from": "08:00", "until": "18:00"}]}}"#,
    );
    let night = read(
        r#"{"everyone": {"hours": [{"days": ["monday"], "from": "22:00", "until": "06:00"}]}}"#,
    );
    let tokyo = read(
        r#"{"time_zone": "Asia/Tokyo", "everyone": {"hours": [{"days": ["tuesday"], "from": "00:00", "until": "24:00"}]}}"#,
    );
    let platform = PlatformPolicies::default();
    for (policy, at, open) in [
        // Monday, winter time: one hour ahead of UTC.
        (&day, "2026-11-23T06:59:59Z", false),
        (&day, "2026-11-23T07:00:00Z", true),
        (&day, "2026-11-23T16:59:59Z", true),
        (&day, "2026-11-23T17:00:00Z", false),
        (&day, "2026-11-24T12:00:00Z", false),
        // Monday, summer time: two hours ahead.
        (&day, "2026-07-06T06:00:00Z", true),
        (&day, "2026-07-06T16:00:00Z", false),
        (&night, "2026-11-23T20:59:00Z", false),
        (&night, "2026-11-23T21:00:00Z", true),
        (&night, "2026-11-24T04:59:00Z", true),
        (&night, "2026-11-24T05:00:00Z", false),
        (&night, "2026-11-24T21:00:00Z", false),
        (&tokyo, "2026-11-23T15:00:00Z", true),
        (&tokyo, "2026-11-24T15:00:00Z", false),
    ] {
        let outcome = fired(&platform, policy, BUILDER, &visit("192.0.2.9", "DE", at));
        assert_eq!(outcome == "in", open, "{at}: {outcome}");
        assert!(policy.has_hours());
    }
}

#[test]
fn what_means_nothing_is_no_policy() {
    for (text, fault) in [
        (
            r#"{"everyone": {"countries": {"allow": []}}}"#,
            PolicyFault::NoCountry,
        ),
        (
            r#"{"tokens": {"hours": [{"days": [], "from": "08:00", "until": "09:00"}]}}"#,
            PolicyFault::NoDay,
        ),
        (
            r#"{"external": {"hours": [{"days": ["friday"], "from": "08:00", "until": "08:00"}]}}"#,
            PolicyFault::NoTime,
        ),
    ] {
        let policy: TenantRolePolicy = serde_json::from_str(text).unwrap();
        assert_eq!(policy.check(), Err(fault), "{text}");
    }
    for text in [
        r#"{"everyone": {"countries": {"allow": ["DEU"]}}}"#,
        r#"{"everyone": {"countries": {"allow": ["DE"], "refuse": ["FR"]}}}"#,
        r#"{"everyone": {"countries": {}}}"#,
        r#"{"everyone": {"networks": ["192.0.2.0/33"]}}"#,
        r#"{"everyone": {"networks": ["office"]}}"#,
        r#"{"everyone": {"hours": [{"days": ["friday"], "from": "8", "until": "08:00"}]}}"#,
        r#"{"everyone": {"hours": [{"days": ["friday"], "from": "24:01", "until": "08:00"}]}}"#,
        r#"{"time_zone": "Berlin"}"#,
        r#"{"roles": {"owner": {}}}"#,
        r#"{"rules": []}"#,
    ] {
        assert!(
            serde_json::from_str::<TenantRolePolicy>(text).is_err(),
            "{text}"
        );
    }
}

#[test]
fn networks_are_read_however_they_are_written() {
    for (text, kept) in [
        ("192.0.2.77/24", "192.0.2.0/24"),
        ("192.0.2.77", "192.0.2.77/32"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        (" 2001:db8::1/32 ", "2001:db8::/32"),
    ] {
        assert_eq!(Network::parse(text).unwrap().to_string(), kept);
    }
}

prop_compose! {
    fn any_rules()(
        countries in prop::option::of((any::<bool>(), prop::collection::vec("[A-C]{2}", 1..6))),
        unknown in prop::option::of(any::<bool>()),
        networks in prop::collection::vec((any::<[u8; 4]>(), 0..=32_u8), 0..3),
        windows in prop::collection::vec((0..7_usize, 0..1440_u16, 0..=1440_u16), 0..3),
    ) -> AccessRules {
        let days = [Day::Monday, Day::Tuesday, Day::Wednesday, Day::Thursday, Day::Friday, Day::Saturday, Day::Sunday];
        let set = |codes: Vec<String>| codes.iter().map(|code| Country::parse(code).unwrap()).collect();
        let time = |minute: u16| TimeOfDay::parse(&format!("{:02}:{:02}", minute / 60, minute % 60)).unwrap();
        AccessRules {
            countries: countries.map(|(allow, codes)| if allow { CountryRule::Allow(set(codes)) } else { CountryRule::Refuse(set(codes)) }),
            unknown_country: unknown.map(|refuse| if refuse { Unknown::Refuse } else { Unknown::Allow }),
            networks: networks.into_iter().map(|(octets, prefix)| Network::parse(&format!("{}/{prefix}", Ipv4Addr::from(octets))).unwrap()).collect(),
            hours: windows.into_iter().map(|(day, from, until)| Window { days: vec![days[day]], from: time(from), until: time(until) }).collect(),
        }
    }
}

prop_compose! {
    fn any_policy()(
        everyone in any_rules(),
        builder in prop::option::of(any_rules()),
        external in prop::option::of(any_rules()),
        tokens in prop::option::of(any_rules()),
    ) -> TenantRolePolicy {
        let roles = builder.map(|rules| (Role::Builder, rules)).into_iter().collect();
        TenantRolePolicy { time_zone: None, everyone, roles, external, tokens }
    }
}

prop_compose! {
    fn any_visit()(
        octets in any::<[u8; 4]>(),
        country in prop::option::of("[A-C]{2}"),
        second in 1_700_000_000_i64..1_900_000_000,
    ) -> Visit {
        let at: DateTime<Utc> = Utc.timestamp_opt(second, 0).unwrap();
        Visit {
            ip: Some(IpAddr::from(octets)),
            country: country.map(|code| Country::parse(&code).unwrap()),
            at,
        }
    }
}

fn any_who() -> impl Strategy<Value = Who<Role>> {
    let roles = prop_oneof![Just(Role::User), Just(Role::Builder), Just(Role::Architect)];
    (prop::option::of(roles), any::<bool>(), any::<bool>()).prop_map(|(role, external, token)| {
        Who {
            role,
            external,
            token,
        }
    })
}

proptest! {
    /// A policy is kept as JSON: what comes back is the same.
    #[test]
    fn a_policy_survives_its_row(policy in any_policy()) {
        let text = serde_json::to_string(&policy).unwrap();
        prop_assert_eq!(serde_json::from_str::<TenantRolePolicy>(&text).unwrap(), policy);
    }

    /// One more rule never lets anybody in whom the policy refused before.
    #[test]
    fn a_rule_more_admits_nobody_more(policy in any_policy(), more in any_rules(), who in any_who(), visit in any_visit()) {
        let platform = PlatformPolicies::default();
        let before = TenantPolicy::Rules(Box::new(TenantRolePolicy { external: None, ..policy.clone() }));
        let after = TenantPolicy::Rules(Box::new(TenantRolePolicy { external: Some(more), ..policy }));
        let admitted = |tenant| platform.admit(tenant, Zone::UTC, who, &visit).is_ok();
        prop_assert!(admitted(&before) || !admitted(&after));
    }

    /// The platform's own rules hold whatever a tenant says.
    #[test]
    fn no_tenant_opens_what_the_platform_closes(platform in any_policy(), tenant in any_policy(), refused in "[A-C]{2}", who in any_who(), visit in any_visit()) {
        let platform = PlatformPolicies {
            unsafe_countries: countries(&refused),
            people: platform,
            ..PlatformPolicies::default()
        };
        let alone = platform.admit(&TenantPolicy::None, Zone::UTC, who, &visit);
        let tenant = TenantPolicy::Rules(Box::new(tenant));
        let both = platform.admit(&tenant, Zone::UTC, who, &visit);
        prop_assert!(alone.is_ok() || both == alone);
        if visit.country == Country::parse(&refused).ok() {
            prop_assert!(both.is_err());
        }
    }

    /// Each part of a rule does what its words say, seen against a plain reading of them.
    #[test]
    fn a_rule_is_the_sum_of_its_parts(rules in any_rules(), visit in any_visit()) {
        let admitted = rules.admit(&visit, Zone::UTC, Unknown::Allow).is_ok();
        let alone = |rules: AccessRules| rules.admit(&visit, Zone::UTC, Unknown::Allow).is_ok();
        let unknown_country = rules.unknown_country;
        let parts = [
            AccessRules { countries: rules.countries, unknown_country, ..AccessRules::default() },
            AccessRules { networks: rules.networks.clone(), ..AccessRules::default() },
            AccessRules { hours: rules.hours, ..AccessRules::default() },
        ];
        prop_assert_eq!(admitted, parts.into_iter().all(alone));
    }
}
