//! What a list is asked for (RFC 7644 §3.4.2), in an address or in a body, and what it answers.

use serde_json::{Value, json};

use crate::{Filter, Projection, ScimError, attribute::ResourceKind};

/// How many resources a page has at most.
pub const MAX_COUNT: u32 = 200;
/// How many it has unless asked.
pub const DEFAULT_COUNT: u32 = 100;
/// The last resource to which a page may lead: who wants more than that asks with a filter.
const MAX_START: u64 = 1_000_000;

/// A question.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// The number of the first resource, from 1.
    pub start: u64,
    /// How many at most; 0 asks for their number only.
    pub count: u32,
    /// Which ones.
    pub filter: Option<Filter>,
    /// What of them.
    pub projection: Projection,
}

impl ListQuery {
    /// The question in an address. Parameters that are unknown, as those for sorting, are passed
    /// over.
    ///
    /// # Errors
    /// When a number or the filter cannot be read.
    pub fn from_pairs<'a>(
        kind: &'static ResourceKind,
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, ScimError> {
        let mut asked = Asked::default();
        for (name, value) in pairs {
            match name.to_ascii_lowercase().as_str() {
                "startindex" => asked.start = Some(number(value)?),
                "count" => asked.count = Some(number(value)?),
                "filter" => asked.filter = Some(value.to_owned()),
                "attributes" => asked.only = Some(value.split(',').map(str::to_owned).collect()),
                "excludedattributes" => {
                    asked.without = value.split(',').map(str::to_owned).collect();
                }
                _ => {}
            }
        }
        asked.understood(kind)
    }

    /// The question in a body (RFC 7644 §3.4.3).
    ///
    /// # Errors
    /// When it is none.
    pub fn from_body(kind: &'static ResourceKind, body: &Value) -> Result<Self, ScimError> {
        let wrong = || ScimError::syntax("The body is no search request.");
        let body = body.as_object().ok_or_else(wrong)?;
        let names = |value: &Value| {
            let values = value.as_array().ok_or_else(wrong)?;
            let names = values.iter().map(|name| name.as_str().map(str::to_owned));
            names.collect::<Option<Vec<String>>>().ok_or_else(wrong)
        };
        let mut asked = Asked::default();
        for (name, value) in body.iter().filter(|(_, value)| !value.is_null()) {
            match name.to_ascii_lowercase().as_str() {
                "startindex" => asked.start = Some(value.as_i64().ok_or_else(wrong)?),
                "count" => asked.count = Some(value.as_i64().ok_or_else(wrong)?),
                "filter" => asked.filter = Some(value.as_str().ok_or_else(wrong)?.to_owned()),
                "attributes" => asked.only = Some(names(value)?),
                "excludedattributes" => asked.without = names(value)?,
                _ => {}
            }
        }
        asked.understood(kind)
    }
}

#[derive(Debug, Default)]
struct Asked {
    start: Option<i64>,
    count: Option<i64>,
    filter: Option<String>,
    only: Option<Vec<String>>,
    without: Vec<String>,
}

impl Asked {
    fn understood(self, kind: &'static ResourceKind) -> Result<ListQuery, ScimError> {
        let filter = self
            .filter
            .as_deref()
            .filter(|text| !text.trim().is_empty());
        let filter = filter.map(|text| Filter::parse(kind, text)).transpose()?;
        let count = self.count.map_or(DEFAULT_COUNT, |count| {
            // Less than nothing is nothing (RFC 7644 §3.4.2.4).
            u32::try_from(count.max(0)).unwrap_or(MAX_COUNT)
        });
        let only = self.only.as_ref();
        let only = only.map(|names| names.iter().map(String::as_str));
        Ok(ListQuery {
            start: u64::try_from(self.start.unwrap_or(1).max(1))
                .unwrap_or(1)
                .min(MAX_START),
            count: count.min(MAX_COUNT),
            filter,
            projection: Projection::new(kind, only, self.without.iter().map(String::as_str)),
        })
    }
}

fn number(text: &str) -> Result<i64, ScimError> {
    text.trim()
        .parse()
        .map_err(|_| ScimError::value("`startIndex` and `count` are numbers."))
}

/// A page of resources.
#[must_use]
pub fn list_response(total: u64, start: u64, resources: &[Value]) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemas::USER;

    #[test]
    fn pages_are_bounded() {
        for (asked, start, count) in [
            (vec![], 1, DEFAULT_COUNT),
            (vec![("startIndex", "0"), ("count", "-3")], 1, 0),
            (
                vec![("STARTINDEX", "7"), ("count", "9999999999")],
                7,
                MAX_COUNT,
            ),
            (
                vec![("startIndex", "9999999999"), ("count", "5")],
                MAX_START,
                5,
            ),
        ] {
            let query = ListQuery::from_pairs(&USER, asked).unwrap();
            assert_eq!((query.start, query.count), (start, count));
        }
        assert!(ListQuery::from_pairs(&USER, [("count", "many")]).is_err());
        assert!(ListQuery::from_pairs(&USER, [("filter", "nothing pr")]).is_err());
        let query = ListQuery::from_pairs(&USER, [("filter", "  ")]).unwrap();
        assert!(query.filter.is_none());
        let body = json!({ "count": 3, "filter": "userName pr", "attributes": ["id"] });
        let query = ListQuery::from_body(&USER, &body).unwrap();
        assert!(query.count == 3 && query.filter.is_some() && !query.projection.shows("groups"));
        assert!(ListQuery::from_body(&USER, &json!({ "count": "3" })).is_err());
    }
}
