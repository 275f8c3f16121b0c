use proptest::prelude::*;
use serde_json::{Value, json};

use super::Filter;
use crate::{ScimType, schemas::USER};

fn ada() -> Value {
    json!({
        "id": "0190", "userName": "Ada@acme.example", "externalId": "X1", "active": true,
        "name": { "familyName": "O'Malley", "givenName": "Ada \"the\" First" },
        "emails": [
            { "value": "ada@acme.example", "type": "work", "primary": true },
            { "value": "ada@home.example", "type": "home" },
        ],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Plans" },
        "meta": { "lastModified": "2026-05-13T04:42:34Z" },
    })
}

#[test]
fn filters_mean_what_the_standard_says() {
    for (filter, expected) in [
        (r#"userName eq "ada@ACME.example""#, true),
        (r#"USERNAME Eq "ada@acme.example""#, true),
        (r#"externalId eq "x1""#, false),
        (r#"externalId eq "X1""#, true),
        (r#"externalId ne "x1""#, true),
        (r#"name.familyName co "O'Malley""#, true),
        (r#"name.givenName ew "\"the\" First""#, true),
        (
            r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "A""#,
            true,
        ),
        ("title pr", false),
        ("title eq null", true),
        ("userName ne null", true),
        (r#"title ne "x""#, true),
        ("emails pr", true),
        ("ims pr", false),
        (r#"meta.lastModified gt "2011-05-13T04:42:34Z""#, true),
        (r#"meta.lastModified le "2026-05-13T06:42:34+02:00""#, true),
        (r#"meta.lastModified lt "2026-05-13T06:42:34+02:00""#, false),
        ("active eq true", true),
        (r#"active eq "False""#, false),
        (r#"emails co "home.example""#, true),
        (r#"emails.type eq "home" and emails.primary eq true"#, true),
        (r#"emails[type eq "home" and primary eq true]"#, false),
        (r#"emails[type eq "work" and value co "@acme"]"#, true),
        (r#"emails[not (type eq "work")]"#, true),
        (r#"title pr or userName pr and active eq false"#, false),
        (r#"(title pr or userName pr) and active eq true"#, true),
        (r#"not (userName pr)"#, false),
        (r#"userName gt "ada" and userName lt "adb""#, true),
        (
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "plans""#,
            true,
        ),
    ] {
        let parsed = Filter::parse(&USER, filter);
        let parsed = parsed.unwrap_or_else(|error| panic!("{filter}: {error}"));
        assert_eq!(parsed.matches(&ada()), expected, "{filter}");
    }
}

#[test]
fn what_is_no_filter_is_refused() {
    let deep = format!("{}userName pr{}", "(".repeat(40), ")".repeat(40));
    let long = ["userName pr"; 200].join(" or ");
    let many = ["id pr"; 70].join(" or ");
    for filter in [
        "",
        " ",
        "userName",
        "userName eq",
        "userName eq ada",
        "userName eq 1",
        r#"userName eq "ada"#,
        r#"userName eq "a" "b""#,
        r#"userName is "a""#,
        r#"password eq "x""#,
        r#"nothing pr"#,
        "name eq \"x\"",
        "addresses co \"x\"",
        "active gt true",
        "active eq 1",
        r#"meta.lastModified gt "yesterday""#,
        r#"meta.lastModified co "2011""#,
        "userName pr and",
        "not userName pr",
        "(userName pr",
        "userName pr)",
        r#"userName[value eq "x"]"#,
        r#"emails[emails[value pr]]"#,
        "emails[value pr",
        "emails[nothing pr]",
        "userName lt null",
        "userName eq \"a\u{0}\\q\"",
        "a;b",
        deep.as_str(),
        long.as_str(),
        many.as_str(),
    ] {
        let error = Filter::parse(&USER, filter).unwrap_err();
        assert_eq!(error.kind, ScimType::InvalidFilter, "{filter}");
    }
}

#[test]
fn an_index_is_used_only_where_the_filter_requires_it() {
    let text = |filter: &str| {
        let filter = Filter::parse(&USER, filter).unwrap();
        filter.required_text("userName").map(str::to_owned)
    };
    assert_eq!(text(r#"userName eq "a""#), Some("a".to_owned()));
    let both = r#"active eq true and userName eq "a""#;
    assert_eq!(text(both), Some("a".to_owned()));
    assert_eq!(text(r#"active eq true or userName eq "a""#), None);
    assert_eq!(text(r#"userName ne "a""#), None);
    assert_eq!(text(r#"userName co "a""#), None);
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "[a-zA-Z\"\\\\()\\[\\]. ]{0,60}") {
        if let Ok(filter) = Filter::parse(&USER, &text) {
            let _ = filter.matches(&ada());
        }
    }

    #[test]
    fn any_value_can_be_written_and_is_found(value in ".{0,40}") {
        let text = format!("userName eq {}", serde_json::to_string(&value).unwrap());
        let filter = Filter::parse(&USER, &text).unwrap();
        let user = json!({ "userName": value });
        prop_assert!(filter.matches(&user));
        prop_assert_eq!(filter.required_text("userName"), Some(value.as_str()));
    }

    #[test]
    fn not_turns_every_filter_round(at in 0_usize..5, other in 0_usize..5) {
        let terms = [
            "title pr", "active eq true", r#"emails.type eq "home""#, r#"userName sw "a""#,
            r#"emails[type eq "work" and primary eq true]"#,
        ];
        let both = format!("{} and {}", terms[at], terms[other]);
        let neither = format!("not ({}) or not ({})", terms[at], terms[other]);
        let parse = |text: &str| Filter::parse(&USER, text).unwrap().matches(&ada());
        prop_assert_eq!(parse(&both), !parse(&neither));
        let negated = format!("not ({both})");
        prop_assert_eq!(parse(&both), !parse(&negated));
    }
}
